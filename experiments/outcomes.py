"""What a run did with each utterance of a test: its counts, so that runs can be compared utterance by utterance.

A file of arrays beside the result lines; the same outcomes give the same bytes.

Axes: U utterances in the order of the corpus, C columns of `experiments.ratios`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from experiments.ratios import COLUMNS
from polyparse.atomic import replace_file
from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

OWN = ""
"""The decoder that a head was trained for."""
COUNTS, FLAG = "counts:", "flag:"


@dataclass(frozen=True)
class UtteranceOutcomes:
    """`counts_UC` by decoder, `flags_U` by name: whether an utterance is of a view."""

    locales: Sequence[str]
    ids: Sequence[str]
    counts_UC: Mapping[str, NDArray[np.uint16]]
    flags_U: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    @property
    def test(self) -> str:
        """A digest of which utterances these are: runs that share it can be compared."""
        pairs = zip(self.locales, self.ids, strict=True)
        return sha256("\n".join(f"{locale}\t{id_}" for locale, id_ in pairs).encode()).hexdigest()[:16]


def write_outcomes(file: Path, outcomes: UtteranceOutcomes) -> str:
    """Write the file, whole or not at all; returns its sha256."""
    arrays: dict[str, NDArray[np.generic]] = {
        "columns": _text(COLUMNS),
        "locales": _text(outcomes.locales),
        "ids": _text(outcomes.ids),
    }
    # Column by column, what utterances have in common lies side by side, and takes a third of the room.
    arrays |= {f"{COUNTS}{name}": counts_UC.T.copy() for name, counts_UC in outcomes.counts_UC.items()}
    arrays |= {f"{FLAG}{name}": flag_U for name, flag_U in outcomes.flags_U.items()}
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]  # the stub takes the names for allow_pickle
    replace_file(file, stream.getvalue())
    return sha256(stream.getvalue()).hexdigest()


def read_outcomes(file: Path, digest: str) -> UtteranceOutcomes:
    """The outcomes of a file with this sha256.

    Raises:
        ConfigError: it is not there, or is another one.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: found no outcomes ({error}), expected those of a result line") from error
    if (found := sha256(content).hexdigest()) != digest:
        raise ConfigError(f"{file}: found sha256 {found}, expected {digest}, as its result line says")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        if (columns := _words(arrays["columns"])) != list(COLUMNS):
            raise ConfigError(f"{file}: found the columns {columns}, expected {list(COLUMNS)}")
        return UtteranceOutcomes(
            _words(arrays["locales"]),
            _words(arrays["ids"]),
            {name.removeprefix(COUNTS): arrays[name].T for name in arrays if name.startswith(COUNTS)},
            {name.removeprefix(FLAG): arrays[name] for name in arrays if name.startswith(FLAG)},
        )


def _text(words: Sequence[str]) -> NDArray[np.uint8]:
    """Words, none of which has a line break, as bytes."""
    return np.frombuffer("\n".join(words).encode(), dtype=np.uint8)


def _words(text: NDArray[np.uint8]) -> list[str]:
    return bytes(text).decode().split("\n")
