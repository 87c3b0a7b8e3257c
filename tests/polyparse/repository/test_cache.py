"""The cache has whole bundles or none: whatever comes is verified, whoever is killed leaves nothing that could be loaded."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle import store as bundles
from polyparse.errors import (
    AccessDenied,
    BundleError,
    CacheBusy,
    ChecksumMismatch,
    DigestMismatch,
    DiskShort,
    FetchCancelled,
    FileMissing,
    ManifestInvalid,
    SchemaTooNew,
)
from polyparse.repository import cache as caches
from polyparse.repository import fetch, known
from polyparse.repository.cache import Cache
from polyparse.repository.cache_lock import hold
from polyparse.repository.folder_store import FolderStore
from polyparse.repository.layout import BundleName
from tests.bundles import edit_manifest, write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from polyparse.repository.cache import Held

ROOT = Path(bundles.__file__).parents[2]


class Site:
    """A repository in a folder, with two versions of one model, and a cache."""

    def __init__(self, folder: Path) -> None:
        self.objects = folder / "objects"
        for version in "12":
            write_bundle(self.objects / "words" / version)
        self.store = FolderStore(self.objects)
        self.cache = Cache(folder / "cache")

    def folder(self, version: str) -> Path:
        return self.objects / "words" / version

    def name(self, version: str = "1") -> BundleName:
        return BundleName("words", version, bundles.digest(self.folder(version)))

    def obtain(self, bundle: BundleName | None = None, is_cancelled: Event | None = None) -> Held:
        bundle = bundle or self.name()
        return self.cache.obtain(bundle, self.store, f"words/{bundle.version}/", is_cancelled)

    def nothing_is_left(self) -> bool:
        return self.cache.layout.entries() == self.cache.layout.partials() == []


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_bundle_comes_by_its_digest_and_comes_once(site: Site) -> None:
    first = site.obtain()
    assert first.folder == site.cache.layout.folder / site.name().digest / "words" / "1"
    bundles.verify(first.folder, digest=site.name().digest)
    bundle = site.name()
    shutil.rmtree(site.objects)
    assert site.obtain(bundle).folder == first.folder


def test_two_bundles_of_one_name_stand_side_by_side(site: Site) -> None:
    before = site.obtain().folder
    edit_manifest(site.folder("1"), locales=["en-US"])
    after = site.obtain().folder
    assert before != after
    assert [path.name for path in (before, after)] == ["1", "1"]


def test_more_than_one_piece_makes_a_file(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "CHUNK", 7)
    bundles.verify(site.obtain().folder)


def cut(site: Site) -> None:
    file = site.folder("1") / "score.onnx"
    file.write_bytes(file.read_bytes()[:-1])


def lengthen(site: Site) -> None:
    with site.folder("1").joinpath("score.onnx").open("ab") as stream:
        stream.write(b"!")
    file = site.folder("1") / "score.onnx"
    file.write_bytes(b"!" + file.read_bytes())


def empty(site: Site) -> None:
    site.folder("1").joinpath("score.onnx").write_bytes(b"")


def change(site: Site) -> None:
    file = site.folder("1") / "score.onnx"
    file.write_bytes(file.read_bytes()[::-1])


def lose(site: Site) -> None:
    site.folder("1").joinpath("score.onnx").unlink()


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (cut, ChecksumMismatch),
        (lengthen, ChecksumMismatch),
        (empty, ChecksumMismatch),
        (change, ChecksumMismatch),
        (lose, FileMissing),
    ],
)
def test_a_repository_that_gives_other_bytes_is_refused_by_the_name_of_the_object(
    site: Site, damage: Callable[[Site], None], error: type[BundleError]
) -> None:
    bundle, sound = site.name(), site.folder("1").joinpath("score.onnx").read_bytes()
    damage(site)
    with pytest.raises(error, match=r"file://.*/words/1/score\.onnx: found "):
        site.obtain(bundle)
    assert site.nothing_is_left()
    site.folder("1").joinpath("score.onnx").write_bytes(sound)
    bundles.verify(site.obtain(bundle).folder)


@pytest.mark.parametrize(
    ("edit", "error"),
    [
        ({"schema_version": 99}, SchemaTooNew),
        ({"version": "2"}, ManifestInvalid),
        ({"files": {"../../x": {"size": 1, "sha256": "0" * 64}}}, ManifestInvalid),
    ],
)
def test_a_manifest_that_is_not_known_or_not_this_version_s_fetches_nothing(
    site: Site, edit: dict[str, object], error: type[BundleError]
) -> None:
    edit_manifest(site.folder("1"), **edit)
    with pytest.raises(error):
        site.obtain()
    assert site.nothing_is_left()


def test_a_manifest_of_another_digest_is_refused(site: Site) -> None:
    bundle = site.name()
    edit_manifest(site.folder("1"), locales=["en-US"])
    with pytest.raises(DigestMismatch, match=r"expected .*: it was changed, or is being copied"):
        site.obtain(bundle)


@pytest.mark.parametrize(
    "bundle",
    [
        BundleName("..", "1", "0" * 64),
        BundleName("words", "../../x", "0" * 64),
        BundleName("words", "1", "../../../x"),
        BundleName("words", "1", "0" * 63),
        BundleName("words", "1", "0" * 64 + "\n"),
        BundleName("words", ".partial", "0" * 64),
    ],
)
def test_no_name_leads_out_of_the_cache(site: Site, bundle: BundleName) -> None:
    with pytest.raises(DigestMismatch, match="expected"):
        site.obtain(bundle)
    assert not site.cache.layout.folder.exists()


def test_what_was_damaged_in_the_cache_is_fetched_anew(site: Site) -> None:
    held = site.obtain()
    held.hold.release()
    held.folder.joinpath("score.onnx").write_bytes(b"damaged")
    again = site.obtain()
    bundles.verify(again.folder)
    again.folder.joinpath("score.onnx").write_bytes(b"damaged")
    with pytest.raises(CacheBusy, match="found a damaged bundle that other processes hold"):
        site.obtain()


def test_a_fetch_that_is_wished_no_more_ends_and_leaves_nothing(site: Site) -> None:
    cancelled = Event()
    cancelled.set()
    with pytest.raises(FetchCancelled):
        site.obtain(is_cancelled=cancelled)
    assert site.nothing_is_left()


def test_who_waits_for_another_process_gets_its_bundle(site: Site) -> None:
    site.cache.layout.make()
    other = hold(site.cache.layout.lock(site.name().digest), alone=True)
    assert other is not None
    found: list[Held] = []
    waiter = Thread(target=lambda: found.append(site.obtain()))
    waiter.start()
    copy = site.cache.layout.bundle(site.name())
    shutil.copytree(site.folder("1"), copy)
    shutil.rmtree(site.objects)
    site_name = BundleName("words", "1", bundles.digest(copy))
    other.release()
    waiter.join(30)
    assert [held.folder for held in found] == [site.cache.layout.bundle(site_name)]


def test_who_waits_does_not_wait_for_ever(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "FETCH_WAIT_S", 0.0)
    site.cache.layout.make()
    with hold(site.cache.layout.lock(site.name().digest), alone=True) or pytest.fail("it is free"):
        with pytest.raises(CacheBusy, match="found another process that fetches words/1"):
            site.obtain()
        with pytest.raises(CacheBusy):
            site.obtain()


class TestRoom:
    def test_the_bound_holds_and_what_is_wanted_stays(self, site: Site) -> None:
        held = site.obtain()
        size = sum(entry.bytes for entry in site.cache.layout.entries())
        held.hold.release()
        state = json.dumps({"stable": {"version": "1", "digest": site.name().digest}}).encode()
        known.remember(site.cache.layout, "file:///x/words", state, known.SERVED)
        small = Cache(site.cache.layout.folder, limit_bytes=size + 1)
        with pytest.raises(DiskShort, match=f"found {size} bytes .* within {size + 1}: --cache-bytes"):
            small.obtain(site.name("2"), site.store, "words/2/")
        assert small.find(site.name()) is not None
        known.remember(site.cache.layout, "file:///x/words", b"{}", known.SERVED)

    def test_an_old_bundle_makes_room_for_a_new_one(self, site: Site) -> None:
        site.obtain().hold.release()
        size = sum(entry.bytes for entry in site.cache.layout.entries())
        small = Cache(site.cache.layout.folder, limit_bytes=size + 100)
        small.obtain(site.name("2"), site.store, "words/2/")
        assert [entry.digest for entry in small.layout.entries()] == [site.name("2").digest]

    def test_a_disk_that_is_full_is_found_out_before_anything_is_fetched(self, site: Site) -> None:
        with largest_file(100), pytest.raises(DiskShort, match=r"found no room .*File too large"):
            site.obtain()
        assert site.nothing_is_left()
        site.obtain()

    def test_a_cache_that_cannot_be_made_names_its_folder(self, site: Site, tmp_path: Path) -> None:
        tmp_path.joinpath("file").write_text("")
        cache = Cache(tmp_path / "file" / "cache")
        with pytest.raises(AccessDenied, match="file/cache: found no place for a cache"):
            cache.obtain(site.name(), site.store, "words/1/")


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """What a full disk does, done by a limit of the process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from polyparse.repository import fetch
    from polyparse.repository.cache import Cache
    from polyparse.repository.folder_store import FolderStore
    from polyparse.repository.layout import BundleName

    fetch.CHUNK = 500
    objects, folder, digest = sys.argv[1:]

    def obtain(kill_at):
        steps = 0

        def kill(event, arguments):
            nonlocal steps
            if event == "fcntl.flock" or (arguments and str(arguments[0]).startswith((objects, folder))):
                steps += 1
                if steps == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(kill)
        Cache(Path(folder)).obtain(BundleName("words", "1", digest), FolderStore(Path(objects)), "words/1/")
        os._exit(0)

    for line in sys.stdin:
        process = os.fork() or obtain(int(line))
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""
"""Per line of input, obtains a bundle in a process of its own that is killed before its n-th step on files, the reading of
each piece of 500 bytes included."""


