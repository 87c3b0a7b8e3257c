"""Whatever is promoted, and however: what serves goes on serving, no request fails, and cause and cure are said."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

import pytest

from polyparse.bundle import history, release, status
from polyparse.bundle import state as states
from polyparse.bundle.release import Edit
from polyparse.bundle.state import Change, Pointer
from polyparse.bundle.status import CURE
from polyparse.bundle.store import digest
from polyparse.cli.main import main
from tests.bundles import edit_manifest, write_bundle
from tests.integration.callers import calling
from tests.integration.faulty_bundles import FAULTS, HANGS, SLOW, decode_by, flip_a_byte
from tests.integration.server import PAUSE_S, ROOT, TIMEOUT_S, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.callers import Callers
    from tests.integration.server import Server

    Capture = pytest.CaptureFixture[str]

POLL = "--state-poll-s=0.05"
AT = "2026-01-01T12:00:00+00:00"


class Site(NamedTuple):
    """A server of the model "words", and callers who ask it all the time."""

    model: Path
    server: Server
    callers: Callers

    def wish(self, version: str, sha256: str | None = None, at: str = AT) -> None:
        """Put a version into the state without a look at it, as one that went bad after its promote."""
        pointer = Pointer(version, sha256 or digest(self.model / version))
        states.write(
            self.model, states.next_state(states.read(self.model), pointer, Change("promote", "ann", at))
        )

    def serve(self, version: str) -> None:
        """Promote a version, write it first if it is not there, and wait until it serves."""
        if not self.model.joinpath(version).exists():
            write_bundle(self.model / version)
        self.promote(version)
        self.until_serves(version)

    def promote(self, version: str) -> None:
        """Promote a version."""
        release.promote(self.model, version, Edit(release.decide_on(self.model), "ann", AT))

    def command(self, action: str, *arguments: str) -> subprocess.Popen[bytes]:
        """`polyparse models ...`, begun; its status and what it said come from `ended`."""
        models = ["--models", str(self.model.parent)]
        command = [sys.executable, "-m", "polyparse", "models", action, "words", *arguments, *models]
        return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)  # noqa: S603  our own

    def until_serves(self, version: str) -> None:
        """Wait until a caller has got an answer of the version of the folder, and no other is given."""
        expected = (version, digest(self.model / version))
        self.server.until(lambda: self.states().get(expected) == "serving")
        before = self.callers.answers[expected]
        self.server.until(lambda: self.callers.answers[expected] > before)

    def states(self) -> dict[tuple[str, str], str]:
        """Version and digest -> state, as /metrics shows them."""
        pattern = r'polyparse_version_info{digest="(\w*)",state="(\w+)",version="([^"]+)"} 1'
        found = re.findall(pattern, self.server.get("/metrics").body)
        return {(version, sha256): state for sha256, state, version in found}

    def state_of(self, version: str) -> str | None:
        """The state of the only version of this number, None where there is none."""
        found = [state for (number, _), state in self.states().items() if number == version]
        return found[0] if len(found) == 1 else None

    def metric(self, name: str) -> float:
        """A number of /metrics, 0 where it is not there."""
        lines = self.server.get("/metrics").body.splitlines()
        return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{name} ")), 0)

    def logged(self, message: str) -> list[dict[str, str]]:
        """The lines of the log that say this."""
        lines = (json.loads(line) for line in self.server.log().splitlines() if line.startswith("{"))
        return [line for line in lines if line["message"].startswith(message)]

    def times(self, message: str, version: str) -> int:
        """How often the log says this of a version."""
        return Counter(line.get("version") for line in self.logged(message))[version]

    def rehearsals(self) -> list[int]:
        """The processes that the server has started and that have not ended."""
        tasks = Path(f"/proc/{self.server.process.pid}/task").glob("*/children")
        return [int(pid) for task in tasks for pid in task.read_text().split()]


def ended(command: subprocess.Popen[bytes]) -> tuple[int, str]:
    """The status of a command, once it has ended, and what it wrote to standard error."""
    _, message = command.communicate(timeout=TIMEOUT_S)
    return command.returncode, message.decode()


@contextmanager
def site_at(folder: Path, *flags: str, damage: Callable[[Path], None] = lambda _: None) -> Iterator[Site]:
    """A site of its own, whose version 1 serves after some damage."""
    model = folder / "models" / "words"
    damage(write_bundle(model / "1"))
    states.write(model, states.next_state(None, Pointer("1", digest(model / "1"))))
    with serving(model.parent, folder / "log", POLL, *flags) as server, calling(server.port) as callers:
        yield Site(model, server, callers)
        callers.end()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site for all faults that end nothing."""
    with site_at(tmp_path_factory.mktemp("faults")) as site:
        yield site


