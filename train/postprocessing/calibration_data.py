"""A model's uncalibrated answers to dev and which of them are right: calibration is fitted to and measured on them.

Axes: B utterances, I intents, D domains.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from polyparse.contract.labels import Labels
from polyparse.evaluation.measures import score
from polyparse.inference.routing import Routing, temper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.contract.frame import Frame
    from polyparse.corpora.example import Example
    from polyparse.inference.calibration import Calibration
    from polyparse.inference.parser import Parser
    from polyparse.text.vectorizer import Item

    Floats = NDArray[np.float64]

NO_LABEL = -1  # in place of an intent's id


@dataclass(frozen=True, eq=False)
class CalibrationData:
    """Uncalibrated answers to B utterances. Translations of one utterance have the same id.

    `log_probs_BI` is log P(intent) after routing and `path_B` log P of the best path; `chosen_B` is the id of the predicted
    intent, `true_B` that of the true one (NO_LABEL if there is none, or the model does not know it).
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

    def where(self, mask_B: NDArray[np.bool_]) -> CalibrationData:
        """The data of the utterances in a mask."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        arrays: dict[str, Any] = {
            name: value[mask_B] for name, value in values.items() if isinstance(value, np.ndarray)
        }
        return replace(self, **arrays)

    def right(self) -> dict[str, NDArray[np.bool_]]:
        """Measure -> whether each utterance is right by it; measures without labels are left out."""
        return {
            **({"intent": self.intent_right_B} if self.labels.intents else {}),
            **({"domain": self.domain_right_B} if self.labels.domains else {}),
            "frame": self.frame_right_B,
        }

    def confidences(self, calibration: Calibration | None) -> dict[str, Floats]:
        """Measure -> the confidence of each utterance, as the pipeline would return it."""
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
        confidences = {"intent": intents_B, "frame": intents_B * paths_B}
        if self.labels.domains:
            domains_I = np.array(self.labels.intent_domains)
            same_domain_BI = domains_I == domains_I[self.chosen_B][:, None]
            confidences["domain"] = np.where(same_domain_BI, probs_BI, 0.0).sum(axis=1)
        return {measure: np.minimum(1.0, confidences[measure]) for measure in self.right()}

    def tempered(self, calibration: Calibration) -> Floats:
        """log P(intent), shape (B, I), with the temperatures of each utterance's locale."""
        if not self.labels.intents:
            return self.log_probs_BI
        temperatures = calibration.temperatures(self.locales_B.tolist())
        return np.asarray(temper(self.log_probs_BI, self.labels, self.routing, temperatures), np.float64)


def calibration_data_of(
    parser: Parser, items: Sequence[Item], examples: Sequence[Example], routing: Routing
) -> CalibrationData:
    """The data of the items, from a parser that does not calibrate or refuse; `routing` as its topology uses it."""
    frames = parser.run_all(items)
    counts = [score(example, frame) for example, frame in zip(examples, frames, strict=True)]
    intent_ids = parser.labels.intent_ids
    return CalibrationData(
        labels=parser.labels,
        routing=routing,
        ids_B=np.array([example.id for example in examples]),
        locales_B=np.array([example.locale for example in examples]),
        log_probs_BI=parser.evidence(items).intent_log_probs_BI.astype(np.float64),
        path_B=np.log(np.maximum([_path(frame) for frame in frames], np.finfo(np.float64).tiny)),
        chosen_B=np.array(
            [NO_LABEL if frame.intent is None else intent_ids[frame.intent.name] for frame in frames]
        ),
        true_B=np.array([intent_ids.get(example.intent or "", NO_LABEL) for example in examples]),
        intent_right_B=np.array([count.intents_right == 1 for count in counts]),
        domain_right_B=np.array([count.domains_right == 1 for count in counts]),
        frame_right_B=np.array([count.frames_right == 1 for count in counts]),
    )


def _path(frame: Frame) -> float:
    """P(path): a frame's confidence is P(intent) * P(path)."""
    return frame.confidence if frame.intent is None else min(1.0, frame.confidence / frame.intent.confidence)
