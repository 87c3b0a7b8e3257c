"""Edits of a model behind a URL: made on the state that they were decided on or not at all, as those of a folder are."""

from __future__ import annotations

import json
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from polyparse.bundle import history, release, state
from polyparse.bundle import status as statuses
from polyparse.bundle.release import Edit
from polyparse.bundle.silence import FORGOTTEN_S, SILENT_S
from polyparse.bundle.state import Canary, DesiredState, Pointer
from polyparse.bundle.status import ProcessStatus
from polyparse.bundle.store import digest
from polyparse.errors import (
    BundleNotFound,
    ChecksumMismatch,
    DigestMismatch,
    EditsUnsafe,
    FileMissing,
    StateChanged,
    StateInvalid,
)
from polyparse.repository.cache import Cache
from polyparse.repository.folder_store import FolderStore
from polyparse.repository.push import push
from polyparse.repository.remote_model import RemoteModel
from polyparse.repository.repository import opened
from tests.bundles import write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from polyparse.bundle.state import StateFile
    from polyparse.repository.store import ObjectStore

AT = "2026-01-01T12:00:00+00:00"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """The folder of a model that is pushed; the repository is another place."""
    for version in "123":
        write_bundle(tmp_path / "words" / version)
    return tmp_path / "words"


def url_of_folder(tmp_path: Path) -> str:
    return f"file://{tmp_path}/objects"


def url_of_memory(tmp_path: Path) -> str:
    pytest.importorskip("fsspec")
    return f"memory://{uuid4()}/models"


@pytest.fixture(params=[url_of_folder, url_of_memory])
def model(request: pytest.FixtureRequest, tmp_path: Path, built: Path) -> RemoteModel:
    url: Callable[[Path], str] = request.param
    repository = opened(url(tmp_path), Cache(tmp_path / "cache"))
    for version in "123":
        push(repository.store, "words", version, built / version)
    return repository.model("words")


def promote(
    model: RemoteModel, version: str, decided_on: StateFile | None = None, *, by: str = "ann", at: str = AT
) -> DesiredState:
    return release.promote(model, version, Edit(decided_on or release.decide_on(model), by, at))


def pointer(built: Path, version: str) -> Pointer:
    return Pointer(version, digest(built / version))


def test_every_edit_of_a_folder_is_one_of_a_url(model: RemoteModel, built: Path) -> None:
    assert release.decide_on(model).state is None
    for version in "12":
        promote(model, version)
    assert release.rollback(model, Edit(release.decide_on(model), "bob", AT)).stable == pointer(built, "1")
    release.canary(model, "3", 5, Edit(release.decide_on(model), "ann", AT, "it is cheaper"))
    release.shadow(model, "2", 0.5, Edit(release.decide_on(model), "ann", AT))
    release.stop_shadow(model, Edit(release.decide_on(model), "ann", AT))
    actual = release.decide_on(model).state
    assert actual is not None
    assert (actual.generation, actual.shadow) == (6, None)
    assert actual.canary == Canary("3", digest(built / "3"), 5)
    entries = model.history().entries
    assert [entry.generation for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert [entry.action for entry in entries][-2:] == ["shadow", "shadow-stop"]


def test_an_edit_that_came_between_is_named_by_who_made_it(model: RemoteModel) -> None:
    promote(model, "1")
    before = release.decide_on(model)
    promote(model, "2", by="bob@box")
    with pytest.raises(
        StateChanged,
        match=r"words/state\.json: found generation 2 \(2 serves: promote by bob@box .*expected gen.* 1 ",
    ):
        promote(model, "3", before)
    assert [entry.by for entry in model.history().entries] == ["ann", "bob@box"]


def test_an_edit_between_the_look_and_the_put_is_not_overwritten(model: RemoteModel) -> None:
    """The narrowest race: the other edit comes when ours has looked at the state for the last time."""
    promote(model, "1")
    decided_on = release.decide_on(model)
    assert decided_on.state is not None
    current = decided_on.state

    def state_after(after: int) -> DesiredState:
        promote(model, "2", by="bob")
        return replace(current, generation=after + 1)

    with pytest.raises(StateChanged, match=r"found generation 2 .*by bob"):
        model.replace_state(decided_on, state_after)
    assert [entry.generation for entry in model.history().entries] == [1, 2]


def test_of_many_at_once_one_wins_each_generation(model: RemoteModel) -> None:
    barrier = Barrier(8)

    def edit(number: int) -> str:
        decided_on = release.decide_on(model)
        barrier.wait(timeout=30)
        try:
            promote(
                model,
                "123"[number % 3],
                decided_on,
                by=str(number),
                at=f"20{number + 10}-01-01T00:00:00+00:00",
            )
        except StateChanged as error:
            return error.code
        return "won"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(edit, range(8)))
    assert sorted(outcomes) == 7 * ["state_changed"] + ["won"]
    assert [entry.generation for entry in model.history().entries] == [1]