@pytest.fixture
def site(shared: Site) -> Iterator[Site]:
    """The shared site, where a sound version serves before each test and after it, and none of its requests has failed."""
    shared.serve("1")
    yield shared
    shared.serve("1")
    assert shared.callers.failures == []


def listed(site: Site, capsys: Capture) -> str:
    """What `polyparse models list` prints."""
    capsys.readouterr()
    main(["models", "list", "--models", str(site.model.parent)])
    return capsys.readouterr().out


@pytest.mark.parametrize("version", FAULTS)
def test_a_faulty_version_is_refused_with_cause_and_cure_and_what_serves_goes_on(
    site: Site, capsys: Capture, version: str
) -> None:
    fault, bundle = FAULTS[version], write_bundle(site.model / version)
    sha256, refused = digest(bundle), site.metric('polyparse_swap_loads_total{outcome="rehearsal_failed"}')
    fault.damage(bundle)
    site.wish(version, digest(bundle) if bundle.joinpath("manifest.json").exists() else sha256)
    site.server.until(lambda: site.times("version refused", version))
    (line,) = [line for line in site.logged("version refused") if line["version"] == version]
    assert re.search(fault.message, line["reason"])
    assert line["reason"].endswith(f"({fault.code})")
    assert line["cure"] == CURE
    assert site.metric('polyparse_swap_loads_total{outcome="rehearsal_failed"}') == refused + 1
    note = rf"^words {version}(@\w+)?: failed in .*{fault.message}.*{re.escape(CURE)}$"
    site.server.until(lambda: re.search(note, listed(site, capsys), re.MULTILINE))
    assert site.state_of("1") == "serving"
    shutil.rmtree(bundle, ignore_errors=True)


def break_by(*contents: bytes) -> Callable[[Path], None]:
    """Write something else into a state file."""

    def write(file: Path) -> None:
        file.write_bytes(b"".join(contents))

    return write


def replace_by_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def replace_by_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def link_to_nowhere(file: Path) -> None:
    file.unlink()
    file.symlink_to("nowhere")


UNREADABLE: dict[str, tuple[Callable[[Path], None], str]] = {
    "garbage": (break_by(b"\xff{"), "found no JSON .*; restore the file, or"),
    "empty": (break_by(), "found no JSON .*; restore the file, or"),
    "of another form": (break_by(b'{"schema": 2, "stable": 7}'), "found no key .*; restore the file, or"),
    "of a newer schema": (break_by(b'{"schema": 99}'), "schema: found 99, expected 2: .* upgrade this one"),
    "a folder": (replace_by_folder, "found a folder, expected a file"),
    "a pipe": (replace_by_pipe, "found a pipe, expected a file"),
    "a link to nowhere": (link_to_nowhere, "found a link to what is not there, expected a file"),
    "missing": (Path.unlink, "found nothing, expected the state that was there; restore it, or promote"),
    "without rights": (lambda file: file.chmod(0), "found no way to read it .*Permission denied"),
}


