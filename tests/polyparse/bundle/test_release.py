"""Edits of the state: made on the state that they were decided on or not at all, whole or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle import history, release, state
from polyparse.bundle.release import Edit, Named, Wanted
from polyparse.bundle.state import Action, Canary, Change, DesiredState, Pointer, Shadow, StateFile
from polyparse.bundle.store import digest
from polyparse.errors import (
    BundleError,
    BundleNotFound,
    CandidateServes,
    ChecksumMismatch,
    ConfigError,
    DigestMismatch,
    StateChanged,
    StateInvalid,
)
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
    return release.promote(model, version, Edit(decided_on or release.decide_on(model), by, at))


def rollback(model: Path, decided_on: StateFile | None = None) -> DesiredState:
    return release.rollback(model, Edit(decided_on or release.decide_on(model), "bob", AT))


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


class TestCandidates:
    """A canary and a shadow stand beside the stable version, each verified, and end when another one becomes stable."""

    def edit(self, model: Path, *, reason: str | None = None) -> Edit:
        return Edit(release.decide_on(model), "ann", AT, reason)

    def test_they_come_and_go_beside_the_same_stable_version(self, model: Path) -> None:
        promote(model, "1")
        release.canary(model, "2", 5, self.edit(model, reason="it is cheaper"))
        both = release.shadow(model, "3", 0.1, self.edit(model))
        two, three = digest(model / "2"), digest(model / "3")
        assert (both.canary, both.shadow) == (Canary("2", two, 5), Shadow("3", three, 0.1))
        assert both.stable == pointer(model, "1")
        release.stop_canary(model, self.edit(model))
        last = release.stop_shadow(model, self.edit(model))
        assert (last.canary, last.shadow, last.generation) == (None, None, 5)
        entries = history.read(model).entries
        actions = ["promote", "canary", "shadow", "canary-stop", "shadow-stop"]
        assert [entry.action for entry in entries] == actions
        assert (entries[1].reason, entries[1].canary) == ("it is cheaper", both.canary)

    def test_another_percentage_is_another_generation(self, model: Path) -> None:
        promote(model, "1")
        shares = [release.canary(model, "2", percent, self.edit(model)) for percent in (1, 50, 0, 100)]
        assert [state.generation for state in shares] == [2, 3, 4, 5]
        assert [state.canary.percent for state in shares if state.canary] == [1, 50, 0, 100]

    def test_a_promotion_ends_them(self, model: Path) -> None:
        promote(model, "1")
        release.canary(model, "2", 5, self.edit(model))
        release.shadow(model, "3", 0.1, self.edit(model))
        state = promote(model, "2")
        assert (state.stable, state.previous) == (pointer(model, "2"), pointer(model, "1"))
        assert (state.canary, state.shadow) == (None, None)

    def test_a_rollback_asks_what_is_meant_while_a_canary_runs(self, model: Path) -> None:
        for version in "12":
            promote(model, version)
        before = release.canary(model, "3", 5, self.edit(model))
        with pytest.raises(CandidateServes, match=r"found 3 as a canary beside 2, expected none: .* --stop"):
            rollback(model)
        assert release.decide_on(model).state == before
        release.stop_canary(model, self.edit(model))
        assert rollback(model).stable == pointer(model, "1")

    def test_what_is_no_candidate_is_refused_and_changes_nothing(self, model: Path) -> None:
        with pytest.raises(BundleNotFound, match="found no state, expected one: promote"):
            release.canary(model, "2", 5, self.edit(model))
        promote(model, "1")
        before = release.decide_on(model)
        with pytest.raises(CandidateServes, match="found 1, which serves"):
            release.shadow(model, "1", 0.5, self.edit(model))
        with pytest.raises(BundleNotFound, match=r"found 1, 2, 3, 4, expected a version '\.\./5'"):
            release.canary(model, "../5", 5, self.edit(model))
        with pytest.raises(ConfigError, match="percent: found 101, expected 0 to 100"):
            release.canary(model, "2", 101, self.edit(model))
        with pytest.raises(ConfigError, match="share: found -1, expected 0 to 1"):
            release.shadow(model, "2", -1, self.edit(model))
        with pytest.raises(BundleNotFound, match="found no canary"):
            release.stop_canary(model, self.edit(model))
        with pytest.raises(BundleNotFound, match="found no shadow"):
            release.stop_shadow(model, self.edit(model))
        damaged = next(path for path in model.joinpath("2").iterdir() if path.name != "manifest.json")
        damaged.write_bytes(damaged.read_bytes()[::-1])
        with pytest.raises(ChecksumMismatch):
            release.canary(model, "2", 5, self.edit(model))
        assert release.decide_on(model) == before

    def test_an_edit_decided_on_another_state_is_refused(self, model: Path) -> None:
        promote(model, "1")
        edit = self.edit(model)
        release.shadow(model, "3", 0.1, self.edit(model))
        with pytest.raises(StateChanged, match="found generation 2"):
            release.canary(model, "2", 5, edit)


class TestPut:
    """A state that is stated as a whole."""

    def edit(self, model: Path, reason: str | None = None) -> Edit:
        return Edit(release.decide_on(model), "ann", AT, reason)

    def test_what_was_stable_before_is_the_previous_one(self, model: Path) -> None:
        promote(model, "1")
        wanted = Wanted(Named("2"), (Named("3"), 5.0), (Named("1"), 0.5))
        actual = release.put(model, wanted, self.edit(model, "try 3"))
        assert actual == DesiredState(
            schema=2,
            generation=2,
            stable=pointer(model, "2"),
            previous=pointer(model, "1"),
            canary=Canary("3", digest(model / "3"), 5.0),
            shadow=Shadow("1", digest(model / "1"), 0.5),
            change=Change("put", "ann", AT, "try 3"),
        )
        assert state.read(model) == actual

    def test_candidates_alone_leave_the_previous_one(self, model: Path) -> None:
        for version in "12":
            promote(model, version)
        actual = release.put(model, Wanted(Named("2"), (Named("3"), 5.0)), self.edit(model))
        assert (actual.previous, actual.generation) == (pointer(model, "1"), 3)
        ended = release.put(model, Wanted(Named("2")), self.edit(model))
        assert (ended.previous, ended.canary, ended.generation) == (pointer(model, "1"), None, 4)

    def test_what_is_so_already_leaves_every_byte(self, model: Path) -> None:
        promote(model, "1")
        release.canary(model, "2", 5.0, self.edit(model))
        before = release.decide_on(model)
        assert release.put(model, Wanted(Named("1"), (Named("2"), 5.0)), self.edit(model)) == before.state
        assert release.decide_on(model) == before

    def test_without_a_state_it_makes_the_first_one(self, model: Path) -> None:
        actual = release.put(model, Wanted(Named("2"), (Named("3"), 5.0)), self.edit(model))
        assert (actual.generation, actual.previous) == (1, None)
        assert actual.canary is not None

    @pytest.mark.parametrize(
        ("wanted", "error"),
        [
            (Wanted(Named("9")), BundleNotFound),
            (Wanted(Named("2", "0" * 64)), DigestMismatch),
            (Wanted(Named("1"), (Named("9"), 5.0)), BundleNotFound),
            (Wanted(Named("1"), None, (Named("2", "0" * 64), 0.5)), DigestMismatch),
            (Wanted(Named("1"), (Named("1"), 5.0)), CandidateServes),
            (Wanted(Named("1"), None, (Named("1"), 0.5)), CandidateServes),
        ],
    )
    def test_a_version_that_is_refused_leaves_the_state(
        self, model: Path, wanted: Wanted, error: type[BundleError]
    ) -> None:
        promote(model, "1")
        before = release.decide_on(model)
        with pytest.raises(error):
            release.put(model, wanted, self.edit(model))
        assert release.decide_on(model) == before

    def test_on_another_state_it_is_not_made(self, model: Path) -> None:
        promote(model, "1")
        decided = self.edit(model)
        promote(model, "2", by="bob")
        for wanted in (Wanted(Named("3")), Wanted(Named("1"))):
            with pytest.raises(StateChanged, match=r"generation 2 \(2 serves: promote by bob"):
                release.put(model, wanted, decided)


class TestStop:
    """A version that is tried no more."""

    @pytest.mark.parametrize(
        ("version", "action"), [("2", "canary-stop"), ("3", "shadow-stop"), ("4", "put")], ids=str
    )
    def test_whatever_it_was_tried_as_ends_in_one_edit(
        self, model: Path, version: str, action: Action
    ) -> None:
        promote(model, "1")
        canary, shadow = ("4", "4") if version == "4" else ("2", "3")
        wanted = Wanted(Named("1"), (Named(canary), 5.0), (Named(shadow), 0.5))
        before = release.put(model, wanted, Edit(release.decide_on(model), "ann", AT))
        actual = release.stop(model, version, Edit(release.decide_on(model), "ann", AT))
        assert actual.change == Change(action, "ann", AT)
        assert (actual.stable, actual.generation) == (before.stable, before.generation + 1)
        assert actual.canary == (before.canary if version == "3" else None)
        assert actual.shadow == (before.shadow if version == "2" else None)

    def test_what_is_not_tried_cannot_end(self, model: Path) -> None:
        promote(model, "1")
        for version in "129":
            with pytest.raises(BundleNotFound, match="neither as a canary nor as a shadow"):
                release.stop(model, version, Edit(release.decide_on(model), "ann", AT))
