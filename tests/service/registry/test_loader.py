"""A version is loaded where it fits, after a rehearsal in another process that may hang, crash or be given up."""

import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event, Lock, Thread
from typing import Any

import numpy as np
import pytest

from polyparse.bundle.golden import compare
from polyparse.bundle.store import Located, digest
from polyparse.contract.frame import Frame, Utterance
from polyparse.errors import ChecksumMismatch, ManifestInvalid, ModelRunFailed
from polyparse.inference.parser import Parser
from polyparse.runtime.buckets import bucket
from service.memory import RESERVE_BYTES
from service.registry import loader as loaders
from service.registry import rehearsal
from service.registry.errors import LoadCancelled, MemoryShort, RehearsalFailed
from service.registry.load_warm import PAUSE_S, SHAPES, WORDS_S, load_warm, meet_words, warm_up
from service.registry.loaded import Loaded, ServedParser
from service.registry.loader import REMEMBERED, BundleLoader
from service.registry.rehearsal import Rehearsals
from service.registry.turns import Turns
from tests import bundles
from tests.bundles import edit_manifest, write_bundle
from tests.service.fakes import BOUND_S, FakeParser, golden_of

HANG = """
    <ir_version: 10, opset_import: ["" : 21]>
    decode (float[B,T,K] emissions_BTK, bool[B,K] allowed_BK, int32[B] lengths_B)
        => (int64[B,T] path_BT, float[B,T] path_marginals_BT, float[B] log_prob_B)
    {
        for_ever = Constant <value_int = 9223372036854775807> ()
        yes = Constant <value_ints = [1]> ()
        is_true = Cast <to = 9> (yes)
        once = Squeeze (is_true)
        zero = Constant <value_int = 0> ()
        count = Loop (for_ever, once, zero) <body = turn (int64 i, bool before, int64 counted)
            => (bool after, int64 next) { after = Identity (before)
            one = Constant <value_int = 1> ()
            next = Add (counted, one) }>
        path_BT_of = ArgMax <axis = -1, keepdims = 0> (emissions_BTK)
        path_BT = Add (path_BT_of, count)
        axis = Constant <value_ints = [-1]> ()
        path_marginals_BT = ReduceMax <keepdims = 0> (emissions_BTK, axis)
        log_prob_B = ReduceMax <keepdims = 0> (path_marginals_BT, axis)
    }
"""
"""A decode graph that never ends."""


@pytest.fixture
def bundle(tmp_path: Path) -> Located:
    """A sound bundle."""
    folder = write_bundle(tmp_path / "words" / "1")
    return Located(folder, digest(folder))


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Located:
    """A bundle whose files are all in order, and whose inference never ends."""
    monkeypatch.setattr(bundles, "DECODE", HANG)
    folder = write_bundle(tmp_path / "words" / "hanging")
    return Located(folder, digest(folder))


def rehearsals(timeout_s: float = BOUND_S) -> Rehearsals:
    return Rehearsals(device="cpu", batch_tokens=16, timeout_s=timeout_s)


def rehearse(bundle: Located, timeout_s: float = BOUND_S) -> int:
    return rehearsals(timeout_s).rehearse(bundle, Event())


def beside_others(loader: BundleLoader, bundle: Located, beside: ServedParser[Any] | None = None) -> Loaded:
    """Load a version in a thread of its own, as one is that takes over: the thread's priority stays low."""
    beside = beside or object.__new__(FakeParser)
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(loader.load, bundle, beside=beside, is_cancelled=Event()).result(BOUND_S)


def loader(rehearsed: Rehearsals | None = None) -> BundleLoader:
    return BundleLoader(device="cpu", batch_tokens=16, rehearsals=rehearsed)


def answered(loaded: Loaded) -> Frame:
    (frame,) = loaded.parser.run([loaded.parser.prepare(Utterance(loaded.golden.text, None))]).frames
    return frame


