"""Every command over what it cannot take: one line that names it, no traceback, and everything else as it was."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from polyparse.cli.main import COMMANDS, main
from tests.bundles import write_bundle
from tests.train.corpus import write_massive
from tests.train.tiny import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import TextIOWrapper

    from train.checkpoint import Checkpoint

    Capture = pytest.CaptureFixture[str]
    Refusal = Callable[..., str]

ROOT = Path(__file__).parents[3]
TRAIN = f"train stm --quiet {' '.join(SETTINGS)}"
TO_OUT = "--corpus {corpus} --out {out}"
EVALUATE = "evaluate --bundle {models} --corpus {corpus} --partition dev"
COINED = ROOT / "model_export" / "coined" / "massive-1.7.json"
EXPORT = "export --checkpoint {run}"
STUDY = ROOT / "studies" / "semer.toml"

PLACES = {
    "below a file": ("{file}/x/y", "file/x/y"),
    "a file": ("{file}", "file"),
    "a device that is full": ("/dev/full", "/dev/full"),
    "where nobody may write": ("/proc/nowhere/x", "/proc/nowhere/x"),
    "a name that is too long": ("{out}/" + 300 * "x", 300 * "x"),
    "a loop of links": ("{loop}/x", "loop/x"),
}
"""Places that no output can be written to: the argument, and what the line has of it."""
WRITERS = {
    "train": f"{TRAIN} --corpus massive:absent --out {{place}}",
    "evaluate": "evaluate --checkpoint absent --corpus massive:absent --partition dev --report {place}",
    "export": EXPORT + " --out {place}/1",
    "coin": "coin absent --words absent --corpus massive:absent --out {place}/1",
    "unpack": "unpack absent --corpus massive:absent --out {place}",
    "screen": "screen absent --corpus massive:absent --out {place}/1",
    "vectors align": "vectors align --quiet absent-1.vec absent-2.vec --identical --out {place}",
    "vectors fetch": "vectors fetch --quiet http://127.0.0.1:9/a.vec --out {place}",
    "vectors train": "vectors train --quiet --text absent --out {place}/a.vec",
    "experiments report": f"experiments report {STUDY} --out {{place}}",
}
"""Commands whose work, were it begun, would fail on account of something else, or take long."""

READERS = {
    "parse": "parse lights --models {place}",
    "evaluate --bundle": "evaluate --bundle {place} --corpus {corpus} --partition dev --report {out}",
    "evaluate --checkpoint": "evaluate --checkpoint {place} --corpus {corpus} --partition dev --report {out}",
    "evaluate --corpus": "evaluate --bundle {models} --corpus massive:{place} --partition dev --report {out}",
    "evaluate --corpus slots": "evaluate --bundle {models} --corpus slots:{place}/ --partition dev --report {out}",
    "train --corpus": f"{TRAIN} --corpus massive:{{place}} --out {{out}}",
    "train --start": f"{TRAIN} {TO_OUT} --start {{place}}",
    "data check": "data check massive:{place}",
    "train --teacher": f"{TRAIN} {TO_OUT} --teacher {{place}}",
    "export": "export --checkpoint {place} --out {out}/1",
    "coin": f"coin {{place}} --words {COINED} --corpus {{corpus}} --out {{out}}/1",
    "coin --words": "coin {models}/words/1 --words {place} --corpus {corpus} --out {out}/1",
    "coin --corpus": f"coin {{models}}/words/1 --words {COINED} --corpus massive:{{place}} --out {{out}}/1",
    "unpack": "unpack {place} --corpus {corpus} --out {out}",
    "screen": "screen {place} --corpus {corpus} --out {out}/1",
    "screen --corpus": "screen {models}/words/1 --corpus massive:{place} --out {out}/1",
    "ood": "ood --checkpoint {place}",
    "language": "language --checkpoint {place}",
    "language --corpus": "language --checkpoint {run} --corpus massive:{place}",
    "ood --weights": "ood --checkpoint {run} --weights {place}",
    "models list": "models list --models {place}",
    "models verify": "models verify --models {place}",
    "models promote": "models promote words 1 --models {place}",
    "models rollback": "models rollback words --models {place}",
    "models history": "models history words --models {place}",
    "models upgrade": "models upgrade words 1 2 --models {place}",
    "serve": "serve --models {place}",
    "vectors align": "vectors align --quiet {place} {models} --identical --out {out}",
    "vectors evaluate": "vectors evaluate {place} {place} --dictionary {place}",
    "vectors merge": "vectors merge en-US={place} --out {out}/a.vec",
    "experiments run": "experiments run {place} --corpus massive=massive:{corpus} --out {out}",
    "experiments report": "experiments report {place} --out {out}",
}
NO_INPUT = {
    "below a file": "{file}/x/y",
    "a file of something else": "{file}",
    "a folder of nothing": "{empty}",
    "nowhere": "{out}",
    "a name that is too long": 300 * "x",
    "a loop of links": "{loop}",
    "the home of nobody": "~nobody-of-this-name/x",
}

WRONG = {
    "": "subcommand",
    "sevre": "sevre",
    "train": "RECIPE",
    "data": "check",
    "data check": "FORMAT:PATH",
    "data check x": "'x'",
    "data check {corpus} --locales ,": "','",
    "data check {corpus} --examples -1": "--examples",
    f"{TRAIN} --corpus x --out {{out}}": "'x'",
    f"{TRAIN} {TO_OUT} --threads -1": "--threads",
    f"{TRAIN} {TO_OUT} --threads 0": "--threads",
    f"{TRAIN} {TO_OUT} --threads 1e3": "--threads",
    f"{TRAIN} {TO_OUT} --threads 99999999999999999999": "--threads",
    f"{TRAIN} {TO_OUT} --locales ,": "','",
    f"{TRAIN} {TO_OUT} --locales en-US,zz-ZZ": "zz-ZZ",
    f"{TRAIN} {TO_OUT} --nothing": "--nothing",
    f"{TRAIN} {TO_OUT} --set seed": "KEY=VALUE",
    f"{TRAIN} {TO_OUT} --set seed=-1": "seed",
    f"{TRAIN} {TO_OUT} --set seed={5000 * '9'}": "seed",
    f"{TRAIN} {TO_OUT} --set seed={25 * '9'}": "seed",
    f"{TRAIN} {TO_OUT} --set seed={100_000 * '['}": "seed",
    f"{TRAIN} {TO_OUT} --set optim.learning_rate=NaN": "learning_rate",
    f"{TRAIN} {TO_OUT} --set a.b.c.d=1": "'a'",
    f"{TRAIN} {TO_OUT} --set joint.mlp_size={25 * '9'}": "mlp_size",
    f"{TRAIN} {TO_OUT} --set joint.mlp_size={10**9} --set joint.encoder.hidden_size={10**9}": "memory",
    f"{TRAIN} --corpus {{corpus}} --out {{models}}": "models: found a folder of other files",
    f"{TRAIN} --corpus {{corpus}} --out ' '": "--out: found ' ', expected a path",
    f"{TRAIN} --corpus '' --out {{out}}": "--corpus: found '', expected FORMAT:PATH",
    f"{TRAIN} {TO_OUT} --start ''": "--start: found '', expected a path",
    f"{TRAIN} {TO_OUT} --teacher ''": "--teacher: found '', expected a path",
    f"{TRAIN} {TO_OUT} --soft-targets ''": "--soft-targets: found '', expected a path",
    f"train --plan '' {TO_OUT}": "--plan: found '', expected a path",
    "ood --checkpoint ''": "--checkpoint: found '', expected a path",
    "ood --checkpoint {run} --weights ''": "--weights: found '', expected a path",
    "ood --checkpoint {run} --corpus ''": "--corpus: found '', expected FORMAT:PATH",
    "language --checkpoint ''": "--checkpoint: found '', expected a path",
    "language --checkpoint {run} --corpus ''": "--corpus: found '', expected FORMAT:PATH",
    "unpack '' --corpus {corpus} --out {out}": "BUNDLE: found '', expected a path",
    "unpack {models}/words/1 --corpus {corpus} --out ''": "--out: found '', expected a path",
    "ood --checkpoint {run} --share x": "--share",
    "ood --checkpoint {run} --share nan": "--share",
    "ood --checkpoint {run} --share -1": "--share",
    "ood --checkpoint {empty}": "empty",
    "language": "--checkpoint",
    "language --checkpoint {empty}": "empty",
    "language --checkpoint {run} --corpus x": "'x'",
    "screen {models}/words/1 --out {out}/1": "--corpus",
    "screen {models}/words/1 --corpus {corpus} --out ''": "--out: found '', expected a path",
    "evaluate --bundle {models} --partition dev --report {out}": "--corpus",
    "evaluate --bundle {models} --checkpoint {run}": "--checkpoint",
    f"{EVALUATE} --report {{out}} --locales zz-ZZ": "zz-ZZ",
    f"{EVALUATE} --report {{out}} --device quantum": "quantum",
    f"{EVALUATE} --report {{blocked}}": "metrics.json: found a folder",
    f"{EXPORT} --out {{out}} --precision double": "double",
    f"{EXPORT} --out {{out}} --name a/b": "a/b",
    f"{EXPORT} --out {{models}}": "models",
    f"{EXPORT} --out ''": "--out: found '', expected a path",
    "export --checkpoint '' --out {out}/1": "--checkpoint: found '', expected a path",
    f"{EXPORT} --out {{out}}/1 --name ''": "--name: found '', expected a name",
    f"{EXPORT} --out {{out}}/1 --version ''": "--version: found '', expected a version",
    "coin {models}/words/1": "--words",
    f"coin {{models}}/words/1 --words {COINED} --corpus {{corpus}} --out {{out}}/1": "chiocciola",
    "coin {models}/words/1 --words '' --corpus {corpus} --out {out}/1": "--words: found '', expected a path",
    "models": "list|verify",
    "models prune": "prune",
    "models list words --models {models}": "words",
    "models list --json --models {empty}": "empty: found nothing, expected a model",
    "models promote words 9 --models {models}": "words/9",
    "models verify words '' --models {models}": "expected words/",
    "models verify '' 1 --models {models}": "expected /1",
    "models list --models ''": "--models: found '', expected a path",
    "parse lights --models ' '": "--models: found ' ', expected a path",
    "evaluate --bundle '' --corpus {corpus} --partition dev --report {out}": "--bundle: found ''",
    "evaluate --checkpoint '' --corpus {corpus} --partition dev --report {out}": "--checkpoint: found ''",
    f"{EVALUATE} --report ''": "--report: found '', expected a path",
    "models promote ../words 1 --models {models}": "../words",
    "models promote words 1 --by ' ' --models {models}": "--by: found ' '",
    f"models promote words 1 --by {201 * 'x'} --models {{models}}": "--by",
    "models promote words 1 --if-generation -1 --models {models}": "--if-generation: found '-1'",
    "models promote words 1 --if-generation 1 --models {models}": "found no state, expected generation 1",
    "models rollback words --if-generation x --models {models}": "--if-generation: found 'x'",
    "models rollback ../words --models {models}": "../words",
    "models history": "name",
    "models history wards --models {models}": "found words, expected a model named 'wards'",
    "models history ../models/words --models {models}": "../models/words",
    "models upgrade words 1 ../2 --models {models}": "../2",
    f"models upgrade words 1 {300 * 'x'} --models {{models}}": "xxx",
    "parse": "TEXT",
    "parse lights --locale de-DE --models {models}": "de-DE",
    "parse lights --model other --models {models}": "other",
    "parse lights --model '' --models {models}": "--model: found '', expected a name",
    "parse lights '' 'wake me' --models {models}": "TEXT 2",
    "parse lights 'wake me' ' \u200b' --models {models}": "TEXT 3",
    "parse 'wake\x07 me' --models {models}": "TEXT 1",
    "serve --threads -1": "--threads",
    "serve --port 65536": "--port",
    "serve --port": "--port",
    "serve --host ..": "--host",
    f"serve --host {70 * 'x'}": "--host",
    "serve --nothing": "--nothing",
    "vectors": "train",
    "vectors fetch ftp://a/b.vec --out {out}": "ftp",
    "vectors align a.vec b.vec --identical --words 0 --out {out}": "--words",
    "experiments": "name",
    "experiments run": "STUDY",
    f"experiments run {STUDY} --profile huge --out {{out}}": "huge",
}
"""Command -> what its line names."""

WRITE_TO = (
    "models list --models {models}",
    "models list --json --models {models}",
    "models history words --models {models}",
    "parse lights --models {models}",
    "train --list",
    "--help",
    "--version",
)
NOT_UTF8 = os.fsdecode(b"caf\xe9 please")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """`serve` configures the loggers of its process, which here is that of all tests."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture(scope="module")
def places(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the commands name; `out` is not there, and `run` is a finished run that nobody else reads."""
    root = tmp_path_factory.mktemp("hostile")
    (root / "file").write_text("neither a corpus nor a model\n")
    (root / "empty").mkdir()
    (root / "loop").symlink_to("loop")
    (root / "blocked" / "metrics.json").mkdir(parents=True)
    shutil.copytree(checkpoint.folder, root / "run")
    write_bundle(root / "models" / "words" / "1")
    names = ("file", "empty", "loop", "blocked", "run", "models", "out")
    return {name: str(root / name) for name in names} | {"corpus": write_massive(root / "corpus")}


@pytest.fixture
def refusal(
    places: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> Refusal:
    """Runs a command that has to be refused; returns its one line, once nothing else was changed."""
    root = places["out"].removesuffix("/out")
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("POLYPARSE_")]:
        monkeypatch.delenv(name)

    def run(command: str, **more: str) -> str:
        before = snapshot(root)
        argv = [argument.format(**places, **more) for argument in shlex.split(command)]
        assert main(argv or [""]) == 2
        out, err = capsys.readouterr()
        (line,) = (each for each in err.splitlines() if "; see: polyparse data check" not in each)
        assert out == ""
        assert line.startswith("polyparse: ")
        assert line.isprintable()
        assert snapshot(root) == before
        assert list(tmp_path.iterdir()) == []
        return line

    return run


def snapshot(folder: str) -> dict[str, tuple[int, int]]:
    """Every path below a folder, with its size and time of change; folders without."""
    return dict(entries(folder))


def entries(folder: str) -> Iterator[tuple[str, tuple[int, int]]]:
    for entry in os.scandir(folder):
        is_folder = entry.is_dir(follow_symlinks=False)
        actual = entry.stat(follow_symlinks=False)
        yield entry.path, (0, 0) if is_folder else (actual.st_size, actual.st_mtime_ns)
        if is_folder:
            yield from entries(entry.path)


def test_every_command_is_in_the_tables() -> None:
    tables = [*WRITERS.values(), *READERS.values(), *WRONG]
    assert set(COMMANDS) <= {command.partition(" ")[0] for command in tables}
    models = {command.split()[1] for command in tables if command.startswith("models ")}
    assert models >= {"list", "verify", "promote", "rollback", "history", "upgrade"}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("writer", WRITERS)
def test_output_that_cannot_be_written_is_refused_before_anything_is_read(
    writer: str, place: str, refusal: Refusal, places: dict[str, str]
) -> None:
    argument, named = PLACES[place]
    line = refusal(WRITERS[writer], place=argument.format(**places))
    assert named in line
    assert "absent" not in line


@pytest.mark.parametrize("place", NO_INPUT)
@pytest.mark.parametrize("reader", READERS)
def test_input_that_is_none_is_refused(
    reader: str, place: str, refusal: Refusal, places: dict[str, str]
) -> None:
    path = NO_INPUT[place].format(**places)
    assert path.rpartition("/")[2] in refusal(READERS[reader], place=path)


@pytest.mark.parametrize("command", WRONG, ids=lambda command: command[-60:])
def test_what_is_wrong_is_named(command: str, refusal: Refusal) -> None:
    assert WRONG[command] in refusal(command)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("argument", "named"), [(NOT_UTF8, "(byte 0xE9 at character 3)"), ("\ud83d", "(U+D83D at character 0)")]
)
def test_an_argument_that_is_not_utf_8_is_told_from_the_others(
    command: str, argument: str, named: str, capsys: Capture
) -> None:
    assert main([command, "--models", argument]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("polyparse: argument 3: found ")
    assert f"which is not UTF-8 {named}" in line


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], TextIOWrapper]]:
    """Makes a descriptor standard output, as a pipe or a file is: its lines wait in a buffer."""
    streams = []

    def use(descriptor: int) -> TextIOWrapper:
        streams.append(os.fdopen(descriptor, "w", encoding="utf-8"))
        monkeypatch.setattr("sys.stdout", streams[-1])
        return streams[-1]

    yield use
    for stream in streams:
        stream.close()


@pytest.mark.parametrize("command", WRITE_TO)
def test_a_reader_that_goes_away_ends_a_command_quietly(
    command: str, places: dict[str, str], output: Callable[[int], TextIOWrapper], capsys: Capture
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    output(writer)
    assert main([argument.format(**places) for argument in command.split()]) == 141
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("command", WRITE_TO)
def test_a_full_disk_behind_standard_output_is_a_refusal(
    command: str, places: dict[str, str], output: Callable[[int], TextIOWrapper], capsys: Capture
) -> None:
    output(os.open("/dev/full", os.O_WRONLY))
    assert main([argument.format(**places) for argument in command.split()]) == 2
    assert capsys.readouterr().err == "polyparse: standard output: No space left on device\n"


def test_what_an_encoding_lacks_is_escaped(
    places: dict[str, str], output: Callable[[int], TextIOWrapper]
) -> None:
    reader, writer = os.pipe()
    output(writer).reconfigure(encoding="ascii")
    assert main(["parse", "luces más", "--models", places["models"]]) == 0
    assert os.read(reader, 9) == b"luces m\\x"
    os.close(reader)


STREAMS = {
    "| head -1": ([0, 141], ""),
    ">&-": ([2], "polyparse: standard output: Bad file descriptor\n"),
    ">/dev/full": ([2], "polyparse: standard output: No space left on device\n"),
    "2>&-": ([0], ""),
    "<&- 2>/dev/full": ([0], ""),
    ">&- 2>&-": ([2], ""),
    "--locale zz 2>&-": ([2], ""),
    "--locale zz 2>/dev/full": ([2], ""),
    "--locale zz 2> >(:)": ([2], ""),
}
"""What a shell puts behind the command -> the exit statuses that will do, and all of standard error."""


@pytest.mark.parametrize("redirection", STREAMS)
def test_a_process_ends_without_a_traceback_whatever_its_streams_are(
    redirection: str, places: dict[str, str]
) -> None:
    """To the very end of the process, where Python writes what it still holds."""
    command = shlex.join([sys.executable, "-m", "polyparse", "parse", *(200 * ["lights"])])
    script = f"set -o pipefail; {command} --models {shlex.quote(places['models'])} {redirection}"
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607
    assert (done.returncode in STREAMS[redirection][0], done.stderr) == (True, STREAMS[redirection][1])


def test_evaluating_writes_its_report_even_if_nobody_reads_its_table(
    places: dict[str, str], tmp_path: Path, output: Callable[[int], TextIOWrapper]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    output(writer)
    command = EVALUATE.format(**places).split()
    with pytest.raises(SystemExit, match="1"):  # so rich ends
        main([*command, "--report", str(tmp_path / "report")])
    assert {path.name for path in tmp_path.joinpath("report").iterdir()} == {"metrics.json", "report.html"}


def test_a_server_whose_port_is_taken_says_so_and_how_to_choose_another(places: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = ["serve", "--models", places["models"], "--port", str(port), "--log-level", "warning"]
        command = [sys.executable, "-m", "polyparse", *options]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 2
    assert done.stderr == (
        f"polyparse: --port: found port {port} of 127.0.0.1 in use, expected a free one (0 takes any)\n"
    )