@pytest.mark.parametrize("fault", UNREADABLE)
def test_the_last_good_state_holds_while_its_file_cannot_be_read(site: Site, fault: str) -> None:
    damage, message = UNREADABLE[fault]
    said = len(site.logged("state refused"))
    with damaged(site.model / states.FILE, damage):
        if fault == "without rights" and os.access(site.model / states.FILE, os.R_OK):
            pytest.skip("nothing is withheld from root")
        site.server.until(lambda: site.metric("polyparse_swap_state_readable") == 0)
        pattern = rf"the last good one holds: .*state\.json: {message}"
        site.server.until(
            lambda: any(re.search(pattern, line["message"]) for line in site.logged("state refused")[said:])
        )
        assert site.state_of("1") == "serving"
    site.server.until(lambda: site.metric("polyparse_swap_state_readable") == 1)
    assert site.state_of("1") == "serving"


@contextmanager
def damaged(file: Path, damage: Callable[[Path], None]) -> Iterator[None]:
    """Damage a file for the length of a `with`."""
    content = file.read_bytes()
    damage(file)
    try:
        yield
    finally:
        if file.is_dir():
            file.rmdir()
        file.unlink(missing_ok=True)
        file.write_bytes(content)


KILLED_PROMOTE = """
import os, pathlib, signal, sys
from polyparse.cli.main import main
nth, is_done, calls, rename = int(sys.argv[1]), sys.argv[2] == "after", [], pathlib.Path.replace
def replace(path, target):
    calls.append(target)
    if is_done or len(calls) < nth:
        rename(path, target)
    if len(calls) == nth:
        os.kill(os.getpid(), signal.SIGKILL)
pathlib.Path.replace = replace
main(["models", "promote", "words", "2", "--models", sys.argv[3]])
"""


@pytest.mark.parametrize(
    ("nth", "when", "serves"),
    [(1, "before", "1"), (1, "after", "1"), (2, "before", "1"), (2, "after", "2")],
    ids=["history to be written", "history written", "state to be written", "state written"],
)
def test_a_promote_that_is_killed_is_done_or_not_and_the_next_one_works(
    site: Site, nth: int, when: str, serves: str
) -> None:
    site.serve("2")
    site.serve("1")
    before = states.read(site.model)
    assert before is not None
    command = [sys.executable, "-c", KILLED_PROMOTE, str(nth), when, str(site.model.parent)]
    done = subprocess.run(command, cwd=ROOT, timeout=TIMEOUT_S, check=False)  # noqa: S603  our own
    assert done.returncode == -signal.SIGKILL
    site.until_serves(serves)
    site.serve("2")
    after = states.read(site.model)
    assert after is not None
    assert (after.stable.version, after.generation) == ("2", before.generation + 1)
    generations = [entry.generation for entry in history.read(site.model).entries]
    assert generations == list(dict.fromkeys(generations))
    assert not list(site.model.glob(".state.json.*"))
    assert not list(site.model.glob(".history.jsonl.*"))


def test_of_two_promotes_at_once_each_is_done_or_refused_and_the_last_one_serves(site: Site) -> None:
    for version in ("twin", "other-twin"):
        write_bundle(site.model / version)
    before = states.read(site.model)
    promotes = [site.command("promote", version) for version in ("twin", "other-twin")]
    refused = [message for code, message in map(ended, promotes) if code]
    assert len(refused) <= 1
    assert all("see what serves now (polyparse models list), and decide again" in each for each in refused)
    after = states.read(site.model)
    assert before is not None
    assert after is not None
    assert after.generation == before.generation + 2 - len(refused)
    site.until_serves(after.stable.version)


def test_of_promotes_faster_than_a_load_the_last_one_serves(site: Site) -> None:
    for version in ("first", "second", "third"):
        write_bundle(site.model / version)
        site.promote(version)
    site.until_serves("third")
    site.serve("third")
    assert site.times("version serves", "first") == site.times("version serves", "second") == 0


def test_a_promote_of_the_version_that_loads_loads_it_once(site: Site) -> None:
    write_bundle(site.model / "loading")
    site.wish("loading")
    site.server.until(lambda: site.state_of("loading") == "loading")
    assert ended(site.command("promote", "loading")) == (0, "")
    site.wish("loading")
    site.until_serves("loading")
    assert site.times("version loads", "loading") == 1


