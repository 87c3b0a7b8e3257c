"""Evidence about many utterances on disk."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from polyparse.inference.ood import Evidence

if TYPE_CHECKING:
    from pathlib import Path


def save(path: Path, evidence: Evidence) -> None:
    """Write as .npz, whole or not at all."""
    actual = {field.name: getattr(evidence, field.name) for field in fields(Evidence)}
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        np.savez(file, **{name: value for name, value in actual.items() if value is not None})
    partial.replace(path)


def load(path: Path) -> Evidence:
    """Read what `save` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        absent: dict[str, Any] = dict.fromkeys(field.name for field in fields(Evidence))
        return Evidence(**absent | {name: arrays[name] for name in arrays.files})
