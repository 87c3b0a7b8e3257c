"""A repository on a real server of S3's protocol: pushed to, promoted, served, and failing in the ways of networks."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from polyparse.bundle import release
from polyparse.bundle import store as bundles
from polyparse.bundle.release import Edit
from polyparse.cli.main import main
from polyparse.errors import AccessDenied, EditsUnsafe, StateChanged, VersionTaken
from polyparse.repository.cache import Cache
from polyparse.repository.fsspec_store import FsspecStore
from polyparse.repository.probe import check_conditional_puts
from polyparse.repository.push import push
from polyparse.repository.repository import opened
from polyparse.repository.store import Lost
from tests.bundles import edit_manifest, write_bundle
from tests.integration.faulty_network import Network, network
from tests.integration.seaweed import BUCKET, READER, STRANGER, WRITER, Key, environment, running
from tests.integration.server import TIMEOUT_S, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from polyparse.repository.remote_model import RemoteModel

    Capture = pytest.CaptureFixture[str]
    Patch = pytest.MonkeyPatch

pytestmark = pytest.mark.needs_tools("weed", "s3fs")

AT = "2026-01-01T12:00:00+00:00"
ROOT = Path(release.__file__).parents[2]
CONVERGED_S = 5.0
EDITORS = 50
TEXT = "wake me at seven"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running(tmp_path_factory.mktemp("weed")) as started:
        yield started


class Site:
    """A repository of one model, words, of three versions of which 1 serves, and a cache; each test has its own."""

    def __init__(self, port: int, folder: Path, patch: Patch) -> None:
        self.port, self._patch = port, patch
        self.url = f"s3://{BUCKET}/{uuid4()}"
        self.built, self.cache = folder / "built" / "words", folder / "cache"
        self.log = folder / "log"
        self.use(port)
        for version in "123":
            push(self.store(), "words", version, write_bundle(self.built / version))
        self.promote("1")

    def use(self, port: int, key: Key = WRITER) -> None:
        """Reach the server by this port, with this key, from now on."""
        for name, value in environment(port, key).items():
            self._patch.setenv(name, value)

    def store(self) -> FsspecStore:
        return FsspecStore(self.url)

    def model(self) -> RemoteModel:
        """For edits, as from another machine: with a cache of its own."""
        return opened(self.url, Cache(self.cache.with_name("editors"))).model("words")

    def promote(self, version: str, *, by: str = "ann") -> None:
        model = self.model()
        release.promote(model, version, Edit(release.decide_on(model), by, AT))

    def models(self, *argv: str) -> int:
        return main(["models", *argv, "--models", self.url, "--cache", str(self.cache)])

    def serving(self, *flags: str) -> Serving:
        return Serving(self, flags)

    def digest(self, version: str) -> str:
        return bundles.digest(self.built / version)


class Serving:
    """A server of the repository, for the length of a `with`."""

    def __init__(self, site: Site, flags: tuple[str, ...]) -> None:
        self._site, self._flags, self._stack = site, flags, ExitStack()

    def __enter__(self) -> Server:
        flags = ("--cache", str(self._site.cache), "--rehearsal", "off", *self._flags)
        return self._stack.enter_context(serving(self._site.url, self._site.log, *flags))

    def __exit__(self, *_: object) -> None:
        self._stack.close()


@pytest.fixture
def site(port: int, tmp_path: Path, monkeypatch: Patch) -> Site:
    return Site(port, tmp_path, monkeypatch)


@pytest.fixture
def faulty(port: int) -> Iterator[Network]:
    with network(port) as made:
        yield made


def version(server: Server) -> str:
    actual: str = server.parse(TEXT).body["model"]["version"]
    return actual


def serves(server: Server, name: str) -> bool:
    return version(server) == name


def metric(server: Server, name: str) -> float:
    lines: list[str] = server.get("/metrics").body.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


class TestStore:
    def test_conditions_of_puts_hold(self, site: Site) -> None:
        store = site.store()
        check_conditional_puts(store)
        store.put_new("x", b"1")
        with pytest.raises(Lost):
            store.put_new("x", b"2")
        first = store.tag("x") or ""
        store.put_if("x", b"3", first)
        with pytest.raises(Lost):
            store.put_if("x", b"4", first)
        with pytest.raises(Lost):
            store.put_if("absent", b"5", first)
        assert store.read("x") == b"3"
        assert store.read_range("x", 0, 10) == b"3"
        assert (store.read("absent"), store.tag("absent")) == (None, None)
        store.remove("x")
        store.remove("x")
        assert store.keys("nothing/") == []

    def test_a_large_file_is_pushed_whole(self, site: Site, tmp_path: Path) -> None:
        """Of more than one part."""
        file = tmp_path / "large"
        file.write_bytes(os.urandom(1_000_000) * 60)
        store = site.store()
        store.upload(file, "large")
        assert store.read("large") == file.read_bytes()

    def test_it_says_when_an_object_was_put(self, site: Site) -> None:
        store, before_s = site.store(), time.time() - 5
        store.put("words/.status/a.json", b"1")
        ((key, written_s),) = store.written_s("words/.status/").items()
        assert (key, store.written_s("nothing/")) == ("words/.status/a.json", {})
        assert written_s is not None
        assert before_s < written_s < time.time() + 5

    def test_of_two_bundles_that_are_pushed_at_once_as_one_version_one_wins_whole(
        self, site: Site, tmp_path: Path
    ) -> None:
        rivals, barrier = [write_bundle(tmp_path / side / "words" / "9") for side in "ab"], Barrier(2)
        edit_manifest(rivals[1], locales=["en-US"])

        def pushed(bundle: Path) -> str:
            store = site.store()
            barrier.wait(timeout=TIMEOUT_S)
            try:
                return push(store, "words", "9", bundle)
            except VersionTaken as error:
                return error.code

        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(pushed, rivals))
        (winner,) = set(outcomes) - {"version_taken"}
        assert bundles.digest(site.model().bundle("9")) == winner
        assert site.store().keys("words/.pushes/") == []

    def test_a_key_that_is_not_known_is_refused_by_the_place(self, site: Site) -> None:
        site.use(site.port, STRANGER)
        with pytest.raises(AccessDenied, match=rf"{site.url}/words/state\.json: found "):
            site.store().read("words/state.json")

    def test_a_key_that_may_only_read_makes_no_edit(self, site: Site) -> None:
        site.use(site.port, READER)
        with pytest.raises(AccessDenied, match="expected keys that allow this"):
            site.promote("2")
        assert release.decide_on(site.model()).generation == 1


class TestCommands:
    def test_a_version_goes_from_a_folder_to_serving_and_back(self, site: Site, capsys: Capture) -> None:
        bundle = write_bundle(site.built / "4")
        assert site.models("push", "words", "4", "--from", str(bundle)) == 0
        assert site.models("verify", "words", "4") == 0
        assert site.models("promote", "words", "4", "--by", "ann") == 0
        assert site.models("canary", "words", "2", "--percent", "5") == 0
        assert site.models("canary", "words", "--stop") == 0
        assert site.models("rollback", "words") == 0
        capsys.readouterr()
        assert site.models("list") == 0
        rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
        assert [(row[1], row[2] == "yes") for row in rows] == [
            ("1", True),
            ("2", False),
            ("3", False),
            ("4", False),
        ]
        assert site.models("history", "words") == 0
        rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
        assert [row[1] for row in rows] == ["rollback", "canary-stop", "canary", "promote", "promote"]
        assert main(["parse", TEXT, "--models", site.url, "--cache", str(site.cache)]) == 0

    def test_a_version_that_is_another_bundle_is_not_overwritten(self, site: Site, capsys: Capture) -> None:
        bundle = site.built / "1"
        bundle.joinpath("manifest.json").write_bytes(bundle.joinpath("manifest.json").read_bytes() + b"\n")
        assert site.models("push", "words", "1", "--from", str(bundle)) == 2
        assert "versions do not change" in capsys.readouterr().err

    def test_gc_says_what_it_removes(self, site: Site) -> None:
        polyparse = [sys.executable, "-m", "polyparse", "models"]
        verify = [*polyparse, "verify", "--models", site.url, "--cache", str(site.cache)]
        subprocess.run(verify, cwd=ROOT, timeout=TIMEOUT_S, check=True)  # noqa: S603 - ours
        command = [*polyparse, "gc", "--cache", str(site.cache)]
        printed = [
            subprocess.run(  # noqa: S603 - ours
                [*command, *flags], cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=True
            )
            for flags in (["--dry-run"], [], [])
        ]
        dry, wet, again = (done.stdout.splitlines() for done in printed)
        assert [line.replace("would remove", "removed") for line in dry] == wet
        assert len(dry) >= 3
        assert again == ["removed 0 bytes in all"]


class TestServing:
    def test_what_is_promoted_serves_in_every_process_within_five_seconds(
        self, site: Site, capsys: Capture
    ) -> None:
        with site.serving() as server:
            assert version(server) == "1"
            site.promote("2")
            promoted_s = time.monotonic()
            server.until(lambda: version(server) == "2")
            assert time.monotonic() - promoted_s < CONVERGED_S
            assert server.parse(TEXT).body["model"]["digest"] == site.digest("2")
            server.until(lambda: [each.generation for each in site.model().statuses()] == [2])
            assert site.models("list") == 0
            assert re.search(r"^\S+ +words +2 .* 2 serving, 1 ready$", capsys.readouterr().out, re.MULTILINE)
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(TIMEOUT_S) == 0
        assert site.model().statuses() == []

    def test_a_key_that_may_only_read_serves_and_says_once_what_it_cannot(self, site: Site) -> None:
        site.use(site.port, READER)
        with site.serving() as server:
            site.use(site.port)
            for name in "23":
                site.promote(name)
                server.until(partial(serves, server, name))
            assert server.log().count("`models list` will not show what this process does") <= 3
        assert site.model().statuses() == []

    def test_a_state_or_manifest_of_a_later_schema_is_refused_and_what_serves_goes_on(
        self, site: Site
    ) -> None:
        store = site.store()
        with site.serving() as server:
            content = store.read("words/state.json") or b""
            store.put("words/state.json", b'{"schema": 3, "wished": []}')
            server.until(lambda: metric(server, "polyparse_swap_state_readable") == 0)
            assert "a later polyparse wrote it" in server.log()
            assert version(server) == "1"
            store.put("words/state.json", content)
            server.until(lambda: metric(server, "polyparse_swap_state_readable") == 1)
            manifest = (store.read("words/2/manifest.json") or b"").replace(
                b'"schema_version": 2', b'"schema_version": 99'
            )
            store.put("words/2/manifest.json", manifest)
            import hashlib  # noqa: PLC0415

            state = content.replace(site.digest("1").encode(), hashlib.sha256(manifest).hexdigest().encode())
            store.put("words/state.json", state.replace(b'"version": "1"', b'"version": "2"'))
            server.until(lambda: "found schema_version 99" in server.log())
            assert version(server) == "1"
            assert metric(server, "polyparse_swap_state_readable") == 1


class TestFaults:
    def test_a_repository_that_cannot_be_reached_at_the_start_lets_what_served_last_serve(
        self, site: Site, faulty: Network
    ) -> None:
        with site.serving() as server:
            assert version(server) == "1"
        faulty.is_cut = True
        site.use(faulty.port)
        with site.serving() as server:
            assert version(server) == "1"
            assert metric(server, "polyparse_swap_generation") == 1
            assert "what served last serves" in server.log()
            server.until(lambda: metric(server, "polyparse_swap_state_readable") == 0)
            site.use(site.port)
            site.promote("2")
            faulty.is_cut = False
            server.until(lambda: version(server) == "2")
            server.until(lambda: metric(server, "polyparse_swap_state_readable") == 1)

    def test_one_that_is_lost_in_the_middle_is_said_once_and_followed_when_it_is_back(
        self, site: Site, faulty: Network
    ) -> None:
        site.use(faulty.port)
        with site.serving() as server:
            faulty.is_cut = True
            server.until(lambda: metric(server, "polyparse_swap_state_readable") == 0)
            assert version(server) == "1"
            site.use(site.port)
            site.promote("2")
            assert version(server) == "1"
            faulty.is_cut = False
            back_s = time.monotonic()
            server.until(lambda: version(server) == "2")
            assert time.monotonic() - back_s < CONVERGED_S
            assert server.log().count("state refused, the last good one holds") <= 2

    def test_a_slow_one_is_waited_for_while_the_old_version_serves(self, site: Site, faulty: Network) -> None:
        site.use(faulty.port)
        with site.serving() as server:
            site.use(site.port)
            faulty.pause_s = 0.2
            site.promote("2")
            assert version(server) == "1"
            server.until(lambda: version(server) == "2")

    def test_half_a_file_is_no_version_until_it_is_whole(self, site: Site) -> None:
        store = site.store()
        content = store.read("words/2/score.onnx") or b""
        site.promote("1")
        with site.serving() as server:
            site.promote("2")
            store.put("words/2/score.onnx", content[:-1])
            store.put("words/3/score.onnx", content[:-1])
            decided_on = release.decide_on(site.model())
            assert decided_on.content is not None
            state = decided_on.content.replace(site.digest("2").encode(), site.digest("3").encode())
            store.put("words/state.json", state.replace(b'"version": "2"', b'"version": "3"'))
            server.until(lambda: re.search(r"words/3/score\.onnx: found \d+ bytes", server.log()))
            assert version(server) in "12"
            store.put("words/3/score.onnx", (site.built / "3" / "score.onnx").read_bytes())
            server.until(lambda: version(server) == "3")

    def test_keys_that_are_taken_away_leave_what_serves(self, site: Site) -> None:
        with site.serving():
            pass
        site.use(site.port, STRANGER)
        with site.serving() as server:
            assert version(server) == "1"
            server.until(
                lambda: "(access_denied)" in server.log() or "expected keys that allow" in server.log()
            )

    @pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.8])
    def test_a_fetch_that_is_killed_leaves_nothing_that_could_be_loaded(
        self, site: Site, faulty: Network, share: float
    ) -> None:
        """After such a share of the bytes that an undisturbed one takes."""
        site.use(faulty.port)
        parse = [sys.executable, "-m", "polyparse", "parse", TEXT, "--models", site.url, "--cache"]
        undisturbed = [*parse, str(site.cache.with_name("other"))]
        subprocess.run(undisturbed, cwd=ROOT, stdout=subprocess.DEVNULL, timeout=TIMEOUT_S, check=True)  # noqa: S603 - ours
        whole, faulty.pause_s = faulty.passed, 0.05
        with subprocess.Popen([*parse, str(site.cache)], cwd=ROOT, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - ours
            assert faulty.wait_for(whole + round(share * whole), TIMEOUT_S), (whole, faulty.passed)
            process.kill()
        layout = Cache(site.cache).layout
        for entry in layout.entries():
            bundles.verify(layout.entry(entry.digest) / "words" / "1", digest=entry.digest)
        faulty.pause_s = 0
        with site.serving() as server:
            assert version(server) == "1"
        assert layout.partials() == []


EDITOR = """
    import os, sys
    from pathlib import Path
    from polyparse.bundle import release
    from polyparse.bundle.release import Edit
    from polyparse.errors import StateChanged
    from polyparse.repository.cache import Cache
    from polyparse.repository.repository import opened
    import s3fs

    url, cache, editors, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    for round in range(rounds):
        ready_in, ready_out = os.pipe()
        go_in, go_out = os.pipe()
        won_in, won_out = os.pipe()
        children = []
        for number in range(editors):
            if (child := os.fork()) == 0:
                os.close(go_out)
                model = opened(url, Cache(Path(cache))).model("words")
                decided_on = release.decide_on(model)
                os.write(ready_out, b".")
                os.read(go_in, 1)
                hour = number % 24  # Clocks of nodes say what they like.
                try:
                    edit = Edit(decided_on, "same@name", f"2026-01-01T{hour:02}:00:00+00:00")
                    release.promote(model, "23"[round % 2], edit)
                    os.write(won_out, b".")
                    os._exit(0)
                except StateChanged:
                    os._exit(0)
                except BaseException as error:
                    print(repr(error), file=sys.stderr, flush=True)
                    os._exit(1)
            children.append(child)
        os.close(go_in)
        for _ in range(editors):
            os.read(ready_in, 1)
        os.close(go_out)
        statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        os.close(won_out)
        print(sum(statuses), len(os.read(won_in, 1000)), flush=True)
