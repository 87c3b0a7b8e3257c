"""What the registry decides about versions."""

from service.registry.policy import Close, Serve, Snapshot, VersionState, decide

READY, SERVING, RETIRED = (
    Snapshot(state, 0) for state in (VersionState.READY, VersionState.SERVING, VersionState.RETIRED)
)


def test_a_ready_version_takes_over_at_once() -> None:
    assert decide([READY]) == Serve(0)
    assert decide([Snapshot(VersionState.SERVING, 5), READY]) == Serve(1)


def test_the_newest_ready_version_is_taken() -> None:
    assert decide([SERVING, READY, READY]) == Serve(2)


def test_a_retired_version_goes_when_nobody_holds_it() -> None:
    assert decide([RETIRED, SERVING]) == Close(0)
    assert decide([Snapshot(VersionState.RETIRED, 1), SERVING]) is None


def test_what_serves_is_left_alone() -> None:
    assert decide([SERVING]) is None
    assert decide([]) is None