def test_a_version_that_hangs_keeps_no_other_from_serving(site: Site) -> None:
    decode_by(HANGS)(write_bundle(site.model / "hanging"))
    site.wish("hanging")
    site.server.until(site.rehearsals)
    site.serve("4")
    site.server.until(lambda: not site.rehearsals())
    assert site.state_of("hanging") is None


def test_a_version_that_does_not_exist_cannot_be_promoted(site: Site) -> None:
    code, message = ended(site.command("promote", "nowhere"))
    assert code == 2
    assert re.search(r"found words/1, .*expected words/nowhere", message)


def test_a_bundle_that_is_deleted_while_it_serves_goes_on_and_is_left_by_a_rollback_or_a_promote(
    site: Site,
) -> None:
    def roll_back() -> None:
        assert ended(site.command("rollback")) == (0, "")

    for leave in (roll_back, lambda: site.serve("5")):
        site.serve("deleted")
        sha256 = digest(site.model / "deleted")
        shutil.rmtree(site.model / "deleted")
        before = site.callers.answers["deleted", sha256]
        site.server.until(lambda: site.callers.answers["deleted", sha256] > before + 20)  # noqa: B023
        leave()
        site.server.until(lambda: site.state_of("deleted") != "serving")
        site.serve("1")


def test_no_clock_tells_which_state_is_the_latest(site: Site) -> None:
    """One that was made "before" is followed, and so is an older one that was restored."""
    restored = site.model.joinpath(states.FILE).read_bytes()
    write_bundle(site.model / "past")
    site.wish("past", at="1999-12-31T23:59:59+00:00")
    for path in [*site.model.joinpath("past").iterdir(), site.model / states.FILE]:
        os.utime(path, (0, 0))
    site.until_serves("past")
    site.model.joinpath(states.FILE).write_bytes(restored)
    os.utime(site.model / states.FILE, (0, 0))
    site.until_serves("1")


def test_a_bundle_that_is_still_being_copied_serves_once_it_is_whole(site: Site, tmp_path: Path) -> None:
    source = write_bundle(tmp_path / "words" / "copied")
    site.wish("copied", digest(source))
    for path in sorted(source.iterdir(), key=lambda path: path.name == "manifest.json", reverse=True):
        refused = site.times("version refused", "copied")
        site.server.until(lambda: site.times("version refused", "copied") > refused)  # noqa: B023
        site.model.joinpath("copied").mkdir(exist_ok=True)
        shutil.copy2(path, site.model / "copied")
    site.until_serves("copied")


def test_a_refused_version_that_is_repaired_in_place_serves(site: Site) -> None:
    bundle = write_bundle(site.model / "repaired")
    graph = bundle / "score.onnx"
    content, times = graph.read_bytes(), (graph.stat().st_atime_ns, graph.stat().st_mtime_ns)
    flip_a_byte(bundle)
    os.utime(graph, ns=times)
    site.wish("repaired")
    site.server.until(lambda: site.times("version refused", "repaired"))
    graph.write_bytes(content)
    os.utime(graph, ns=times)
    site.until_serves("repaired")


def test_a_version_that_was_written_anew_takes_over_from_its_elder(site: Site) -> None:
    site.serve("anew")
    elder = digest(site.model / "anew")
    shutil.rmtree(site.model / "anew")
    edit_manifest(write_bundle(site.model / "anew"), measures={})
    assert digest(site.model / "anew") != elder
    site.wish("anew")
    site.until_serves("anew")
    assert site.states()["anew", elder] == "ready"