def test_the_history_has_a_state_before_it_is_replaced(model: RemoteModel) -> None:
    promote(model, "1")

    def state_after(_: int) -> DesiredState:
        kept = model._store.read("words/history.jsonl") or b""
        assert [entry.generation for entry in history.parse(kept).entries] == [1]
        raise InterruptedError

    with pytest.raises(InterruptedError):
        model.replace_state(release.decide_on(model), state_after)
    assert promote(model, "2").generation == 2
    assert [entry.generation for entry in model.history().entries] == [1, 2]


def test_a_state_that_was_lost_is_followed_by_a_generation_that_has_not_been(model: RemoteModel) -> None:
    for version in "12":
        promote(model, version)
    model._store.remove("words/state.json")
    assert promote(model, "1").generation == 2
    assert promote(model, "2").generation == 3


def test_a_store_that_ignores_conditions_is_not_edited(tmp_path: Path, built: Path) -> None:
    class Overwrites(FolderStore):
        def put_if(self, key: str, content: bytes, tag: str) -> None:
            self.put(key, content)

    store = Overwrites(tmp_path / "objects")
    push(store, "words", "1", built / "1")
    model = RemoteModel(store, "words", Cache(tmp_path / "cache"))
    with pytest.raises(EditsUnsafe, match="ignores If-Match and overwrites"):
        promote(model, "1")
    assert model.state_file().content is None


def test_a_state_of_a_later_schema_is_no_wish_and_not_overwritten(model: RemoteModel) -> None:
    promote(model, "1")
    decided_on = release.decide_on(model)
    later = json.dumps({"schema": 3, "wished": []}).encode()
    model._store.put("words/state.json", later)
    with pytest.raises(
        StateInvalid, match=r"words/state\.json: schema: found 3, expected 2: a later polyparse"
    ):
        promote(model, "2", decided_on)
    assert model._store.read("words/state.json") == later


def test_what_is_not_there_or_damaged_is_not_promoted(model: RemoteModel) -> None:
    for version in ("4", "../words/1", ".status"):
        with pytest.raises(BundleNotFound, match=r"found 1, 2, 3, expected a version"):
            promote(model, version)
    with pytest.raises(FileMissing, match=r"words/4/manifest\.json: found no manifest"):
        model.bundle("4")
    with pytest.raises(DigestMismatch):
        model.bundle("1", "0" * 64)
    model._store.put("words/2/score.onnx", b"damaged")
    with pytest.raises(ChecksumMismatch, match=r"words/2/score\.onnx: found 7 bytes"):
        promote(model, "2")
    assert model.state_file().content is None


def test_processes_say_what_they_do_and_those_that_are_gone_are_forgotten(model: RemoteModel) -> None:
    mine = ProcessStatus(host=socket.gethostname(), pid=os.getpid(), at=AT, generation=1, versions=())
    other = ProcessStatus(host="other", pid=7, at=AT, generation=2, versions=())
    for status in (mine, other):
        model.write_status(status)
    gone = statuses.encoded(replace(mine, pid=2**22 + 1))
    model._store.put(f"words/.status/{statuses.name_of(mine.host, 2**22 + 1)}", gone)
    model._store.put("words/.status/half.json", b"{")
    assert [(each.host, each.generation) for each in model.statuses()] == sorted(
        [(mine.host, 1), ("other", 2)]
    )
    model.remove_status("other", 7)
    assert [each.host for each in model.statuses()] == [mine.host]
    assert model.versions() == ["1", "2", "3"]


def test_processes_of_other_hosts_that_were_killed_are_left_out_and_forgotten_after_a_day(
    model: RemoteModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for host in ("a", "b", "c"):
        model.write_status(ProcessStatus(host=host, pid=7, at=AT, generation=1, versions=()))
    ages = {"words/.status/b-7.json": SILENT_S, "words/.status/c-7.json": FORGOTTEN_S}
    written_s = model._store.written_s

    def later(prefix: str) -> dict[str, float | None]:
        times_s = written_s(prefix)
        assert None not in times_s.values()
        return {key: (time_s or 0) - ages.get(key, -1) for key, time_s in times_s.items()}

    monkeypatch.setattr(model._store, "written_s", later)
    assert [each.host for each in model.statuses()] == ["a"]
    assert [key[-8:] for key in model._store.keys("words/.status/")] == ["a-7.json", "b-7.json"]


def test_a_folder_and_its_url_are_edited_side_by_side(tmp_path: Path, built: Path) -> None:
    """The same lock holds for both."""
    store: ObjectStore = FolderStore(built.parent)
    model = RemoteModel(store, "words", Cache(tmp_path / "cache"))
    release.promote(built, "1", Edit(release.decide_on(built), "ann", AT))
    decided_on = release.decide_on(model)
    assert decided_on == state.read_file(built)
    promote(model, "2")
    with pytest.raises(StateChanged):
        release.promote(built, "3", Edit(decided_on, "bob", AT))
    assert history.read(built).entries == model.history().entries