def test_a_process_that_is_killed_at_any_step_leaves_a_whole_bundle_or_none(site: Site) -> None:
    layout, bundle = site.cache.layout, site.name()
    arguments = [str(site.objects), str(layout.folder), bundle.digest]
    command = [sys.executable, "-c", textwrap.dedent(KILLED), *arguments]
    status, step, was_whole = -9, 0, False
    with subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as killer:  # noqa: S603 - ours
        assert killer.stdin is not None
        assert killer.stdout is not None
        while status == -9:
            step += 1
            shutil.rmtree(layout.folder, ignore_errors=True)
            killer.stdin.write(f"{step}\n")
            killer.stdin.flush()
            status = int(killer.stdout.readline())
            is_whole = layout.bundle(bundle).exists()
            assert was_whole <= is_whole
            was_whole = is_whole
            if is_whole:
                bundles.verify(layout.bundle(bundle), digest=bundle.digest)
            held = site.obtain()
            bundles.verify(held.folder)
            assert layout.partials() == []
            held.hold.release()
    assert status == 0
    assert step > 30


SHARED = """
    import os, sys
    from pathlib import Path
    from polyparse.bundle import store as bundles
    from polyparse.repository.cache import Cache
    from polyparse.repository.folder_store import FolderStore
    from polyparse.repository.layout import BundleName

    class Counted(FolderStore):
        def read_range(self, key, start, end):
            with open(sys.argv[4], "a") as log:
                log.write(key + "\\n")
            return super().read_range(key, start, end)

    objects, folder, digest = sys.argv[1:4]
    children = []
    for _ in range(8):
        if (child := os.fork()) == 0:
            store = Counted(Path(objects))
            held = Cache(Path(folder)).obtain(BundleName("words", "1", digest), store, "words/1/")
            bundles.verify(held.folder)
            os._exit(0)
        children.append(child)
    print(sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""


def test_of_several_processes_one_fetches_and_all_have_it(site: Site, tmp_path: Path) -> None:
    log = tmp_path / "log"
    arguments = [str(site.objects), str(site.cache.layout.folder), site.name().digest, str(log)]
    command = [sys.executable, "-c", textwrap.dedent(SHARED), *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=PIPE, text=True, timeout=60, check=True)  # noqa: S603 - ours
    assert done.stdout == "0\n"
    keys = log.read_text(encoding="utf-8").splitlines()
    assert len(keys) == len(set(keys))


BOUNDED = """
    import os, sys
    from pathlib import Path
    from threading import Event
    from polyparse.bundle import store as bundles
    from polyparse.errors import DiskShort
    from polyparse.repository import fetch
    from polyparse.repository.cache import Cache
    from polyparse.repository.cache_lock import wait_for
    from polyparse.repository.folder_store import FolderStore
    from polyparse.repository.layout import BundleName

    fetch.CHUNK = 500
    ROUNDS = 40
    objects, folder, limit, *digests = sys.argv[1:]
    cache, store = Cache(Path(folder), limit_bytes=int(limit)), FolderStore(Path(objects))

    def bytes_taken():
        with wait_for(cache.layout.room, timeout_s=60, is_cancelled=Event()):
            coming = {entry.digest: entry.bytes for entry in cache.layout.partials()}
            return sum((coming | {entry.digest: entry.bytes for entry in cache.layout.entries()}).values())

    def go_round(step):
        before, refused = None, 0
        for turn in range(ROUNDS):
            number = (turn * step) % len(digests)
            try:
                held = cache.obtain(BundleName("words", str(number), digests[number]), store, f"words/{number}/")
            except DiskShort:
                refused += 1
                continue
            for each in (before, held):
                if each is not None:
                    bundles.verify(each.folder)
            assert bytes_taken() <= int(limit), (bytes_taken(), limit)
            if before is not None:
                before.hold.release()
            before = held
        assert refused < ROUNDS, refused

    children = []
    for step in (1, 3):
        if (child := os.fork()) == 0:
            status = 1
            try:
                go_round(step)
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""
"""Two processes obtain one bundle after the other, each in an order of its own, and hold the last two, where three fit."""


