"""What a model makes of many utterances, and that on disk.

Axes: B utterances.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from polyparse.evaluation.evaluate import PARSED_TOGETHER
from polyparse.inference.ood import Evidence

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polyparse.inference.pipeline import Pipeline
    from polyparse.text.vectorizer import Item


def gather(pipeline: Pipeline, items: Sequence[Item], *, together: int = PARSED_TOGETHER) -> Evidence:
    """Evidence of all items in their order, worked out in batches of like lengths; every item has a token."""
    order = sorted(range(len(items)), key=lambda b: items[b].n_tokens)
    parts = [
        pipeline.evidence([items[b] for b in order[first : first + together]])
        for first in range(0, len(order), together)
    ]
    back = np.argsort(order)
    joined: dict[str, Any] = {}
    for field in fields(Evidence):
        columns = [getattr(part, field.name) for part in parts]
        joined[field.name] = None if columns[0] is None else np.concatenate(columns)[back]
    return Evidence(**joined)


def save(path: Path, evidence: Evidence) -> None:
    """Write as .npz, whole or not at all."""
    found = {field.name: getattr(evidence, field.name) for field in fields(Evidence)}
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        np.savez(file, **{name: value for name, value in found.items() if value is not None})
    partial.replace(path)


def load(path: Path) -> Evidence:
    """Read what `save` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        absent: dict[str, Any] = dict.fromkeys(field.name for field in fields(Evidence))
        return Evidence(**absent | {name: arrays[name] for name in arrays.files})
