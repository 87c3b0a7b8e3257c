"""How well a bundle tells what is out of its domains from its own.

The AUROC over unseen domains takes models that never saw them, so that it is read from a record of such a run. What
the bundle itself makes of dev, and of utterances that were written to be out of every domain, is measured.

Axes: B utterances.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.auroc import auroc
from benchmarks.errors import MeasurementFailed
from benchmarks.unseen_domains import record
from polyparse.contract.frame import Utterance
from polyparse.evaluation.ood_phrases import PHRASES
from polyparse.inference.ood import FOREIGN_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from polyparse.contract.frame import Frame
    from polyparse.runtime.load import LoadedBundle

CHANCE = 0.5
"""AUROC of a bundle without a score: it tells nothing apart."""
SAME_DIRECTION = 0.9999
"""Least cosine of weights that order utterances alike: a record keeps six digits, and a score may be scaled."""


def figures(bundle: LoadedBundle, local: Sequence[Frame], file: Path) -> dict[str, float]:
    """Of a bundle that gave `own` for dev: `ood_auroc`, and what it refuses of dev and of the written utterances.

    Raises:
        MeasurementFailed: there is no such record, or one of another score than the bundle's.
    """
    refused_share = {"refused_share": _refused(local)}
    ood = bundle.manifest.ood
    if ood is None:
        print(f"{record.KEY}: the bundle judges nothing to be out of domain; {CHANCE} stands for chance")
        return {record.KEY: CHANCE, **refused_share}
    _check_same_score(ood.weights, file)
    phrases = [Utterance(text, locale) for locale, texts in PHRASES.items() for text in texts]
    outside = bundle.parser.parse([phrase for phrase in phrases if phrase.locale in bundle.manifest.locales])
    return {
        **record.figures(file),
        **refused_share,
        "phrases_refused_share": _refused(outside),
        "phrases_auroc": auroc(_scores(outside), _scores(local)),
    }


def _check_same_score(weights: Mapping[str, float], file: Path) -> None:
    """The record says something about this bundle only where both weigh the same signals alike.

    Foreign words are none of them: what lists say of other tasks, left-out domains of the corpus cannot judge.
    """
    weights = {name: weight for name, weight in weights.items() if name != FOREIGN_WORDS}
    recorded = record.weights(file)
    names = sorted({*weights, *recorded})
    bundle_S, recorded_S = (
        np.array([actual.get(name, 0.0) for name in names]) for actual in (weights, recorded)
    )
    lengths = float(np.linalg.norm(bundle_S) * np.linalg.norm(recorded_S))
    if lengths == 0.0 or float(bundle_S @ recorded_S) < SAME_DIRECTION * lengths:
        raise MeasurementFailed(
            f"{file}: found weights {recorded}, expected those of the bundle's score, {dict(weights)}"
        )


def _refused(frames: Sequence[Frame]) -> float:
    return sum(frame.refused is not None for frame in frames) / len(frames)


def _scores(frames: Sequence[Frame]) -> NDArray[np.float64]:
    """Scores, shape (B,); an utterance that was refused as text has none and is left out."""
    return np.array([frame.out_of_domain for frame in frames if frame.out_of_domain is not None])