def test_a_version_that_requests_hold_goes_when_the_last_of_them_has_its_answer(tmp_path: Path) -> None:
    limits = ("--batch-tokens=16", "--max-text-chars=5000", "--threads=2", "--max-wait-ms=60000")
    flags = (*limits, "--keep-previous=off", "--rehearsal=off")
    with site_at(tmp_path, *flags, damage=decode_by(SLOW)) as site:
        write_bundle(site.model / "2")
        answers: list[str] = []
        text = "wake " * 320
        ask = Thread(target=lambda: answers.append(site.server.parse(text).body["model"]["version"]))
        ask.start()
        ran = 'polyparse_stage_seconds_count{stage="queue",version="1"}'
        site.server.until(lambda: site.metric(ran) > 0)
        site.promote("2")
        site.server.until(lambda: site.state_of("1") != "serving")
        assert (site.state_of("1"), answers) == ("retired", [])
        ask.join(TIMEOUT_S)
        assert answers == ["1"]
        site.server.until(lambda: site.state_of("1") is None)


def test_a_version_that_hangs_is_refused_in_time(tmp_path: Path) -> None:
    with site_at(tmp_path, "--load-timeout-s=3") as site:
        decode_by(HANGS)(write_bundle(site.model / "2"))
        site.wish("2")
        site.server.until(lambda: site.times("version refused", "2"))
        (line,) = site.logged("version refused")
        assert re.search(r"found no end of (the|its) load .*: it hangs, or .* too short", line["reason"])
        assert site.state_of("1") == "serving"
        site.server.until(lambda: not site.rehearsals())


@pytest.mark.parametrize(("sig", "code"), [(signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_service_that_ends_while_it_loads_leaves_no_process(
    tmp_path: Path, sig: signal.Signals, code: int
) -> None:
    with site_at(tmp_path) as site:
        decode_by(HANGS)(write_bundle(site.model / "2"))
        site.wish("2")
        site.server.until(site.rehearsals)
        (rehearsal,) = site.rehearsals()
        site.callers.end()
        site.server.process.send_signal(sig)
        assert site.server.process.wait(TIMEOUT_S) == code
        until_ended(rehearsal)
    assert status.read_all(site.model) == []


def until_ended(pid: int) -> None:
    """Wait until a process that is not ours has ended."""
    ends_s = time.monotonic() + TIMEOUT_S
    while is_running(pid):
        assert time.monotonic() < ends_s
        time.sleep(PAUSE_S)


def is_running(pid: int) -> bool:
    """Whether a process has not ended; one that nobody has asked for its status has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_without_a_rehearsal_a_load_that_never_ends_keeps_the_service_from_nothing(tmp_path: Path) -> None:
    with site_at(tmp_path, "--rehearsal=off", "--load-timeout-s=3", "--threads=1") as site:
        decode_by(HANGS)(write_bundle(site.model / "2"))
        site.wish("2")
        site.server.until(lambda: site.times("version refused", "2"))
        assert site.state_of("1") == "serving"
        site.callers.end()
        site.server.process.terminate()
        assert site.server.process.wait(TIMEOUT_S) == 0


def test_a_service_whose_first_version_hangs_says_so_and_is_refused(tmp_path: Path) -> None:
    decode_by(HANGS)(write_bundle(tmp_path / "words" / "1"))
    command = [sys.executable, "-m", "polyparse", "serve", "--port=0", "--load-timeout-s=2"]
    done = subprocess.run(  # noqa: S603  our own
        [*command, "--models", str(tmp_path)], cwd=ROOT, capture_output=True, timeout=TIMEOUT_S, check=False
    )
    assert b"polyparse: found no end of the load within 2 s, expected one: it hangs, or" in done.stderr
    assert done.returncode == 2


def test_a_folder_that_takes_no_file_is_served(tmp_path: Path) -> None:
    with site_at(tmp_path, damage=withhold) as site:
        site.server.until(lambda: site.logged("`models list` will not show what this process does"))
        site.model.chmod(0o755)
        site.serve("2")
        site.callers.end()
        site.server.process.terminate()
        assert site.server.process.wait(TIMEOUT_S) == 0


def withhold(bundle: Path) -> None:
    """Let a model's folder take no status; from root nothing is withheld but a name that is taken."""
    bundle.parent.joinpath(status.FOLDER).write_bytes(b"")