def test_the_threshold_of_the_service_is_in_place_of_the_bundles_own(bundle: Located) -> None:
    """And the utterance that readiness asks for is one that is refused then, as it has to be."""
    ood = {"threshold": 0.9, "weights": {"unknown_words": 1.0}, "bias": 0.0}
    edit_manifest(bundle.bundle, ood=ood)
    scored = Located(bundle.bundle, digest(bundle.bundle))
    by_threshold = {
        threshold: BundleLoader(device="cpu", batch_tokens=16, rehearsals=None, ood_threshold=threshold).load(
            scored, beside=None, is_cancelled=Event()
        )
        for threshold in (None, 0.1)
    }
    frames = {threshold: answered(loaded) for threshold, loaded in by_threshold.items()}
    assert frames[None].refused is None
    assert frames[0.1].refused is not None
    assert frames[0.1].refused.reason == "domain"
    for threshold, loaded in by_threshold.items():
        compare(loaded.golden, frames[threshold], file="golden.jsonl")


def test_a_bundle_without_a_score_has_no_threshold_to_move(bundle: Located) -> None:
    moved = BundleLoader(device="cpu", batch_tokens=16, rehearsals=None, ood_threshold=0.0)
    assert answered(moved.load(bundle, beside=None, is_cancelled=Event())).refused is None


def test_a_loaded_version_has_answered_and_says_what_it_is(bundle: Located) -> None:
    loaded = loader().load(bundle, beside=None, is_cancelled=Event())
    assert (loaded.identity.name, loaded.identity.version) == ("words", "1")
    assert loaded.identity.digest == bundle.digest
    assert loaded.golden.text == "wake me at seven"


def test_a_version_that_takes_over_is_rehearsed_and_loaded(bundle: Located) -> None:
    assert beside_others(loader(rehearsals()), bundle).identity.digest == bundle.digest
    assert 0 < rehearse(bundle) < 1e9


def test_a_version_that_was_loaded_before_is_rehearsed_no_more_and_checked_still(tmp_path: Path) -> None:
    """By its digest, however many others were loaded since, up to a bound."""

    class Counted(Rehearsals):
        def rehearse(self, bundle: Located, is_cancelled: Event) -> int:
            rehearsed.append(bundle.bundle.name)
            return 1_000_000

    rehearsed: list[str] = []
    trying = loader(Counted(device="cpu", batch_tokens=16, timeout_s=1))
    folders = [write_bundle(tmp_path / "words" / f"{number}") for number in range(REMEMBERED + 2)]
    first, *others = [Located(folder, digest(folder)) for folder in folders]
    trying.load(first, beside=None, is_cancelled=Event())
    for bundle in (first, *others[:REMEMBERED], first, others[-1], others[0]):
        beside_others(trying, bundle)
    names = [bundle.bundle.name for bundle in others]
    assert rehearsed == [*names[:REMEMBERED], first.bundle.name, names[-1], names[0]]
    others[-1].bundle.joinpath("score.onnx").write_bytes(b"damaged")
    with pytest.raises(ChecksumMismatch):
        beside_others(trying, others[-1])


def test_a_version_that_takes_over_has_met_the_words_of_what_serves(bundle: Located) -> None:
    before = loader().load(bundle, beside=None, is_cancelled=Event()).parser
    texts = ["Wake Anneliese, please!", "... ?!", "jaldi " * 40, "x" * 63 + " zwölf", "日本語"]
    assert isinstance(before, Parser)
    for text in texts:
        before.vectorizer.item(Utterance(text, None))
    after = beside_others(loader(), bundle, before).parser
    assert isinstance(after, Parser)
    misses = after.vectorizer.misses()
    for text in texts:
        after.vectorizer.item(Utterance(text, None))
    assert after.vectorizer.misses() == misses
    assert before.vectorizer.misses() > 0


