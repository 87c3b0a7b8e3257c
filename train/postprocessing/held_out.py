"""Answers to training utterances by networks that have not seen them; calibration and refusal are fitted to them too.

Axes: B utterances, I intents, D domains.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from polyparse.atomic import replacing
from polyparse.errors import ConfigError
from polyparse.inference.ood import Evidence
from train.array_files import read_arrays
from train.postprocessing.calibration_data import NO_LABEL, CalibrationData

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from polyparse.contract.labels import Labels
    from polyparse.inference.routing import Routing

    Floats = NDArray[np.floating]

UNKNOWN_WORDS = "unknown_words_B"
ARRAYS = {
    "ids_B": "U",
    "locales_B": "U",
    "log_probs_BI": "f",
    "path_B": "f",
    "chosen_B": "i",
    "true_B": "i",
    "intent_right_B": "b",
    "domain_right_B": "b",
    "frame_right_B": "b",
    UNKNOWN_WORDS: "f",
}
"""Arrays of the file, and the kind of each."""


class HeldOut(NamedTuple):
    """Answers to B utterances as calibration and out-of-domain score need them."""

    data: CalibrationData
    evidence: Evidence

    @classmethod
    def join(cls, parts: Sequence[HeldOut]) -> HeldOut:
        """One after the other; they have the same labels."""
        arrays: dict[str, Any] = {
            field.name: np.concatenate([getattr(part.data, field.name) for part in parts])
            for field in fields(CalibrationData)
            if isinstance(getattr(parts[0].data, field.name), np.ndarray)
        }
        evidence = Evidence.join([part.evidence for part in parts], range(sum(len(p.data) for p in parts)))
        return cls(replace(parts[0].data, **arrays), evidence)

    def of(self, labels: Labels) -> HeldOut:
        """The same answers by the ids of labels that have these and more; intents not known are the least likely."""
        data = self.data
        ids = np.array([*(labels.intent_ids[name] for name in data.labels.intents), NO_LABEL], dtype=np.intp)
        least_B1 = data.log_probs_BI.min(axis=1, keepdims=True, initial=0.0)
        log_probs_BI = np.repeat(least_B1, len(labels.intents), axis=1)
        log_probs_BI[:, ids[:-1]] = data.log_probs_BI
        mapped = replace(
            data,
            labels=labels,
            log_probs_BI=log_probs_BI,
            chosen_B=ids[data.chosen_B],
            true_B=ids[data.true_B],
        )
        return HeldOut(mapped, _evidence(labels, log_probs_BI, self.evidence.unknown_words_B))

    def save(self, path: Path) -> None:
        """Write as .npz, whole or not at all."""
        parts = {**vars(self.data), UNKNOWN_WORDS: self.evidence.unknown_words_B}
        arrays: dict[str, Any] = {name: parts[name] for name in ARRAYS}
        with replacing(path) as file:
            np.savez(file, **arrays)


def load(path: Path, labels: Labels, routing: Routing) -> HeldOut:
    """Read what `save` wrote, for these labels; raises ConfigError for anything else."""
    arrays = read_arrays(path)
    if arrays.keys() != ARRAYS.keys():
        raise ConfigError(f"{path}: found arrays {', '.join(arrays) or 'none'}, expected {', '.join(ARRAYS)}")
    n_utterances = len(np.atleast_1d(arrays["ids_B"]))
    for name, kind in ARRAYS.items():
        shape = (n_utterances, len(labels.intents)) if name == "log_probs_BI" else (n_utterances,)
        if arrays[name].shape != shape or arrays[name].dtype.kind != kind:
            found = f"{arrays[name].dtype}{arrays[name].shape}"
            raise ConfigError(f"{path}: {name}: found {found}, expected kind {kind!r} of shape {shape}")
    unknown_words_B = arrays.pop(UNKNOWN_WORDS)
    evidence = _evidence(labels, arrays["log_probs_BI"], unknown_words_B)
    return HeldOut(CalibrationData(labels=labels, routing=routing, **arrays), evidence)


def _evidence(labels: Labels, log_probs_BI: Floats, unknown_words_B: Floats) -> Evidence:
    if not labels.domains:
        return Evidence(log_probs_BI, unknown_words_B)
    of_domain_ID = np.array(labels.intent_domains)[:, None] == np.arange(len(labels.domains))
    return Evidence(log_probs_BI, unknown_words_B, np.exp(log_probs_BI) @ of_domain_ID)
