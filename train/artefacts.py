"""The files of a checkpoint, as a table: what each is called, and how its content is written and read.

A reader gets a path and raises ConfigError, which names it, for whatever is not what its writer wrote.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import torch

from polyparse.contract.labels import Labels
from polyparse.corpora.example import Example
from polyparse.errors import ConfigError
from polyparse.inference.language import LanguageScreen
from polyparse.inference.ood import OodScore
from polyparse.inference.routing import Routing
from polyparse.inference.training_text import TrainingText
from polyparse.schema import read_json, structure, unstructure
from polyparse.text.features import FeatureTable
from polyparse.text.vocabulary import Vocabulary
from train import classifier_file
from train.array_files import check_axes, read_array, read_arrays, read_state
from train.embeddings.vec_file import PretrainedVectors
from train.models.pretrained import WordPieces
from train.run_record import RunRecord, StreamRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Artefact:
    """A kind of file. `write(value, stream)` is given a stream whose name is the path of a file that is not yet in place.

    `read(path)` may need more to check what it reads by, as keywords.
    """

    file: str
    write: Callable[[Any, IO[bytes]], None]
    read: Callable[..., Any]


def write_json(value: object, stream: IO[bytes]) -> None:
    """Write what pydantic can make plain."""
    stream.write(json.dumps(unstructure(value), ensure_ascii=False, indent=1).encode())


def plain_json(path: Path) -> Any:
    """Read what `write_json` wrote, as plain data."""
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: found no JSON ({error}), expected what a run wrote") from None


def _of_json(file: str, cls: type[Any]) -> Artefact:
    return Artefact(file, write_json, lambda path: structure(cls, plain_json(path), where=str(path)))


def _write_dev(examples: Sequence[Example], stream: IO[bytes]) -> None:
    """One example a line, without the places where this machine has them."""
    records = ({k: v for k, v in asdict(example).items() if k != "origin"} for example in examples)
    stream.writelines(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def _read_dev(path: Path) -> list[Example]:
    lines = enumerate(path.read_bytes().split(b"\n"), start=1)
    return [read_json(Example, line, where=f"{path}:{number}") for number, line in lines if line]


def _write_array(array: NDArray[Any], stream: IO[bytes]) -> None:
    np.save(stream, array, allow_pickle=False)


def _read_vectors(path: Path) -> PretrainedVectors:
    arrays = read_arrays(path)
    check_axes(arrays, ("rows_N", "vectors_NE"), path=path)
    return PretrainedVectors(**arrays)


def _of_vectors(file: str) -> Artefact:
    return Artefact(file, lambda vectors, stream: np.savez(stream, **vars(vectors)), _read_vectors)


def _read_pieces(path: Path) -> WordPieces:
    arrays = read_arrays(path)
    check_axes(arrays, ("rows_VP", "table_NS"), path=path)
    return WordPieces(**arrays)


def _of_features(file: str) -> Artefact:
    return Artefact(file, lambda table, stream: _write_array(table.hashes, stream), FeatureTable.load)


def _of_torch(file: str) -> Artefact:
    return Artefact(file, torch.save, read_state)


ARTEFACTS = {
    "run": _of_json("run.json", RunRecord),
    "stream": _of_json("stream.json", StreamRecord),
    "labels": _of_json("labels.json", Labels),
    "dev": Artefact("dev.jsonl", _write_dev, _read_dev),
    "word_vectors": _of_vectors("word_vectors.npz"),
    "outside_vectors": _of_vectors("outside_vectors.npz"),
    "word_pieces": Artefact(
        "word_pieces.npz", lambda pieces, stream: np.savez(stream, **pieces._asdict()), _read_pieces
    ),
    "classifier": Artefact(
        "classifier.npz",
        lambda model, stream: np.savez(stream, **classifier_file.arrays_of(model)),
        classifier_file.load,
    ),
    "features": _of_features("features.npy"),
    "token_features": _of_features("token_features.npy"),
    "vocabulary": Artefact(
        "vocabulary.json", lambda vocabulary, stream: vocabulary.save(Path(stream.name)), Vocabulary.load
    ),
    "training": _of_torch("training-{}.pt"),
    "network": _of_torch("network-{}.pt"),
    "intent_bias": Artefact("intent_bias.npy", _write_array, read_array),
    "routing": _of_json("routing.json", Routing),
    "measures": Artefact("measures.json", write_json, plain_json),
    "ood": _of_json("ood.json", OodScore),
    "training_text": Artefact(
        "training_text.npz",
        lambda text, stream: np.savez(stream, ngrams_N=text.ngrams_N, log_ratios_VD=text.log_ratios_VD),
        TrainingText.load,
    ),
    "languages": Artefact("languages.npz", LanguageScreen.write, LanguageScreen.load),
}
"""By name; the files of "training" and "network" have a number."""


def artefact(name: str) -> tuple[Artefact, str]:
    """The artefact of a name ("labels", "network-0"), and its file's name."""
    kind, _, number = name.rpartition("-")
    found = ARTEFACTS[kind or name]
    return found, found.file.format(number)