def test_what_a_load_makes_is_collected_before_it_is_much(bundle: Located) -> None:
    before = loader().load(bundle, beside=None, is_cancelled=Event()).parser
    assert isinstance(before, Parser)
    before.vectorizer.item(Utterance(" ".join(f"word{number}" for number in range(3000)), None))
    most: list[int] = []

    def heard(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] < 2:
            most.append(len(gc.get_objects(0)) + len(gc.get_objects(1)))

    gc.collect()
    gc.callbacks.append(heard)
    thresholds = gc.get_threshold()
    gc.set_threshold(20_000)  # as the service has it
    try:
        made_before = len(gc.get_objects())
        loaded = beside_others(loader(), bundle, before)
        made = len(gc.get_objects()) - made_before
    finally:
        gc.callbacks.remove(heard)
        gc.set_threshold(*thresholds)
    assert loaded.identity.digest == bundle.digest
    assert made > 6000
    assert max(most) < made / 2


def test_words_are_met_a_few_at_a_time() -> None:
    class Listed(FakeParser):
        def meet(self, items, /):  # type: ignore[no-untyped-def]
            runs.append([item.utterance.text for item in items])

    runs: list[list[str]] = []
    chunks = [f"chunk{number}" for number in range(1000)] + ["y" * 64]

    rests: list[float] = []

    def rest(seconds: float) -> None:
        runs.append([])
        rests.append(seconds)

    parser = object.__new__(Listed)
    parser.locales = ("en-US",)
    meet_words(parser, chunks, rest=rest)
    assert " ".join(text for run in runs for text in run).split() == chunks
    assert max(len(text) for run in runs for text in run) <= 64
    assert max(len(run) for run in runs) <= 2
    assert all(not after for after in runs[1::2]), "a pause follows each run"
    assert set(rests) == {PAUSE_S}
    rests.clear()
    meet_words(parser, chunks * 100, rest=rest)
    assert sum(rests) == pytest.approx(WORDS_S)
    meet_words(parser, [], rest=rest)


def test_a_rehearsal_tells_the_reason_and_its_code(bundle: Located) -> None:
    bundle.bundle.joinpath("score.onnx").write_bytes(b"damaged")
    with pytest.raises(RehearsalFailed, match=r"score\.onnx: found 7 bytes.* \(checksum_mismatch\)"):
        beside_others(loader(rehearsals()), bundle)
    with pytest.raises(ChecksumMismatch):
        loader(rehearsals()).load(bundle, beside=None, is_cancelled=Event())


