"""History: all generations in the order of their edits, wherever an edit was killed and whatever clocks said."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from subprocess import PIPE

import pytest

from polyparse.bundle import history, release, state
from polyparse.bundle.history import Archive, HistoryEntry
from polyparse.bundle.release import Edit
from polyparse.bundle.state import DesiredState, Pointer
from polyparse.bundle.store import digest
from polyparse.errors import StateInvalid
from tests.bundles import write_bundle

ROOT = Path(release.__file__).parents[2]
AT = "2026-01-01T12:00:00+00:00"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    model = tmp_path / "words"
    for version in "12":
        write_bundle(model / version)
    return model


def promote(model: Path, version: str, *, at: str = AT) -> DesiredState:
    return release.promote(model, version, Edit(release.decide_on(model), "ann", at))


def rollback(model: Path) -> DesiredState:
    return release.rollback(model, Edit(release.decide_on(model), "bob", AT))


def generations(model: Path) -> list[int]:
    return [entry.generation for entry in history.read(model).entries]


def test_a_model_that_nobody_promoted_has_none(model: Path) -> None:
    assert history.read(model) == Archive()


def test_it_says_of_each_generation_who_did_what_and_when(model: Path) -> None:
    promote(model, "1", at="2026-01-01T11:00:00+00:00")
    promote(model, "2")
    rollback(model)
    first, second = (digest(model / version) for version in "12")
    assert history.read(model).entries == (
        HistoryEntry(1, "promote", "1", first, None, "ann", "2026-01-01T11:00:00+00:00"),
        HistoryEntry(2, "promote", "2", second, "1", "ann", AT),
        HistoryEntry(3, "rollback", "1", first, "2", "bob", AT),
    )


def test_the_file_holds_what_is_past_and_is_what_others_may_rely_on(model: Path) -> None:
    for version in "12":
        promote(model, version)
    (line,) = model.joinpath("history.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {
        "generation": 1,
        "action": "promote",
        "version": "1",
        "digest": digest(model / "1"),
        "from_version": None,
        "by": "ann",
        "at": AT,
        "reason": None,
        "canary": None,
        "shadow": None,
    }


def test_a_clock_that_goes_back_changes_no_order(model: Path) -> None:
    for hour, version in ((12, "1"), (11, "2"), (10, "1"), (13, "2")):
        promote(model, version, at=f"2026-01-01T{hour}:00:00+00:00")
    assert generations(model) == [1, 2, 3, 4]


def test_what_changes_nothing_is_no_part_of_it(model: Path) -> None:
    for version in "1222":
        promote(model, version)
    assert generations(model) == [1, 2]


def test_a_state_that_does_not_say_who_made_it_is_kept_too(model: Path) -> None:
    older = {"version": "1", "digest": "a", "previous": None}
    model.joinpath("state.json").write_text(json.dumps(older), encoding="utf-8")
    assert history.read(model).entries == (HistoryEntry(0, None, "1", "a", None, None, None),)
    promote(model, "2")
    assert generations(model) == [0, 1]


def test_a_state_that_is_gone_is_followed_by_a_generation_that_has_not_been(model: Path) -> None:
    for version in "121":
        promote(model, version)
    model.joinpath("state.json").unlink()
    assert generations(model) == [1, 2]
    assert promote(model, "1").generation == 3


def test_a_state_that_was_put_back_is_followed_by_a_generation_that_has_not_been(model: Path) -> None:
    promote(model, "1")
    content = model.joinpath("state.json").read_bytes()
    for version in "21":
        promote(model, version)
    model.joinpath("state.json").write_bytes(content)
    assert promote(model, "2").generation == 3
    assert generations(model) == [1, 2, 3]


def test_another_state_under_a_generation_that_has_been_is_kept_beside_it(model: Path) -> None:
    for version in "12":
        promote(model, version)
    state.write(model, state.next_state(None, Pointer("2", digest(model / "2"))))
    promote(model, "1")
    assert [(entry.generation, entry.by) for entry in history.read(model).entries] == [
        (1, "ann"),
        (1, None),
        (2, "ann"),
    ]


class TestDamage:
    def test_a_line_that_was_cut_anywhere_is_written_anew(self, model: Path) -> None:
        for version in "12":
            promote(model, version)
        file = model / "history.jsonl"
        content, current = file.read_bytes(), model.joinpath("state.json").read_bytes()
        promote(model, "1")
        line = file.read_bytes().removeprefix(content)
        model.joinpath("state.json").write_bytes(current)
        for cut in range(len(line)):
            file.write_bytes(content + line[:cut])
            assert generations(model) == [1, 2]
            assert history.keep(model, state.read(model)) == 2
            assert file.read_bytes().rstrip() == (content + line).rstrip()

    def test_a_last_line_that_lacks_its_end_gets_it(self, model: Path) -> None:
        for version in "12":
            promote(model, version)
        file = model / "history.jsonl"
        file.write_bytes(file.read_bytes().rstrip())
        promote(model, "1")
        assert generations(model) == [1, 2, 3]

    def test_lines_that_are_no_entries_are_numbered_and_left_where_they_are(self, model: Path) -> None:
        lines = [b"{", b"", b"\xff", b'{"generation": 1}', 1000 * b"["]
        model.joinpath("history.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        for version in "12":
            promote(model, version)
        assert history.read(model).unreadable == (1, 3, 4, 5)
        assert generations(model) == [1, 2]
        assert model.joinpath("history.jsonl").read_bytes().splitlines()[:5] == lines

    def test_what_is_no_file_is_refused_before_the_state_changes(self, model: Path) -> None:
        promote(model, "1")
        model.joinpath("history.jsonl").mkdir()
        with pytest.raises(StateInvalid, match=r"history\.jsonl: found a folder, expected a file"):
            promote(model, "2")
        assert release.decide_on(model).generation == 1


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from polyparse.bundle import release
    from polyparse.bundle.release import Edit

    EVENTS = {"open", "os.chmod", "os.rename", "os.remove", "os.scandir"}
    model = Path(sys.argv[1])

    def promote(kill_at):
        decided_on = release.decide_on(model)
        steps = 0

        def kill(event, arguments):
            nonlocal steps
            path = str(arguments[0]) if arguments else ""
            if event == "fcntl.flock" or (event in EVENTS and str(model) in {path, os.path.dirname(path)}):
                steps += 1
                if steps == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(kill)
        release.promote(model, "2", Edit(decided_on, "ann", "2026-01-01T12:00:00+00:00"))
        os._exit(0)

    for line in sys.stdin:
        process = os.fork() or promote(int(line))
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""
"""Per line of input, promotes in a process of its own that is killed before its n-th step on the model's files."""


def test_a_promote_that_is_killed_leaves_the_old_state_or_the_new_one_and_all_of_the_history(
    model: Path,
) -> None:
    """The next one works, and nothing of the one that was killed remains."""
    promote(model, "1")
    first = model.joinpath("state.json").read_bytes()
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(model)]
    left: list[list[int]] = []
    status = -9
    with subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as killer:  # noqa: S603 - ours
        assert killer.stdin is not None
        assert killer.stdout is not None
        while status == -9:
            model.joinpath("state.json").write_bytes(first)
            model.joinpath("history.jsonl").unlink(missing_ok=True)
            killer.stdin.write(f"{len(left) + 1}\n")
            killer.stdin.flush()
            status = int(killer.stdout.readline())
            left.append(generations(model))
            promote(model, "2")
            assert generations(model) == [1, 2]
            names = sorted(path.name for path in model.iterdir())
            assert names == [".state.lock", "1", "2", "history.jsonl", "state.json"]
    assert status == 0
    kept = left.index([1, 2])
    assert left == [[1]] * kept + [[1, 2]] * (len(left) - kept)
    assert 6 <= kept < len(left) - 1  # two files are made and renamed before, and a folder is synced after
