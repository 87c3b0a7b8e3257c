"""The candidates of a wish: who they are, which requests are theirs, and how long a verdict or a stop holds."""

import pytest

from polyparse.bundle.golden import Golden
from polyparse.contract.frame import Utterance
from service.batching.protocols import BatchedModel
from service.metrics.metrics import Metrics
from service.registry.assignment import Asked
from service.registry.candidates import Candidates
from service.registry.comparison import Bounds, Spent
from service.registry.loaded import ModelVersion
from service.registry.policy import Desired, VersionState
from service.registry.version import LoadedVersion, Version
from tests.service.fakes import located, read_words, wish

FINE = Spent(0.001, 8, 1)
BOUNDS = Bounds(min_requests=20)
WISH = wish("1", generation=5, canary=("2", 30), shadow=("3", 0.25))


def loaded(number: str, state: VersionState) -> Version:
    """A version whose parser nobody asks."""
    identity = ModelVersion("words", number, f"d{number}")
    observer = Metrics().of_version(identity)
    model = BatchedModel[object, object](lambda items: None, observer)  # type: ignore[arg-type, type-var]
    golden = Golden.of(read_words(Utterance("two words")))
    version = Version(located(number), state)
    version.loaded = LoadedVersion(identity, None, model, golden, observer)  # type: ignore[arg-type]
    return version


STABLE, CANARY, SHADOW = (
    loaded("1", VersionState.SERVING),
    loaded("2", VersionState.READY),
    loaded("3", VersionState.READY),
)
VERSIONS = [STABLE, CANARY, SHADOW]


class Bench:
    """Candidates that stop an unhealthy canary, and what was told of them."""

    def __init__(self, *, stops_canary: bool = True) -> None:
        self.stops: list[str] = []
        self.changes = 0
        self.draws = [0.29, 0.31, 0.24, 0.26]
        self.candidates = Candidates(
            BOUNDS,
            stops_canary=stops_canary,
            stopped=lambda: self.stops.append("process"),
            draw=lambda: self.draws.pop(0),
        )
        self.candidates.listen(self.changed)
        self.follow(WISH)

    def follow(self, desired: Desired, versions: list[Version] | None = None) -> None:
        """Let this be wished, with these versions there."""
        self.desired, self.versions = desired, VERSIONS if versions is None else versions
        self.candidates.follow(self.desired, self.versions, STABLE)

    def changed(self) -> None:
        """As the manager does."""
        self.changes += 1
        self.candidates.follow(self.desired, self.versions, STABLE)

    def see(self, spent: Spent | None, number: int = 20) -> None:
        """So many utterances on the canary, and fine ones beside it."""
        assert STABLE.loaded is not None
        assert CANARY.loaded is not None
        for _ in range(number):
            self.candidates.saw(STABLE.loaded, FINE)
            self.candidates.saw(CANARY.loaded, spent)

    def split(self) -> tuple[str, float] | None:
        """Who the canary is, and which percentage is its."""
        split = self.candidates.split
        return None if split is None else (split.canary.number, split.percent)


def test_candidates_are_found_among_the_versions_and_each_knows_what_it_is() -> None:
    b = Bench()
    assert b.split() == ("2", 30)
    assert b.candidates.shadow is SHADOW
    assert [(v.percent, v.verdict, v.share) for v in VERSIONS] == [
        (None, None, None),
        (30, "undecided", None),
        (None, None, 0.25),
    ]
    b.follow(wish("1", generation=6))
    assert (b.split(), b.candidates.is_shadowed()) == (None, False)
    assert [(v.percent, v.verdict, v.share) for v in VERSIONS] == [(None, None, None)] * 3


@pytest.mark.parametrize("state", [state for state in VersionState if state is not VersionState.READY])
def test_only_what_is_loaded_and_stands_by_is_a_candidate(state: VersionState) -> None:
    b = Bench()
    b.follow(WISH, [STABLE, Version(located("2"), state), Version(located("3"), state)])
    assert b.split() is None
    assert b.candidates.shadow is None


def test_one_version_can_be_both() -> None:
    b = Bench()
    b.follow(wish("1", generation=6, canary=("2", 5), shadow=("2", 1.0)))
    assert (b.split(), b.candidates.shadow) == (("2", 5), CANARY)


def test_a_key_is_sticky_and_without_one_each_request_is_drawn_anew() -> None:
    b = Bench()
    points = {b.candidates.point(Asked(None, b"ann")) for _ in range(3)}
    assert len(points) == 1
    assert [b.candidates.point(Asked()) for _ in range(2)] == [0.29, 0.31]
    assert [b.candidates.is_shadowed() for _ in range(2)] == [True, False]
    b.follow(wish("1", generation=6))
    assert b.candidates.point(Asked()) == 1.0
    assert not b.candidates.is_shadowed()


def test_an_unhealthy_canary_is_stopped_at_once_and_it_is_told() -> None:
    b = Bench()
    b.see(None)
    assert b.split() is None
    assert (CANARY.percent, CANARY.verdict) == (0.0, "unhealthy")
    assert (b.stops, b.changes) == (["process"], 1)
    sick = b.candidates.sick
    assert sick is not None
    assert (sick.generation, sick.version, sick.digest) == (5, "2", "d2")
    assert sick.reason.startswith("20 of 20 utterances failed, of the stable version's 0 of 20;")


def test_without_automatic_rollback_it_is_told_and_goes_on() -> None:
    b = Bench(stops_canary=False)
    b.see(None)
    assert b.split() == ("2", 30)
    assert (CANARY.percent, CANARY.verdict, b.stops) == (30, "unhealthy", [])
    b.see(FINE, 100)
    assert (CANARY.verdict, b.changes) == ("unhealthy", 1)


def test_a_stop_holds_until_the_wish_is_another() -> None:
    b = Bench()
    b.see(None)
    b.follow(WISH)
    b.follow(WISH, [STABLE, CANARY])
    b.follow(WISH._replace(revision="mended"))
    assert b.split() is None
    b.follow(WISH._replace(generation=6))
    assert b.split() == ("2", 30)
    assert (CANARY.verdict, b.candidates.sick) == ("undecided", None)
    b.see(FINE)
    assert CANARY.verdict == "healthy"


def test_what_ends_on_other_versions_or_after_the_trial_says_nothing() -> None:
    b = Bench()
    assert SHADOW.loaded is not None
    for _ in range(50):
        b.candidates.saw(SHADOW.loaded, None)
    assert CANARY.verdict == "undecided"
    b.follow(wish("1", generation=6))
    b.see(None, 50)
    assert b.changes == 0


def test_a_shadow_that_was_stopped_stays_so_until_the_wish_is_another() -> None:
    b = Bench()
    b.candidates.stop_shadow("it hangs")
    assert (b.candidates.shadow, SHADOW.share, b.changes) == (None, 0.0, 1)
    b.follow(WISH._replace(generation=6))
    assert (b.candidates.shadow, SHADOW.share) == (SHADOW, 0.25)