"""
"""Editors decide on the same state, wait for each other, and edit at once; prints how many failed and how many won."""


@pytest.mark.parametrize("place", ["s3", "folder"])
def test_of_fifty_processes_that_promote_at_once_one_wins_each_generation(
    site: Site, place: str, tmp_path: Path
) -> None:
    url = site.url
    if place == "folder":
        release.promote(site.built, "1", Edit(release.decide_on(site.built), "ann", AT))
        url = f"file://{site.built.parent}"
    command = [sys.executable, "-c", textwrap.dedent(EDITOR), url, str(tmp_path / "edits"), str(EDITORS), "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)  # noqa: S603 - ours
    assert done.stdout.splitlines() == ["0 1", "0 1"], done.stderr
    model = opened(url, Cache(site.cache)).model("words")
    entries = model.history().entries
    assert [entry.generation for entry in entries] == [1, 2, 3]
    assert [entry.version for entry in entries] == ["1", "2", "3"]


def test_a_store_that_ignores_conditions_takes_no_edit(site: Site) -> None:
    """As some servers of the protocol do: asked through a client that sends none."""

    class Overwrites(FsspecStore):
        def put_if(self, key: str, content: bytes, tag: str) -> None:
            self.put(key, content)

    model = site.model()
    model._store = Overwrites(site.url)
    with pytest.raises(EditsUnsafe):
        release.promote(model, "2", Edit(release.decide_on(model), "ann", AT))
    assert release.decide_on(model).generation == 1


def test_two_nodes_whose_clocks_differ_edit_in_the_order_of_their_edits(site: Site) -> None:
    for name, at in (("2", "2031-01-01T00:00:00+00:00"), ("3", "2021-01-01T00:00:00+00:00")):
        model = site.model()
        before = release.decide_on(model)
        release.promote(model, name, Edit(before, "ann", at))
        with pytest.raises(StateChanged):
            release.promote(model, "1", Edit(before, "bob", "2040-01-01T00:00:00+00:00"))
    assert [entry.version for entry in site.model().history().entries] == ["1", "2", "3"]