def test_inference_that_gives_nan_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(columns: list[int | None], width: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        return np.full((len(columns), width), np.nan, dtype=np.float32)

    monkeypatch.setattr(bundles, "table", broken)
    folder = write_bundle(tmp_path / "words" / "nan")
    with pytest.raises(ModelRunFailed, match="found nan"):
        loader().load(Located(folder, None), beside=None, is_cancelled=Event())


def test_inference_that_hangs_is_refused_in_time(hanging: Located) -> None:
    with pytest.raises(RehearsalFailed, match="found no end of its load in time"):
        rehearse(hanging, timeout_s=3)


def test_a_rehearsal_that_crashes_says_how(hanging: Located, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(process: subprocess.Popen[bytes], timeout_s: float, is_cancelled: Event) -> None:
        process.send_signal(signal.SIGSEGV)
        process.wait(timeout_s)

    monkeypatch.setattr(rehearsal, "_wait", crash)
    with pytest.raises(RehearsalFailed, match="found signal SIGSEGV from the process that tried it"):
        rehearse(hanging)


def test_a_rehearsal_can_be_given_up_and_leaves_no_process(hanging: Located) -> None:
    is_cancelled, others = Event(), children()
    raised: list[Exception] = []

    def run() -> None:
        try:
            rehearsals().rehearse(hanging, is_cancelled)
        except LoadCancelled as error:
            raised.append(error)

    thread = Thread(target=run)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    is_cancelled.set()
    thread.join(BOUND_S)
    assert len(raised) == 1
    assert children() <= others


def test_a_load_can_be_given_up_between_the_runs_of_its_warm_up(bundle: Located) -> None:
    is_cancelled = Event()
    is_cancelled.set()
    with pytest.raises(LoadCancelled, match="found another wish"):
        loader().load(bundle, beside=None, is_cancelled=is_cancelled)


def test_what_nobody_foresaw_is_told_by_a_rehearsal_too(bundle: Located) -> None:
    code = (
        "import sys; from service.registry import load_warm, rehearsed;"
        "load_warm.load_warm = lambda *_, **__: 1 / 0; rehearsed.main(sys.argv[1:])"
    )
    assert json.loads(output_of(code, bundle)) == {
        "code": "load_failed",
        "message": "found ZeroDivisionError (division by zero), expected a version that loads",
    }


def test_a_rehearsal_looks_for_modules_where_the_service_does(
    bundle: Located, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in the current folder, which may hold another `service`."""
    tmp_path.joinpath("service").mkdir()
    tmp_path.joinpath("service", "__init__.py").write_text("raise ImportError('another service')")
    monkeypatch.chdir(tmp_path)
    assert rehearse(bundle) > 0


def test_a_rehearsal_ends_with_the_process_that_started_it(hanging: Located) -> None:
    """Also where that one is killed, and has no time to say so."""
    code = (
        "import sys; from pathlib import Path; from threading import Event;"
        "from polyparse.bundle.store import Located; from service.registry.rehearsal import Rehearsals;"
        "rehearsals = Rehearsals(device='cpu', batch_tokens=4, timeout_s=60);"
        "rehearsals.rehearse(Located(Path(sys.argv[1]), None), Event())"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(hanging.bundle)]) as parent:  # noqa: S603 - our own
        wait_until(lambda: bool(children(parent.pid)))
        (child,) = children(parent.pid)
        is_first_to_end = Path(f"/proc/{child}/oom_score_adj")
        wait_until(lambda: is_first_to_end.read_text() == "1000\n")  # It is past its own start then.
        parent.kill()
    wait_until(lambda: not is_running(child))


def children(parent: int | str = "self") -> set[int]:
    """The processes that a process has started and that have not ended."""
    tasks = Path(f"/proc/{parent}/task").iterdir()
    return {int(pid) for task in tasks for pid in task.joinpath("children").read_text().split()}


def is_running(pid: int) -> bool:
    """Whether a process has not ended; one that has may still wait to be told of."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    """Look again and again until something holds that another process brings about."""
    ends_s = time.monotonic() + BOUND_S
    while not condition():
        assert time.monotonic() < ends_s
        time.sleep(0.01)


def test_what_does_not_fit_is_refused_before_anything_starts(
    bundle: Located, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaders, "available_bytes_here", lambda: 100_000_000)
    assert loader().load(bundle, beside=None, is_cancelled=Event())
    with pytest.raises(
        MemoryShort, match="found 100 MB of memory free, expected 136 MB for one more version"
    ):
        beside_others(loader(rehearsals()), bundle)


def test_what_takes_more_than_it_seemed_is_refused_after_its_rehearsal(
    bundle: Located, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaders, "available_bytes_here", lambda: 200_000_000)
    monkeypatch.setattr(Rehearsals, "rehearse", lambda *_: 300_000_000)
    with pytest.raises(MemoryShort, match="found 200 MB of memory free, expected 332 MB"):
        beside_others(loader(rehearsals()), bundle)


def test_on_a_device_every_shape_that_a_batch_is_padded_to_is_warm() -> None:
    shapes = set(SHAPES["cuda"](64))
    for tokens in range(1, 65):
        for sequences in range(1, 64 // tokens + 1):
            assert (bucket("T", tokens), bucket("B", sequences)) in shapes
    assert len(list(SHAPES["cuda"](4096))) < 120


def test_the_warm_up_runs_every_size_and_length() -> None:
    shapes = list(SHAPES["cpu"](16))
    assert shapes == [(1, 1), (1, 4), (1, 16), (4, 1), (4, 4), (16, 1)]
    batches: list[tuple[int, int]] = []
    pauses: list[int] = []

    class Listed(FakeParser):
        def run(self, items, /):  # type: ignore[no-untyped-def]
            batches.append((items[0].n_tokens, len(items)))

    parser = object.__new__(Listed)
    parser.locales = ()
    warm_up(parser, [golden_of("two words"), golden_of("one")], shapes, pause=lambda: pauses.append(1))
    assert batches == shapes
    assert len(pauses) == len(batches)


def test_the_process_of_a_rehearsal_is_the_first_to_end_where_memory_is_short(bundle: Located) -> None:
    code = (
        "import os, sys; from service.registry import rehearsed; rehearsed.main(sys.argv[1:]);"
        "print(open('/proc/self/oom_score_adj').read().strip())"
    )
    assert output_of(code, bundle).splitlines()[-1] == "1000"


def output_of(code: str, bundle: Located) -> str:
    """What a process prints that runs some code, with the arguments of a rehearsal."""
    arguments = [str(bundle.bundle), "-", "cpu", "4", "60", str(os.getpid())]
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=BOUND_S, check=True)  # noqa: S603 - our own
    return done.stdout


def test_a_version_that_bears_other_names_than_its_folder_is_refused_where_a_state_names_it(
    tmp_path: Path,
) -> None:
    """Its manifest was signed anew, and the state has its digest: callers would be answered by another name."""
    folder = write_bundle(tmp_path / "words" / "1")
    edit_manifest(folder, version="2")
    for loads in (loader(), loader(rehearsals())):
        with pytest.raises((ManifestInvalid, RehearsalFailed), match=r"found words/2, expected .*words/1"):
            beside_others(loads, Located(folder, digest(folder)))
    assert beside_others(loader(), Located(folder, None)).identity.version == "2"


class Machine:
    """Memory that other loads take, a version each; a load takes its own at its end."""

    def __init__(self, versions: int, bundle: Located, *, at_once: int = 1) -> None:
        self.size = loaders._estimate(bundle)
        self.free = versions * self.size + RESERVE_BYTES
        self._begins = Barrier(at_once)
        self._lock = Lock()

    def load_warm(self, bundle: Located, **options: Any) -> Loaded:
        self._begins.wait(BOUND_S)
        loaded = load_warm(bundle, **options)
        with self._lock:
            self.free -= self.size
        return loaded

    def outcomes(self, bundle: Located, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """How it ends for each of three workers that load the bundle at the same moment."""
        monkeypatch.setattr(loaders, "available_bytes_here", lambda: self.free)
        monkeypatch.setattr(loaders, "load_warm", self.load_warm)
        begin = Barrier(3)

        def load(_: int) -> str:
            worker = BundleLoader(
                device="cpu", batch_tokens=16, rehearsals=None, turns=Turns(folder), workers=3
            )
            begin.wait(BOUND_S)
            try:
                worker.load(bundle, beside=None, is_cancelled=Event())
            except MemoryShort as error:
                return error.code
            return "loaded"

        with ThreadPoolExecutor(3) as threads:
            return sorted(threads.map(load, range(3), timeout=BOUND_S))


def test_workers_that_load_at_once_take_no_more_memory_than_there_is(
    bundle: Located, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(2, bundle)
    outcomes = machine.outcomes(bundle, tmp_path, monkeypatch)
    assert outcomes == ["loaded", "loaded", "memory_short"]
    assert machine.free == RESERVE_BYTES


def test_workers_load_side_by_side_where_there_is_room_for_all(
    bundle: Located, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Machine(6, bundle, at_once=3).outcomes(bundle, tmp_path, monkeypatch) == 3 * ["loaded"]


def test_who_waits_to_load_can_be_given_up(tmp_path: Path) -> None:
    turns, given_up = Turns(tmp_path), Event()
    given_up.set()
    with turns.load(Event()), pytest.raises(LoadCancelled, match="waited for its turn"), turns.load(given_up):
        pass
