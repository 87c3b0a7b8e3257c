"""`polyparse models` and `polyparse parse`: real bundles, real files; what is refused changes nothing."""

from __future__ import annotations

import errno
import getpass
import json
import os
import re
import shutil
import socket
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle import golden, history, state, store
from polyparse.bundle import status as statuses
from polyparse.bundle.golden import Golden
from polyparse.bundle.state import DesiredState, Pointer, next_state
from polyparse.bundle.status import ProcessStatus, Reason, VersionStatus
from polyparse.bundle.store import digest, record
from polyparse.cli import models_bundles
from polyparse.cli import models_edit as actions
from polyparse.cli.main import main
from polyparse.schema import unstructure
from polyparse.text.tokens import RULES
from tests.bundles import GOLDEN, edit_manifest, in_schema_1, write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Capture = pytest.CaptureFixture[str]
    Run = Callable[..., int]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for version in ("1", "2"):
        write_bundle(tmp_path / "words" / version)
    return tmp_path


@pytest.fixture
def run(models: Path) -> Run:
    return lambda *argv: main(["models", *argv, "--models", str(models)])


def read(models: Path) -> DesiredState:
    """The state, which has to be there."""
    actual = state.read(models / "words")
    assert actual is not None
    return actual


def break_golden(bundle: Path) -> None:
    """Expect another domain of the first golden utterance, every checksum being right."""
    first, *others = GOLDEN
    wrong = Golden(first.text, first.locale, "iot", first.intent, first.slots, first.confidence)
    golden.save(bundle / "golden.jsonl", [wrong, *others])
    files = json.loads(bundle.joinpath("manifest.json").read_bytes())["files"]
    edit_manifest(bundle, files=files | {"golden.jsonl": unstructure(record(bundle / "golden.jsonl"))})


def test_promote_lets_a_version_serve(run: Run, models: Path, capsys: Capture) -> None:
    assert run("promote", "words", "1") == 0
    pinned = digest(models / "words" / "1")
    actual = read(models)
    assert replace(actual, change=None) == next_state(None, Pointer("1", pinned))
    assert actual.change is not None
    assert (actual.change.action, actual.change.by) == (
        "promote",
        f"{getpass.getuser()}@{socket.gethostname()}",
    )
    assert capsys.readouterr().out == f"words: 1 serves, sha256 {pinned}\n"


def test_promote_remembers_what_served_before(run: Run, models: Path) -> None:
    run("promote", "words", "1")
    run("promote", "words", "2")
    first, second = (digest(models / "words" / version) for version in "12")
    assert replace(read(models), change=None) == DesiredState(
        schema=2, generation=2, stable=Pointer("2", second), previous=Pointer("1", first)
    )


def test_a_state_of_schema_1_goes_on_and_is_written_in_schema_2(run: Run, models: Path) -> None:
    first, second = (digest(models / "words" / version) for version in "12")
    older = {"version": "1", "digest": first, "previous": None}
    models.joinpath("words", "state.json").write_text(json.dumps(older), encoding="utf-8")
    assert run("promote", "words", "1") == 0
    assert json.loads(models.joinpath("words", "state.json").read_bytes()) == older
    assert run("promote", "words", "2", "--by", "ann") == 0
    actual = json.loads(models.joinpath("words", "state.json").read_bytes())
    assert actual.pop("change").keys() == {"action", "by", "at", "reason"}
    assert actual == {
        "schema": 2,
        "generation": 1,
        "stable": {"version": "2", "digest": second},
        "previous": {"version": "1", "digest": first},
        "canary": None,
        "shadow": None,
    }


def test_promoting_what_serves_changes_nothing(run: Run, models: Path) -> None:
    for version in ("1", "2"):
        run("promote", "words", version)
    before = state.read(models / "words")
    assert run("promote", "words", "2") == 0
    assert state.read(models / "words") == before
    assert before is not None
    assert (before.generation, before.previous) == (2, Pointer("1", digest(models / "words" / "1")))