def test_processes_that_fetch_different_bundles_keep_the_bound_and_what_the_other_holds(
    site: Site, tmp_path: Path
) -> None:
    shutil.rmtree(site.objects)
    digests = [bundles.digest(write_bundle(site.objects / "words" / str(number))) for number in range(5)]
    size = sum(path.stat().st_size for path in site.folder("0").iterdir())
    arguments = [str(site.objects), str(site.cache.layout.folder), str(3 * size + size // 2), *digests]
    command = [sys.executable, "-c", textwrap.dedent(BOUNDED), *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=PIPE, text=True, timeout=60, check=True)  # noqa: S603 - ours
    assert done.stdout == "[0, 0]\n"
    assert site.cache.layout.partials() == []


def test_a_bundle_that_is_evicted_while_it_is_loaded_goes_on_answering(site: Site) -> None:
    from polyparse.contract.frame import Utterance  # noqa: PLC0415
    from polyparse.runtime.load import load  # noqa: PLC0415

    held = site.obtain()
    loaded = load(held.folder, device="cpu")
    golden = loaded.golden()
    held.hold.release()
    assert [removed.digest for removed in site.cache.collect(is_dry_run=False)] == [site.name().digest]
    assert not held.folder.exists()
    (frame,) = loaded.parser.parse([Utterance(golden[0].text, golden[0].locale)])
    assert frame.text == golden[0].text


def test_a_bundle_that_a_live_process_holds_is_not_collected(site: Site) -> None:
    site.obtain()
    assert list(site.cache.collect(is_dry_run=False)) == []
    assert os.listdir(site.cache.layout.folder / site.name().digest) == ["words"]  # noqa: PTH208
