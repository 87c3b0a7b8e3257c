"""A damaged file of a checkpoint is refused in one line by its name, whatever is in it, and nothing is written."""

from __future__ import annotations

import io
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from polyparse.cli.main import main
from tests.language_screens import screen_of
from tests.train.corpus import write_massive
from tests.train.tiny import SETTINGS
from train.checkpoint import Checkpoint
from train.finished import parser_of
from train.postprocessing.calibration_data import calibration_data_of
from train.postprocessing.held_out import HeldOut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _pytest.mark import ParameterSet
    from numpy.typing import NDArray

    Damage = Callable[[bytes], bytes]


def npy(array: NDArray[np.generic]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(**arrays: NDArray[np.generic]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def pt(value: object) -> bytes:
    stream = io.BytesIO()
    torch.save(value, stream)
    return stream.getvalue()


def flipped(content: bytes) -> bytes:
    """With every bit of the middle turned over, as a bad sector has it."""
    third = len(content) // 3
    return content[:third] + bytes(255 - byte for byte in content[third:-third]) + content[-third:]


ANY: dict[str, Damage] = {
    "empty": lambda _: b"",
    "cut short": lambda content: content[: len(content) // 2],
    "flipped": flipped,
    "zeros": lambda content: bytes(len(content)),
    "not UTF-8": lambda _: b'{"a": "\xe9"}\n',
}
JSON: dict[str, Damage] = {
    "null": lambda _: b"null\n",
    "a list": lambda _: b"[1]\n",
    "deep": lambda _: 100_000 * b"[" + b"\n",
    "a surrogate": lambda _: b'{"\\ud800": 1}\n',
}
HUGE = (
    b"\x93NUMPY\x01\x00v\x00"
    + b"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999,)}".ljust(117)
    + b"\n"
)
NPY: dict[str, Damage] = {
    "words": lambda _: npy(np.array(["a", "b"])),
    "another shape": lambda _: npy(np.zeros((2, 3), dtype=np.float32)),
    "a row too few": lambda _: npy(np.zeros(1, dtype=np.float32)),
    "objects": lambda _: npy(np.array([{}, []], dtype=object)),
    "huge": lambda _: HUGE,
}
NPZ: dict[str, Damage] = {
    "other arrays": lambda _: npz(a=np.zeros(2)),
    "a single array": NPY["another shape"],
    "other shapes": lambda _: npz(
        weights_VC=np.zeros((2, 3)), squares_V=np.zeros(2), bias_C=np.zeros(4), rows_N=np.zeros(3)
    ),
    "one of the arrays": lambda _: npz(bias_C=np.zeros(4), rows_N=np.zeros(3)),
    "of another run": lambda _: npz(weights_VC=np.zeros((2, 5)), squares_V=np.zeros(2), bias_C=np.zeros(5)),
}
PT: dict[str, Damage] = {
    "a list": lambda _: pt([1]),
    "nothing": lambda _: pt({}),
    "numbers": lambda content: pt(dict.fromkeys(torch.load(io.BytesIO(content)), 1)),
    "other shapes": lambda content: pt(dict.fromkeys(torch.load(io.BytesIO(content)), torch.zeros(3))),
    "code": lambda _: pt(Path("x")),
}
FINISHED = {
    "run.json": JSON,
    "labels.json": JSON,
    "vocabulary.json": JSON,
    "routing.json": JSON,
    "ood.json": JSON,
    "dev.jsonl": JSON,
    "features.npy": NPY,
    "intent_bias.npy": NPY,
    "classifier.npz": NPZ,
    "training_text.npz": NPZ,
    "languages.npz": NPZ,
    "held_out.npz": NPZ,
    "network-0.pt": PT,
}
"""Files of a finished run that an export reads, and what more can be wrong with each."""
STOPPED = {"training-0.pt": PT, "word_vectors.npz": NPZ, "vocabulary.json": JSON, "labels.json": JSON}
"""Files of a run that was stopped, which goes on from them."""


def cases(files: dict[str, dict[str, Damage]]) -> list[ParameterSet]:
    return [
        pytest.param(name, damage, id=f"{name}, {kind}")
        for name, more in files.items()
        for kind, damage in {**ANY, **more}.items()
        if not (kind == "flipped" and name.endswith(".npy"))  # its numbers are as good as any
    ]


@pytest.fixture(scope="module")
def finished(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with every file that one may have."""
    folder = tmp_path_factory.mktemp("damaged") / "run"
    shutil.copytree(checkpoint.folder, folder)
    run = Checkpoint(folder)
    classifier = run.classifier()
    assert classifier is not None
    run.save("intent_bias", np.zeros(classifier.n_classes, dtype=np.float32))
    parser, dev = parser_of(run), run.dev()
    items = [parser.vectorizer.item(example.utterance) for example in dev]
    answers = calibration_data_of(parser, items, dev, run.routing())
    HeldOut(answers, parser.evidence(items)).save(folder / run.HELD_OUT)
    run.save("languages", screen_of(word for example in dev for word in example.text.split()))
    assert main(["ood", "--checkpoint", str(folder), "--corpus", write_massive(folder.parent / "c")]) == 0
    return folder


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with word vectors, of which a network is still to be finished."""
    root = tmp_path_factory.mktemp("stopped")
    (root / "words.vec").write_text("1 8\nalarm 1 2 3 4 5 6 7 8\n", encoding="utf-8")
    write_massive(root / "corpus")
    assert main(train(root)) == 0
    for name in ("network-0.pt", "measures.json"):
        (root / "run" / name).unlink()
    return root


def train(root: Path) -> list[str]:
    vectors = f"--set=joint.embedder.word_vectors={root}/words.vec"
    return [
        "train",
        "stm",
        "--corpus",
        f"massive:{root}/corpus",
        "--out",
        f"{root}/run",
        "--quiet",
        *SETTINGS,
        vectors,
    ]


@contextmanager
def damaged(file: Path, damage: Damage) -> Iterator[None]:
    before = file.read_bytes()
    file.write_bytes(damage(before))
    try:
        yield
    finally:
        file.write_bytes(before)


def refused(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    *_, line = capsys.readouterr().err.splitlines()
    assert line.startswith(f"polyparse: {file}:")
    assert "found" in line
    assert "expected" in line


@pytest.mark.parametrize(("name", "damage"), cases(FINISHED))
def test_an_export_names_the_damaged_file(
    name: str, damage: Damage, finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with damaged(finished / name, damage):
        assert main(["export", "--checkpoint", str(finished), "--out", str(tmp_path / "out" / "1")]) == 2
    refused(finished / name, capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "damage"), cases(STOPPED))
def test_a_run_that_is_gone_on_with_names_the_damaged_file(
    name: str, damage: Damage, stopped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with damaged(stopped / "run" / name, damage):
        assert main([*train(stopped), "--resume"]) == 2
        refused(stopped / "run" / name, capsys)


def test_what_is_not_damaged_is_gone_on_with(stopped: Path) -> None:
    assert main([*train(stopped), "--resume"]) == 0