def test_rollback_goes_back_and_a_second_one_undoes_it(run: Run, models: Path) -> None:
    run("promote", "words", "1")
    run("promote", "words", "2")
    before = state.read(models / "words")
    assert before is not None
    assert run("rollback", "words") == 0
    back = state.read(models / "words")
    assert back is not None
    assert (back.stable, back.previous) == (before.previous, before.stable)
    assert back.stable.version == "1"
    run("rollback", "words", "--by", "ann")
    again = read(models)
    assert (again.generation, again.stable, again.previous) == (4, before.stable, before.previous)
    assert again.change is not None
    assert (again.change.action, again.change.by) == ("rollback", "ann")


@pytest.mark.parametrize("promoted", [[], ["1"]])
def test_rollback_needs_a_version_before(run: Run, promoted: list[str], capsys: Capture) -> None:
    for version in promoted:
        run("promote", "words", version)
    assert run("rollback", "words") == 2
    assert "expected an earlier version to go back to" in capsys.readouterr().err


def test_rollback_refuses_a_version_that_has_changed_since(run: Run, models: Path, capsys: Capture) -> None:
    run("promote", "words", "1")
    run("promote", "words", "2")
    before = state.read(models / "words")
    edit_manifest(models / "words" / "1", locales=["en-US"])
    assert run("rollback", "words") == 2
    assert "words/1/manifest.json: found a manifest of sha256" in capsys.readouterr().err
    assert state.read(models / "words") == before


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda bundle: bundle.joinpath("score.onnx").write_bytes(b""), "words/2/score.onnx: found 0 bytes"),
        (lambda bundle: edit_manifest(bundle, version="3"), "expected its folder's name, words/2"),
        (break_golden, "golden.jsonl: "),
    ],
)
def test_promote_refuses_what_does_not_verify_and_what_serves_goes_on(
    run: Run, models: Path, capsys: Capture, damage: Callable[[Path], None], message: str
) -> None:
    run("promote", "words", "1")
    before = state.read(models / "words")
    damage(models / "words" / "2")
    assert run("promote", "words", "2") == 2
    assert message in capsys.readouterr().err
    assert state.read(models / "words") == before


def test_promote_refuses_a_state_that_cannot_be_written_before_it_verifies(
    run: Run, models: Path, capsys: Capture
) -> None:
    (models / "words" / "state.json").mkdir()
    break_golden(models / "words" / "1")
    assert run("promote", "words", "1") == 2
    assert "words/state.json: found a folder, expected a file" in capsys.readouterr().err


