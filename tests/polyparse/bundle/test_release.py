"""Edits of the state: made on the state that they were decided on or not at all, whole or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle import release, state
from polyparse.bundle.state import Change, DesiredState, Pointer, StateFile
from polyparse.bundle.store import digest
from polyparse.errors import BundleNotFound, StateChanged, StateInvalid
from tests.bundles import write_bundle

if TYPE_CHECKING:
    from pathlib import Path

AT = "2026-01-01T12:00:00+00:00"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    model = tmp_path / "words"
    for version in "1234":
        write_bundle(model / version)
    return model


def promote(
    model: Path, version: str, decided_on: StateFile | None = None, *, by: str = "ann", at: str = AT
) -> DesiredState:
    return release.promote(model, version, decided_on=decided_on or release.decide_on(model), by=by, at=at)


def rollback(model: Path, decided_on: StateFile | None = None) -> DesiredState:
    return release.rollback(model, decided_on=decided_on or release.decide_on(model), by="bob", at=AT)


def pointer(model: Path, version: str) -> Pointer:
    return Pointer(version, digest(model / version))


def test_the_previous_version_is_the_one_that_served_last(model: Path) -> None:
    for version in "123":
        promote(model, version)
    actual = release.decide_on(model).state
    assert actual == DesiredState(
        schema=2,
        generation=3,
        stable=pointer(model, "3"),
        previous=pointer(model, "2"),
        change=Change("promote", "ann", AT),
    )


def test_a_rollback_undoes_a_rollback(model: Path) -> None:
    for version in "12":
        promote(model, version)
    served = [rollback(model).stable.version for _ in range(3)]
    assert served == ["1", "2", "1"]
    assert release.decide_on(model).generation == 5


def test_promoting_what_serves_leaves_every_byte(model: Path) -> None:
    promote(model, "1", by="ann")
    before = release.decide_on(model)
    assert promote(model, "1", by="bob") == before.state
    assert release.decide_on(model) == before


def test_a_version_of_the_same_name_and_another_digest_is_promoted(model: Path) -> None:
    state.write(model, state.next_state(None, Pointer("1", "of another bundle")))
    assert promote(model, "1").previous == Pointer("1", "of another bundle")


class TestDecidedOn:
    def test_an_edit_that_came_between_is_named_by_who_made_it_and_when(self, model: Path) -> None:
        promote(model, "1")
        before = release.decide_on(model)
        promote(model, "2", by="bob@box", at="2026-01-01T12:34:56+00:00")
        message = (
            r"state\.json: found generation 2 \(2 serves: promote by bob@box at 2026-01-01T12:34:56\+00:00\), "
            r"expected generation 1 \(1 serves: promote by ann at 2026-01-01T12:00:00\+00:00\), on which "
        )
        for version in "13":
            with pytest.raises(StateChanged, match=message) as refusal:
                promote(model, version, before)
            assert refusal.value.file == model / "state.json"
        assert release.decide_on(model).generation == 2

    def test_a_rollback_goes_back_from_no_other_state(self, model: Path) -> None:
        for version in "12":
            promote(model, version)
        before = release.decide_on(model)
        promote(model, "3")
        with pytest.raises(StateChanged, match="found generation 3"):
            rollback(model, before)

    def test_an_edit_by_hand_that_counts_no_generation_is_seen(self, model: Path) -> None:
        promote(model, "1")
        before = release.decide_on(model)
        content = before.content or b""
        model.joinpath("state.json").write_bytes(content.replace(b'"ann"', b'"eve"'))
        with pytest.raises(StateChanged, match="promote by eve at"):
            promote(model, "2", before)

    def test_a_state_without_an_author_says_so(self, model: Path) -> None:
        state.write(model, state.next_state(None, pointer(model, "1")))
        with pytest.raises(StateChanged, match=r"found generation 1 \(1 serves: by whom it does not say\)"):
            promote(model, "2", StateFile(None, None))

    def test_a_state_that_is_gone_or_broken_is_not_overwritten(self, model: Path) -> None:
        promote(model, "1")
        before = release.decide_on(model)
        model.joinpath("state.json").write_bytes(b"{")
        with pytest.raises(StateInvalid):
            promote(model, "2", before)
        assert model.joinpath("state.json").read_bytes() == b"{"
        model.joinpath("state.json").unlink()
        with pytest.raises(StateChanged, match=r"found no state, expected generation 1 "):
            promote(model, "2", before)

    @pytest.mark.parametrize("generation", [0, 2])
    def test_another_generation_than_the_one_asked_for_is_refused(self, model: Path, generation: int) -> None:
        promote(model, "1")
        assert release.decide_on(model, generation=1).generation == 1
        with pytest.raises(StateChanged, match=f"found generation 1 .*, expected generation {generation}, "):
            release.decide_on(model, generation=generation)

    def test_of_many_at_once_one_wins(self, model: Path) -> None:
        barrier = Barrier(8)

        def edit(number: int) -> str:
            decided_on = release.decide_on(model)
            barrier.wait(timeout=30)
            try:
                return promote(model, "1234"[number % 4], decided_on, by=str(number)).change.by  # type: ignore[union-attr]
            except StateChanged as error:
                return error.code

        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(edit, range(8)))
        (winner,) = set(outcomes) - {"state_changed"}
        assert outcomes.count("state_changed") == 7
        actual = release.decide_on(model).state
        assert actual is not None
        assert (actual.generation, actual.change) == (1, Change("promote", winner, AT))


def test_nothing_is_left_where_there_is_nothing_to_go_back_to(model: Path) -> None:
    before = sorted(path.name for path in model.iterdir())
    with pytest.raises(BundleNotFound, match="found no state, expected an earlier version"):
        rollback(model)
    assert sorted(path.name for path in model.iterdir()) == before
