"""state.json: what is written is read back and so is the old form; what is of no known form is refused by name."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from polyparse.bundle import state
from polyparse.bundle.state import Change, DesiredState, Pointer, StateFile, next_state
from polyparse.errors import ConfigError, StateInvalid

OLDER, NEWER = Pointer("1", "a"), Pointer("2", "b")
CHANGE = Change("promote", "ann@laptop", "2026-01-01T12:00:00+00:00")
STATE = DesiredState(schema=2, generation=3, stable=NEWER, previous=OLDER, change=CHANGE)
WRITTEN = {
    "schema": 2,
    "generation": 3,
    "stable": {"version": "2", "digest": "b"},
    "previous": {"version": "1", "digest": "a"},
    "canary": None,
    "shadow": None,
    "change": {"action": "promote", "by": "ann@laptop", "at": "2026-01-01T12:00:00+00:00", "reason": None},
}


def changed(key: str, value: object) -> dict[str, object]:
    """A change with another value for a key."""
    return {"action": "promote", "by": "ann@laptop", "at": "2026-01-01T12:00:00+00:00"} | {key: value}


def read(folder: Path, content: object) -> DesiredState | None:
    folder.joinpath("state.json").write_text(json.dumps(content), encoding="utf-8")
    return state.read(folder)


@pytest.mark.parametrize("previous", [None, OLDER])
def test_what_is_written_is_read_back(tmp_path: Path, previous: Pointer | None) -> None:
    written = replace(STATE, previous=previous)
    state.write(tmp_path, written)
    assert state.read(tmp_path) == written


def test_the_file_is_what_others_may_rely_on(tmp_path: Path) -> None:
    state.write(tmp_path, STATE)
    content = tmp_path.joinpath("state.json").read_text(encoding="utf-8")
    assert content == json.dumps(WRITTEN, indent=1) + "\n"


def test_a_folder_without_one_has_none(tmp_path: Path) -> None:
    assert state.read(tmp_path) is None


def test_the_keys_of_what_is_not_served_yet_may_be_left_out(tmp_path: Path) -> None:
    short = {key: value for key, value in WRITTEN.items() if key not in {"canary", "shadow"}}
    assert read(tmp_path, short) == STATE


def test_who_made_a_state_may_be_left_out_as_0_2_did(tmp_path: Path) -> None:
    short = {key: value for key, value in WRITTEN.items() if key != "change"}
    assert read(tmp_path, short) == read(tmp_path, short | {"change": None}) == replace(STATE, change=None)


def test_a_file_is_read_with_its_bytes_and_none_is_of_generation_0(tmp_path: Path) -> None:
    assert state.read_file(tmp_path) == StateFile(None, None)
    assert state.read_file(tmp_path).generation == 0
    state.write(tmp_path, STATE)
    file = state.read_file(tmp_path)
    assert file == StateFile(tmp_path.joinpath("state.json").read_bytes(), STATE)
    assert file.generation == 3


def test_bytes_are_read_without_a_file_and_named_by_the_one_that_they_come_from() -> None:
    assert state.parse(json.dumps(WRITTEN).encode(), file=Path("state.json")) == STATE
    assert state.parse(b"\xef\xbb\xbf" + json.dumps(WRITTEN).encode(), file=Path("state.json")) == STATE
    with pytest.raises(StateInvalid, match=r"^there/state\.json: found no JSON") as refusal:
        state.parse(b"{", file=Path("there/state.json"))
    assert refusal.value.file == Path("there/state.json")


class TestSchema1:
    def test_it_is_read_as_a_state_that_no_edit_has_counted(self, tmp_path: Path) -> None:
        older = {"version": "2", "digest": "b", "previous": {"version": "1", "digest": "a"}}
        assert read(tmp_path, older) == replace(STATE, generation=0, change=None)

    @pytest.mark.parametrize("rest", [{}, {"previous": None}])
    def test_without_a_version_before_it_is_read_too(self, tmp_path: Path, rest: dict[str, None]) -> None:
        older = {"version": "2", "digest": "b", **rest}
        assert read(tmp_path, older) == replace(STATE, generation=0, previous=None, change=None)

    def test_the_next_state_is_written_in_schema_2(self, tmp_path: Path) -> None:
        now = read(tmp_path, {"version": "1", "digest": "a", "previous": None})
        state.write(tmp_path, next_state(now, NEWER))
        assert state.read(tmp_path) == replace(STATE, generation=1, change=None)
        assert json.loads(tmp_path.joinpath("state.json").read_bytes())["schema"] == 2

    @pytest.mark.parametrize(
        "content",
        [
            {"version": "1"},
            {"version": "../2", "digest": "a", "previous": None},
            {"version": 1, "digest": "a", "previous": None},
            {"version": "2", "digest": "b", "previous": {"version": ".", "digest": "a"}},
            {"version": "2", "digest": "b", "canary": None},
            {},
        ],
    )
    def test_a_broken_one_is_refused_by_name(self, tmp_path: Path, content: object) -> None:
        with pytest.raises(StateInvalid, match=r"state\.json: ") as refusal:
            read(tmp_path, content)
        assert refusal.value.file == tmp_path / "state.json"


class TestNextState:
    def test_the_first_has_none_before_it(self) -> None:
        assert next_state(None, OLDER) == DesiredState(schema=2, generation=1, stable=OLDER, previous=None)

    def test_each_counts_one_more_and_remembers_what_was_stable(self) -> None:
        first = next_state(None, OLDER)
        second = next_state(first, NEWER)
        assert (second.generation, second.stable, second.previous) == (2, NEWER, OLDER)
        third = next_state(second, OLDER)
        assert (third.generation, third.stable, third.previous) == (3, OLDER, NEWER)

    def test_it_comes_after_every_generation_that_has_been(self) -> None:
        first = next_state(None, OLDER, CHANGE, after=7)
        assert (first.generation, first.previous, first.change) == (8, None, CHANGE)
        assert next_state(first, NEWER, after=3).generation == 9


class TestRefused:
    @pytest.mark.parametrize(("key", "how_much"), [("canary", "percent"), ("shadow", "share")])
    @pytest.mark.parametrize(
        "value", [{"version": "3", "digest": "c"}, {"version": "../3", "digest": "c"}, {}, "3", False, 0]
    )
    def test_a_candidate_that_could_not_be_served(
        self, tmp_path: Path, key: str, how_much: str, value: object
    ) -> None:
        with pytest.raises(StateInvalid, match=rf"state\.json: {key}(\.version)?: found "):
            read(tmp_path, WRITTEN | {key: value})
        for wrong in (-1, 101, "5", None):
            candidate = {"version": "3", "digest": "c", how_much: wrong}
            with pytest.raises(StateInvalid, match=rf"state\.json: {key}.*{how_much}: found "):
                read(tmp_path, WRITTEN | {key: candidate})

    @pytest.mark.parametrize("schema", [0, 1, 3])
    def test_another_schema(self, tmp_path: Path, schema: int) -> None:
        with pytest.raises(StateInvalid, match=rf"state\.json: .*schema: found {schema}, expected 2"):
            read(tmp_path, WRITTEN | {"schema": schema})

    @pytest.mark.parametrize("schema", [3, 10**30])
    def test_a_later_schema_is_called_so_whatever_its_keys_are(self, tmp_path: Path, schema: int) -> None:
        with pytest.raises(StateInvalid, match=r": a later polyparse wrote it; upgrade this one$"):
            read(tmp_path, {"schema": schema, "stables": []})

    def test_a_generation_below_zero(self, tmp_path: Path) -> None:
        with pytest.raises(StateInvalid, match="generation: found -5, expected at least 0"):
            read(tmp_path, WRITTEN | {"generation": -5})

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"schema": "2"}, "schema: found '2', expected an integer"),
            ({"schema": None}, "schema: found None, expected an integer"),
            ({"generation": "3"}, "generation: found '3', expected an integer"),
            ({"stable": None}, "stable: found None, expected an object with the keys version, digest"),
            ({"stable": {"version": "2"}}, "stable: found no key 'digest', expected a value for it"),
            (
                {"stable": {"version": "../2", "digest": "b"}},
                r"stable: version: found '\.\./2', expected the name of a folder",
            ),
            (
                {"previous": {"version": "a/b", "digest": "b"}},
                "previous: version: found 'a/b', expected the name of a folder",
            ),
            ({"previous": "1"}, "previous: found '1'"),
            ({"colour": "blue"}, "found the unknown key 'colour'"),
            ({"change": {"action": "promote"}}, "change: found no key 'by'"),
            (
                {"change": changed("action", "prune")},
                "change.action: found 'prune', expected one of 'promote'",
            ),
            ({"change": changed("by", " ")}, "change: by: found ' ', expected a name of at most 200 char"),
            ({"change": changed("by", 201 * "x")}, "change: by: found 'x"),
            (
                {"change": changed("at", "yesterday")},
                "change: at: found 'yesterday', expected a time such as",
            ),
            ({"change": changed("at", "2026-01-01T12:00:00")}, "change: at: found '2026-01-01T12:00:00'"),
            ({"change": changed("at", "2026-01-01T12:00:00+01:00")}, "change: at: "),
        ],
    )
    def test_a_key_or_a_value_that_is_not_known(
        self, tmp_path: Path, changes: dict[str, object], message: str
    ) -> None:
        with pytest.raises(StateInvalid, match=rf"state\.json: {message}") as refusal:
            read(tmp_path, WRITTEN | changes)
        assert refusal.value.file == tmp_path / "state.json"

    @pytest.mark.parametrize("key", ["generation", "stable", "previous"])
    def test_a_key_that_is_missing(self, tmp_path: Path, key: str) -> None:
        with pytest.raises(StateInvalid, match=rf"state\.json: found no key '{key}'"):
            read(tmp_path, {name: value for name, value in WRITTEN.items() if name != key})

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b'{"schema": 2,}',
            b"\xff\xfe",
            b'{"schema": "\xe9"}',
            b"version: 1",
            100_000 * b"[",
            b'{"schema": ' + 5000 * b"9" + b"}",
        ],
    )
    def test_what_is_no_json(self, tmp_path: Path, content: bytes) -> None:
        tmp_path.joinpath("state.json").write_bytes(content)
        with pytest.raises(StateInvalid, match=r"state\.json: found no JSON") as refusal:
            state.read(tmp_path)
        assert refusal.value.file == tmp_path / "state.json"

    @pytest.mark.parametrize("content", [[], None, 2, "2", [WRITTEN]])
    def test_what_is_no_object(self, tmp_path: Path, content: object) -> None:
        with pytest.raises(StateInvalid, match=r"state\.json: found .*, expected an object"):
            read(tmp_path, content)

    def test_a_way_out_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(StateInvalid, match=r"; restore the file, or move it away and promote a version$"):
            read(tmp_path, WRITTEN | {"generation": -1})

    def test_a_state_of_another_schema_is_not_even_made(self) -> None:
        with pytest.raises(ConfigError, match="schema: found 1, expected 2"):
            replace(STATE, schema=1)

    @pytest.mark.parametrize("by", ["", " ", 201 * "x", "andr\udce9"])
    def test_a_change_by_nobody_is_not_even_made(self, by: str) -> None:
        with pytest.raises(ConfigError, match=r"by: found .*, expected a name of at most 200 characters"):
            replace(CHANGE, by=by)

    @pytest.mark.parametrize("version", ["", ".", "..", "a/b", "../1", "/1", ".hidden", "a\\b"])
    def test_a_version_that_leads_elsewhere(self, version: str) -> None:
        with pytest.raises(ConfigError, match=r"version: found .*, expected the name of a folder"):
            Pointer(version, "a")


class TestWriting:
    def test_it_leaves_no_other_file_behind(self, tmp_path: Path) -> None:
        state.write(tmp_path, next_state(None, OLDER))
        state.write(tmp_path, STATE)
        assert [path.name for path in tmp_path.iterdir()] == ["state.json"]

    def test_where_it_fails_it_leaves_no_other_file_behind(self, tmp_path: Path) -> None:
        tmp_path.joinpath("state.json").mkdir()
        with pytest.raises(OSError, match="directory"):
            state.write(tmp_path, STATE)
        assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.parametrize("kind", ["folder", "dangling link", "loop", "pipe"])
def test_what_is_there_and_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    """It counted as absent, so that another version could serve than the one asked for."""
    file = tmp_path / "state.json"
    match kind:
        case "folder":
            file.mkdir()
        case "pipe":
            os.mkfifo(file)
        case _:
            file.symlink_to("state.json" if kind == "loop" else "nowhere")
    with pytest.raises(StateInvalid, match=r"state\.json: found .*, expected a file"):
        state.read(tmp_path)
