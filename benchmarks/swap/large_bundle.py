"""A bundle as large as one of fifty locales, made from a shipped one: its vocabulary gets made-up words with real rows.

A loaded bundle's memory, and the Python objects that its load makes, grow with its words; its answers stay what they are,
since nobody says the words that are new.
"""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from benchmarks.errors import MeasurementFailed
from polyparse.bundle import manifest as manifests
from polyparse.bundle import store
from polyparse.bundle.manifest import Manifest
from polyparse.inference.training_text import TrainingText
from polyparse.text.vocabulary import FIRST, Vocabulary

WORD_TABLE = "embedder.words.weight"
LETTERS = str.maketrans("0123456789abcdef", "aeiounrstlkmpdgv")
LINE_BYTES = (
    5  # of a word in the vocabulary's JSON, beside its letters: quotes, comma, line end, and the first letter
)

NumberT = TypeVar("NumberT", bound=np.generic)


def made_up(count: int) -> list[str]:
    """So many different words that no language has."""
    return [f"xq{number:05x}".translate(LETTERS) for number in range(count)]


def enlarge(bundle: Path, out: Path, *, size_bytes: int) -> Manifest:
    """Write a bundle of about this size to `out`, whose name is its version; the manifest says what is in it, as always.

    Raises:
        MeasurementFailed: the bundle is larger already, or has no table of words in a graph of its own.
        BundleError: it is not sound.
    """
    manifest = store.verify(bundle)
    graphs = sorted(
        {each.embed for network in manifest.networks for each in network.graphs.values() if each.embed}
    )
    if not graphs:
        raise MeasurementFailed(f"{bundle}: found no embed graph, expected one with the table of words")
    shutil.copytree(bundle, out)
    vocabulary = Vocabulary.load(out / manifest.text.vocabulary)
    bytes_now = sum(record.size for record in manifest.files.values())
    count = (size_bytes - bytes_now) // _word_bytes(out, manifest, graphs, vocabulary)
    if count < 1:
        raise MeasurementFailed(f"{bundle}: found {bytes_now} bytes, expected fewer than {size_bytes}")
    new = made_up(count)
    if clashes := set(new) & set(vocabulary.words):
        raise MeasurementFailed(
            f"{bundle}: found {sorted(clashes)[:3]} in its vocabulary, expected no made-up word"
        )
    for graph in graphs:
        _widen_graph(out / graph, vocabulary.size, count)
    if manifest.text.training_text is not None:
        _widen_training_text(out / manifest.text.training_text, manifest, vocabulary.size, count)
    replace(vocabulary, words=(*vocabulary.words, *new)).save(out / manifest.text.vocabulary)
    files = {name: store.record(out / name) for name in manifest.files}
    written = replace(manifest, version=out.name, files=files)
    manifests.write(written, out)
    return written


def _word_bytes(folder: Path, manifest: Manifest, graphs: Sequence[str], vocabulary: Vocabulary) -> int:
    """What one more word adds to all files."""
    tables = [
        array for graph in graphs for array in _tables(onnx.load(folder / graph), vocabulary.size).values()
    ]
    rows = sum(array.nbytes // len(array) for array in tables)
    ratios = 2 * max(1, len(manifest.labels.domains)) if manifest.text.training_text is not None else 0
    return rows + ratios + len(made_up(1)[0]) + LINE_BYTES


def _tables(model: onnx.ModelProto, size: int) -> dict[str, NDArray[Any]]:
    """The table of words, and that of its scales where it is stored small: arrays with a row a word."""
    found = {
        each.name: numpy_helper.to_array(each)
        for each in model.graph.initializer
        if each.name.startswith(WORD_TABLE)
    }
    if not found or any(len(array) != size for array in found.values()):
        shapes = {name: array.shape for name, array in found.items()}
        raise MeasurementFailed(
            f"found {shapes or 'no'} tables of words, expected {size} rows of {WORD_TABLE}"
        )
    return found


def _widen_graph(file: Path, size: int, count: int) -> None:
    model = onnx.load(file)
    tables = _tables(model, size)
    for each in model.graph.initializer:
        if each.name in tables:
            each.CopyFrom(numpy_helper.from_array(_widened(tables[each.name], count), each.name))
    onnx.save(model, file)


def _widen_training_text(file: Path, manifest: Manifest, size: int, count: int) -> None:
    text = TrainingText.load(file, vocabulary_size=size, n_domains=len(manifest.labels.domains))
    replace(text, log_ratios_VD=_widened(text.log_ratios_VD, count)).save(file)


def _widened(table_VX: NDArray[NumberT], count: int) -> NDArray[NumberT]:
    """The table, and below it `count` rows that repeat those of real words, one after the other."""
    rows_X = np.resize(np.arange(FIRST, len(table_VX)), count)
    widened: NDArray[NumberT] = np.concatenate([table_VX, table_VX[rows_X]])
    return widened
