"""What a model answered to dev before any calibration, and where it was right: calibration is fitted to it and judged by it.

Axes: B utterances, I intents, D domains.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.unseen_domains.evidence import gather
from polyparse.contract.labels import Labels
from polyparse.evaluation.evaluate import parse_all
from polyparse.evaluation.score import score
from polyparse.inference.routing import Routing, temper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.contract.frame import Frame
    from polyparse.corpora.example import Example
    from polyparse.inference.calibration import Calibration
    from polyparse.inference.pipeline import Pipeline
    from polyparse.text.vectorizer import Item

    Floats = NDArray[np.float64]

NONE = -1  # the row of a label that is not there


@dataclass(frozen=True, eq=False)
class Trials:
    """Answers to B utterances. Translations of one utterance have the same id.

    `log_probs_BI` is routing's log P(intent) and `path_B` the best path's log P, both the model's own; `chosen_B` is the
    intent answered, `true_B` the true one (NONE where there is none, or none that the model knows).
    """

    labels: Labels
    routing: Routing
    ids_B: NDArray[np.str_]
    locales_B: NDArray[np.str_]
    log_probs_BI: Floats
    path_B: Floats
    chosen_B: NDArray[np.intp]
    true_B: NDArray[np.intp]
    intent_right_B: NDArray[np.bool_]
    domain_right_B: NDArray[np.bool_]
    frame_right_B: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids_B)

    def where(self, rows_B: NDArray[np.bool_]) -> Trials:
        """The utterances that a mask picks."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        picked = {name: value[rows_B] if name.endswith(_ROWS) else value for name, value in values.items()}
        return Trials(**picked)

    def right(self) -> dict[str, NDArray[np.bool_]]:
        """Measure -> which utterances are right by it; measures for which there are labels."""
        return {
            **({"intent": self.intent_right_B} if self.labels.intents else {}),
            **({"domain": self.domain_right_B} if self.labels.domains else {}),
            "frame": self.frame_right_B,
        }

    def confidences(self, calibration: Calibration | None) -> dict[str, Floats]:
        """Measure -> the confidence of each utterance, as the pipeline would answer it."""
        locales = self.locales_B.tolist()
        if calibration is None:
            log_probs_BI, paths_B = self.log_probs_BI, np.exp(self.path_B)
        else:
            log_probs_BI = self.tempered(calibration)
            paths_B = np.array(
                [
                    calibration.scale(locale).path_probability(log_prob)
                    for locale, log_prob in zip(locales, self.path_B.tolist(), strict=True)
                ]
            )
        if not self.labels.intents:
            return {"frame": paths_B}
        probs_BI = np.exp(log_probs_BI)
        intents_B = probs_BI[np.arange(len(self)), self.chosen_B]
        found = {"intent": intents_B, "frame": intents_B * paths_B}
        if self.labels.domains:
            owner_I = np.array(self.labels.intent_domains)
            same_BI = owner_I == owner_I[self.chosen_B][:, None]
            found["domain"] = np.where(same_BI, probs_BI, 0.0).sum(axis=1)
        return {measure: np.minimum(1.0, found[measure]) for measure in self.right()}

    def tempered(self, calibration: Calibration) -> Floats:
        """log P(intent), shape (B, I), under each utterance's temperatures."""
        if not self.labels.intents:
            return self.log_probs_BI
        temperatures = calibration.temperatures(self.locales_B.tolist())
        return np.asarray(temper(self.log_probs_BI, self.labels, self.routing, temperatures), np.float64)


_ROWS = ("_B", "_BI")


def observe(
    pipeline: Pipeline, items: Sequence[Item], examples: Sequence[Example], labels: Labels, routing: Routing
) -> Trials:
    """Trials of the items; the pipeline must not calibrate or refuse. `routing` is what the topology makes of it."""
    frames = parse_all(pipeline, items)
    counts = [score(example, frame) for example, frame in zip(examples, frames, strict=True)]
    rows = labels.intent_rows
    return Trials(
        labels=labels,
        routing=routing,
        ids_B=np.array([example.id for example in examples]),
        locales_B=np.array([example.locale for example in examples]),
        log_probs_BI=gather(pipeline, items).mixture_BI.astype(np.float64),
        path_B=np.log(np.maximum([_path(frame) for frame in frames], np.finfo(np.float64).tiny)),
        chosen_B=np.array([NONE if frame.intent is None else rows[frame.intent.name] for frame in frames]),
        true_B=np.array([rows.get(example.intent or "", NONE) for example in examples]),
        intent_right_B=np.array([count.intents_right == 1 for count in counts]),
        domain_right_B=np.array([count.domains_right == 1 for count in counts]),
        frame_right_B=np.array([count.frames_right == 1 for count in counts]),
    )


def _path(frame: Frame) -> float:
    """P(path): what the frame's confidence has beside the intent's."""
    return frame.confidence if frame.intent is None else min(1.0, frame.confidence / frame.intent.confidence)