class TestEditsOfOthers:
    """An edit is made on the state on which it was decided, or not at all."""

    def test_of_two_promotes_at_once_one_wins_and_the_other_is_refused(
        self, run: Run, models: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The second one runs while the first one compares golden frames."""
        actual_check, during = models_bundles.check, ["2"]

        def check(bundle: Path) -> str:
            if during:
                assert run("promote", "words", during.pop(), "--by", "bob@box") == 0
            return actual_check(bundle)

        monkeypatch.setattr(models_bundles, "check", check)
        assert run("promote", "words", "1") == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert re.fullmatch(
            r"polyparse: .*words/state\.json: found generation 1 \(2 serves: promote by bob@box at [0-9T:+-]+\), "
            r"expected no state, on which this edit was decided; see what serves now \(polyparse models list\), .*",
            line,
        )
        assert read(models).stable.version == "2"

    @pytest.mark.parametrize(("generation", "status"), [("0", 2), ("1", 0), ("2", 2)])
    @pytest.mark.parametrize("action", ["promote", "rollback"])
    def test_the_generation_asked_for_has_to_be_there(
        self, run: Run, models: Path, capsys: Capture, action: str, generation: str, status: int
    ) -> None:
        first, second = (Pointer(version, digest(models / "words" / version)) for version in "12")
        state.write(models / "words", replace(next_state(None, second), previous=first))
        argv = {"promote": ["promote", "words", "1"], "rollback": ["rollback", "words"]}[action]
        assert run(*argv, "--if-generation", generation) == status
        assert read(models).generation == (2 if status == 0 else 1)
        expected = f"expected generation {generation}, the one asked for" if status else ""
        assert expected in capsys.readouterr().err

    def test_generation_0_is_that_of_no_state_yet(self, run: Run, models: Path) -> None:
        assert run("promote", "words", "1", "--if-generation", "0") == 0
        assert run("promote", "words", "2", "--if-generation", "0") == 2
        assert read(models).stable.version == "1"


def test_a_user_whose_name_is_not_utf_8_may_promote(
    run: Run, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", os.fsdecode(b"andr\xe9"))
    for version in "12":
        assert run("promote", "words", version) == 0
    assert [entry.by for entry in history.read(models / "words").entries] == 2 * [
        f"andr\\udce9@{socket.gethostname()}"
    ]


class TestHistory:
    @pytest.fixture(autouse=True)
    def _edited(self, run: Run, capsys: Capture) -> None:
        for argv in (
            ("promote", "words", "1", "--by", "ann"),
            ("promote", "words", "2"),
            ("rollback", "words"),
        ):
            assert run(*argv) == 0
        capsys.readouterr()

    def test_it_is_a_table_with_the_newest_first(self, run: Run, models: Path, capsys: Capture) -> None:
        assert run("history", "words") == 0
        header, *rows = (line.split() for line in capsys.readouterr().out.splitlines())
        assert header == [
            "GENERATION",
            "ACTION",
            "VERSION",
            "FROM",
            "CANDIDATES",
            "BY",
            "AT",
            "SHA256",
            "REASON",
        ]
        assert [row[:4] for row in rows] == [
            ["3", "rollback", "1", "2"],
            ["2", "promote", "2", "1"],
            ["1", "promote", "1", "-"],
        ]
        assert rows[-1][5] == "ann"
        assert rows[0][5] == f"{getpass.getuser()}@{socket.gethostname()}"
        assert rows[0][7] == digest(models / "words" / "1")[:12]
        assert all(datetime.fromisoformat(row[6]).utcoffset() == timedelta(0) for row in rows)

    def test_as_json_it_has_all(self, run: Run, models: Path, capsys: Capture) -> None:
        assert run("history", "words", "--json") == 0
        newest, *_, oldest = json.loads(capsys.readouterr().out)
        assert oldest == {
            "generation": 1,
            "action": "promote",
            "version": "1",
            "digest": digest(models / "words" / "1"),
            "from_version": None,
            "by": "ann",
            "at": oldest["at"],
            "reason": None,
            "canary": None,
            "shadow": None,
        }
        assert (newest["generation"], newest["from_version"]) == (3, "2")

    def test_lines_that_cannot_be_read_are_named(self, run: Run, models: Path, capsys: Capture) -> None:
        file = models / "words" / "history.jsonl"
        file.write_bytes(b"{\n" + file.read_bytes())
        assert run("history", "words") == 0
        out, err = capsys.readouterr()
        assert len(out.splitlines()) == 4
        assert err == f"polyparse: {file}:1: found no entry, left it out\n"


class TestCandidates:
    def test_they_are_tried_listed_and_stopped(self, run: Run, models: Path, capsys: Capture) -> None:
        run("promote", "words", "1")
        capsys.readouterr()
        assert run("canary", "words", "2", "--percent", "5", "--reason", "it is cheaper") == 0
        assert (
            capsys.readouterr().out == "words: 2 answers 5 % of the requests\nwords: 1 answers the others\n"
        )
        assert run("shadow", "words", "2", "--share", "0.1") == 0
        assert capsys.readouterr().out == "words: 2 parses 0.1 of the requests after 1\n"
        assert run("list") == 0
        _, first, second, *_ = capsys.readouterr().out.splitlines()
        assert first.split()[:3] == ["words", "1", "yes"]
        assert "canary 5 %, shadow 0.1" in second
        assert run("history", "words") == 0
        _, newest, before, _ = capsys.readouterr().out.splitlines()
        assert "2 canary 5 %, 2 shadow 0.1" in newest
        assert "it is cheaper" in before
        assert run("canary", "words", "--stop") == 0
        assert run("shadow", "words", "--stop") == 0
        state = read(models)
        assert (state.generation, state.canary, state.shadow) == (5, None, None)

    def test_a_missing_candidate_is_listed(self, run: Run, models: Path, capsys: Capture) -> None:
        run("promote", "words", "1")
        run("canary", "words", "2", "--percent", "5")
        shutil.rmtree(models / "words" / "2")
        capsys.readouterr()
        assert run("list") == 0
        assert re.search(r"2 +canary 5 % +refused: file_missing", capsys.readouterr().out)

    @pytest.mark.parametrize(
        ("argv", "message"),
        [
            ("canary words 2", "one of the arguments --stop --percent is required"),
            ("canary words 2 --percent 101", "found '101', expected 0 to 100"),
            ("canary words --percent 5", "version: found none, expected the candidate's, or --stop"),
            ("canary words 2 --stop", "version: found '2', expected none with --stop"),
            ("shadow words 2 --share nan", "found 'nan', expected 0 to 1"),
            ("shadow words 1 --share 0.1", "found 1, which serves as the stable version"),
            ("shadow words 2 --share 0.1 --if-generation 7", "expected generation 7"),
            ("canary words --stop", "found no canary, expected one to stop"),
            ("promote words 2 --reason ", "expected a text of at most"),
        ],
    )
    def test_what_is_wrong_is_said_and_changes_nothing(
        self, run: Run, models: Path, capsys: Capture, argv: str, message: str
    ) -> None:
        run("promote", "words", "1")
        before = read(models)
        capsys.readouterr()
        assert run(*argv.split(" ")) == 2
        assert message in capsys.readouterr().err
        assert read(models) == before

    def test_a_candidate_whose_golden_frames_differ_is_refused(self, run: Run, models: Path) -> None:
        run("promote", "words", "1")
        break_golden(models / "words" / "2")
        for action in ("canary words 2 --percent 5", "shadow words 2 --share 1"):
            assert run(*action.split()) == 2
        assert read(models).generation == 1


def test_a_model_that_nobody_promoted_has_no_history(run: Run, capsys: Capture) -> None:
    assert run("history", "words", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_user_without_a_name_goes_by_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def getuser() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(getpass, "getuser", getuser)
    assert actions.whoami() == f"uid-{os.getuid()}@{socket.gethostname()}"


def test_an_unknown_version_is_refused_with_the_known_ones(run: Run, capsys: Capture) -> None:
    assert run("promote", "words", "7") == 2
    assert "found words/1, words/2, expected words/7" in capsys.readouterr().err


def test_list_shows_every_version_and_which_serves(run: Run, capsys: Capture) -> None:
    run("promote", "words", "2")
    capsys.readouterr()
    assert run("list") == 0
    header, *rows = (line.split() for line in capsys.readouterr().out.splitlines())
    assert header == ["NAME", "VERSION", "SERVES", "LOCALES", "EXACT", "MATCH", "SIZE"]
    assert rows == [
        ["words", "1", "en-US", "es-ES", "0.750", "0.0", "MB"],
        ["words", "2", "yes", "en-US", "es-ES", "0.750", "0.0", "MB"],
    ]


def test_list_shows_a_broken_version_beside_the_others(run: Run, models: Path, capsys: Capture) -> None:
    edit_manifest(models / "words" / "1", schema_version=3)
    assert run("list") == 0
    assert "refused: schema_too_new" in capsys.readouterr().out.splitlines()[1]


class TestListOfProcesses:
    @pytest.fixture
    def start(self, models: Path) -> Callable[..., ProcessStatus]:
        """Makes a process of another host that says what it does with each version."""

        def say(host: str, generation: int | None, **doing: str) -> ProcessStatus:
            reason = Reason("golden_mismatch", "golden.jsonl: found one frame, expected another")
            versions = [
                VersionStatus(
                    version.removeprefix("v"),
                    digest(models / "words" / version.removeprefix("v")),
                    state_,  # type: ignore[arg-type]
                    reason if state_ == "failed" else None,
                )
                for version, state_ in doing.items()
            ]
            status = ProcessStatus(
                host=host,
                pid=7,
                at="2026-01-01T12:00:00+00:00",
                generation=generation,
                versions=tuple(versions),
            )
            statuses.write(models / "words", status)
            return status

        return say

    def test_one_process(self, run: Run, start: Callable[..., object], capsys: Capture) -> None:
        run("promote", "words", "2")
        capsys.readouterr()
        start("box", 1, v2="serving", v1="ready")
        assert run("list") == 0
        assert capsys.readouterr().out == (
            "NAME   VERSION  SERVES  LOCALES      EXACT MATCH  SIZE    PROCESSES\n"
            "words  1                en-US es-ES  0.750        0.0 MB  1 ready\n"
            "words  2        yes     en-US es-ES  0.750        0.0 MB  1 serving\n"
            "\n"
            "PROCESS  NAME   GENERATION  AT                         VERSIONS\n"
            "box-7    words  1           2026-01-01T12:00:00+00:00  2 serving, 1 ready\n"
        )

    def test_what_a_process_finds_of_a_canary_stands_beside_it(
        self, run: Run, models: Path, start: Callable[..., ProcessStatus], capsys: Capture
    ) -> None:
        run("promote", "words", "2")
        status = start("box", 1, v2="serving", v1="ready")
        stable, canary = status.versions
        versions = (stable, replace(canary, verdict="unhealthy"))
        statuses.write(models / "words", replace(status, versions=versions))
        capsys.readouterr()
        assert run("list") == 0
        assert capsys.readouterr().out.endswith("  2 serving, 1 ready (unhealthy)\n")

    def test_ten_processes_and_a_reason_that_several_give_once(
        self, run: Run, start: Callable[..., object], capsys: Capture
    ) -> None:
        for version in "12":
            run("promote", "words", version)
        capsys.readouterr()
        for number in range(10):
            if number < 7:
                start(f"box{number}", 2, v2="serving", v1="retired")
            elif number < 9:
                start(f"box{number}", 1, v1="serving", v2="failed")
            else:
                start(f"box{number}", None, v2="loading")
        assert run("list") == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[1].endswith("  0.0 MB  2 serving, 7 retired")
        assert lines[2].endswith("  0.0 MB  7 serving, 1 loading, 2 failed")
        assert [line.split()[0] for line in lines[5:15]] == [f"box{number}-7" for number in range(10)]
        assert lines[5].split()[1:3] == ["words", "2"]
        assert re.split(r"  +", lines[12])[2:] == [
            "1 of 2",
            "2026-01-01T12:00:00+00:00",
            "1 serving, 2 failed",
        ]
        assert re.split(r"  +", lines[14])[2:] == ["- of 2", "2026-01-01T12:00:00+00:00", "2 loading"]
        assert lines[15:] == [
            "",
            (
                "words 2: failed in box7-7, box8-7 (golden_mismatch): golden.jsonl: found one frame, expected another; "
                "mend its files, and it is tried again by itself; or promote another version, or roll back"
            ),
        ]

    def test_a_version_that_is_not_the_one_on_disk_any_more_is_told_from_it(
        self, run: Run, models: Path, start: Callable[..., object], capsys: Capture
    ) -> None:
        """It was written anew, or its folder is gone, while it serves."""
        start("box", None, v1="serving", v2="ready")
        first, second = (digest(models / "words" / version)[:12] for version in "12")
        run("promote", "words", "2")
        edit_manifest(models / "words" / "1", locales=["en-US"])
        shutil.rmtree(models / "words" / "2")
        capsys.readouterr()
        assert run("list") == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[2].split() == ["words", "2", "yes", "refused:", "file_missing", "1", "ready"]
        assert lines[5].endswith(f"  1@{first} serving, 2@{second} ready")

    def test_as_json_it_has_all(
        self, run: Run, models: Path, start: Callable[..., ProcessStatus], capsys: Capture
    ) -> None:
        run("promote", "words", "2")
        capsys.readouterr()
        edit_manifest(models / "words" / "1", schema_version=9)
        start("box", 1, v2="failed")
        assert run("list", "--json") == 0
        (actual,) = json.loads(capsys.readouterr().out)
        (process,) = statuses.read_all(models / "words")
        assert actual.pop("processes") == [json.loads(json.dumps(unstructure(process)))]
        first, second = actual.pop("versions")
        assert actual == {"name": "words", "generation": 1, "refused": None}
        assert first["refused"]["code"] == "schema_too_new"
        assert (first["digest"], first["serves"]) == (digest(models / "words" / "1"), False)
        bundle = models / "words" / "2"
        assert second == {
            "version": "2",
            "digest": digest(bundle),
            "serves": True,
            "percent": None,
            "share": None,
            "locales": ["en-US", "es-ES"],
            "exact_match": 0.75,
            "bytes": sum(path.stat().st_size for path in bundle.iterdir()),
            "refused": None,
        }

    def test_a_state_that_cannot_be_read_hides_nothing_else(
        self, run: Run, models: Path, start: Callable[..., object], capsys: Capture
    ) -> None:
        start("box", 1, v2="serving")
        models.joinpath("words", "state.json").write_bytes(b"{")
        assert run("list") == 2
        out, err = capsys.readouterr()
        assert err == ""
        lines = out.splitlines()
        assert [line.split()[2] for line in lines[1:3]] == ["?", "?"]
        assert lines[2].endswith("1 serving")
        assert lines[-1].startswith(
            f"words: refused (state_invalid): {models}/words/state.json: found no JSON ("
        )


def test_verify_says_of_each_version_whether_it_is_sound(run: Run, models: Path, capsys: Capture) -> None:
    assert run("verify") == 0
    break_golden(models / "words" / "2")
    assert run("verify", "words") == 2
    assert run("verify", "words", "1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"words 1: sound, sha256 {digest(models / 'words' / '1')}"
    assert lines[3].startswith("words 2: refused (golden_mismatch): ")
    assert lines[4] == lines[0]


def test_verify_goes_on_whatever_is_wrong_with_a_version(run: Run, models: Path, capsys: Capture) -> None:
    for version in ("3", "4", "5", "6"):
        write_bundle(models / "words" / version)
    models.joinpath("words", "1", "golden.jsonl").write_bytes(b"\xff")
    models.joinpath("words", "2", "vocabulary.json").write_bytes(b"[" * 100_000)
    for version, name in (("1", "golden.jsonl"), ("2", "vocabulary.json")):
        files = json.loads(models.joinpath("words", version, "manifest.json").read_bytes())["files"]
        listed = {name: unstructure(record(models / "words" / version / name))}
        edit_manifest(models / "words" / version, files=files | listed)
    edit_manifest(models / "words" / "3", name="phrases")
    graphs = {"cuda": {"score": "score.onnx", "decode": "decode.onnx"}}
    networks = json.loads(models.joinpath("words", "4", "manifest.json").read_bytes())["networks"]
    edit_manifest(models / "words" / "4", networks=[networks[0] | {"graphs": graphs}])
    models.joinpath("words", "5", "score.onnx").unlink()
    models.joinpath("words", "5", "score.onnx").symlink_to("/proc/self/mem")
    assert run("verify") == 2
    assert [line.split(": ")[:2] for line in capsys.readouterr().out.splitlines()] == [
        ["words 1", "refused (config_error)"],
        ["words 2", "refused (config_error)"],
        ["words 3", "refused (manifest_invalid)"],
        ["words 4", "refused (device_unavailable)"],
        ["words 5", "refused (checksum_mismatch)"],
        ["words 6", f"sound, sha256 {digest(models / 'words' / '6')}"],
    ]


def test_verify_goes_on_where_a_file_cannot_be_read(
    run: Run, models: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = store.read

    def fail(file: Path) -> bytes:
        if file.parent.name == "1":
            raise OSError(errno.EIO, "Input/output error", str(file))
        return read(file)

    monkeypatch.setattr(store, "read", fail)
    assert run("verify") == 2
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("words 1: refused (unreadable): ")
    assert first.endswith("words/1/manifest.json: Input/output error")
    assert second.startswith("words 2: sound")


@pytest.mark.parametrize("kind", ["folder", "dangling link"])
def test_a_state_that_is_no_file_is_told_by_every_action(
    run: Run, models: Path, capsys: Capture, kind: str
) -> None:
    write_bundle(models / "phrases" / "1")
    file = models / "words" / "state.json"
    if kind == "folder":
        file.mkdir()
    else:
        file.symlink_to("nowhere")
    assert run("list") == 2
    table, refusal = capsys.readouterr().out.split("\n\n")
    rows = [line.split() for line in table.splitlines()[1:]]
    assert [row[:3] for row in rows] == [["phrases", "1", "en-US"], ["words", "1", "?"], ["words", "2", "?"]]
    assert refusal.startswith("words: refused (state_invalid): ")
    assert run("verify") == 2
    lines = capsys.readouterr().out.splitlines()
    assert ["sound" in line for line in lines] == [True, False, False]
    assert "words 1: refused (state_invalid)" in lines[1]
    for action in (["rollback", "words"], ["promote", "words", "1"]):
        assert run(*action) == 2


def test_verify_holds_what_serves_to_its_digest(run: Run, models: Path, capsys: Capture) -> None:
    run("promote", "words", "1")
    edit_manifest(models / "words" / "1", locales=["en-US", "es-ES"])
    assert run("verify", "words", "1") == 2
    assert "refused (digest_mismatch)" in capsys.readouterr().out


class TestUpgrade:
    @pytest.fixture
    def older(self, models: Path) -> Path:
        """Version 1 in schema 1."""
        bundle = models / "words" / "1"
        data = in_schema_1(json.loads(bundle.joinpath("manifest.json").read_bytes()))
        bundle.joinpath("manifest.json").write_text(json.dumps(data), encoding="utf-8")
        return bundle

    def test_it_writes_a_new_version_that_verifies(
        self, run: Run, models: Path, older: Path, capsys: Capture
    ) -> None:
        before = digest(older)
        assert run("upgrade", "words", "1", "1.1") == 0
        out = models / "words" / "1.1"
        assert capsys.readouterr().out == f"{out}: schema 2, sha256 {digest(out)}\n"
        assert digest(older) == before
        assert run("verify", "words") == 0

    def test_what_serves_goes_on_serving(self, run: Run, models: Path, older: Path) -> None:
        run("promote", "words", older.name)
        before = state.read(models / "words")
        assert run("upgrade", "words", "1", "1.1") == 0
        assert state.read(models / "words") == before
        assert run("promote", "words", "1.1") == 0

    @pytest.mark.parametrize(
        ("version", "new_version", "message"),
        [
            ("1", "2", "words/2: found a file or folder, expected none"),
            ("7", "8", "found words/1, words/2, expected words/7"),
            ("2", "3", f"words/2: found schema 2 and text rules {RULES}, which are those of today"),
            ("1", "../3", "new-version: found '../3', expected the name of a folder"),
        ],
    )
    def test_it_refuses_and_writes_nothing(
        self, run: Run, older: Path, capsys: Capture, version: str, new_version: str, message: str
    ) -> None:
        assert run("upgrade", "words", version, new_version) == 2
        assert message in capsys.readouterr().err
        assert sorted(path.name for path in older.parent.iterdir()) == ["1", "2"]


def test_parse_prints_a_frame_for_people(models: Path, capsys: Capture) -> None:
    argv = ["parse", "Lights in the kitchen", "--locale", "en-GB", "--models", str(models / "words" / "1")]
    assert main(argv) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Lights in the kitchen",
        "  domain  iot         1.00",
        "  intent  lights_off  1.00",
        "  slot    place       1.00  kitchen  [14:21]",
    ]


def test_parse_prints_one_json_object_a_text(models: Path, capsys: Capture) -> None:
    argv = ["parse", "wake me", "luces", "--json", "--models", str(models / "words" / "1")]
    assert main(argv) == 0
    frames = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(frame["text"], frame["intent"]["name"]) for frame in frames] == [
        ("wake me", "alarm_set"),
        ("luces", "lights_off"),
    ]


def test_parse_refuses_what_it_cannot_read(models: Path, capsys: Capture) -> None:
    argv = ["parse", "hallo", "--locale", "de-DE", "--models", str(models / "words" / "1")]
    assert main(argv) == 2
    assert "de-DE" in capsys.readouterr().err
