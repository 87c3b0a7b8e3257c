"""What is refused by a threshold of the out-of-domain score: of dev, which loses it, and of phrases that no domain covers.

Axes: B utterances.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import mean
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from polyparse.contract.frame import Utterance
from polyparse.evaluation.foreign_phrases import TALK, TASK
from polyparse.evaluation.measures import score as counts_of
from polyparse.inference.ood import threshold_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.corpora.example import Example
    from polyparse.evaluation.foreign_phrases import ForeignPhrase
    from polyparse.inference.parser import Parser

Flags = NDArray[np.bool_]

SHARES = (0.005, 0.01, 0.015, 0.02, 0.03, 0.05)
"""Of dev, refused by its score: a threshold for each."""


class RefusalRow(NamedTuple):
    """A threshold, and shares: of dev that is refused, of dev whose intent that loses, of phrases of each kind refused."""

    threshold: float
    dev_refused: float
    dev_intents_lost: float
    task: float
    talk: float


@dataclass(frozen=True)
class Dev:
    """Dev by utterance, shape (B,): its score; whether its frame, nothing refused, is right; whether a screen refuses it."""

    scores_B: NDArray[np.float32]
    intent_right_B: Flags
    exact_B: Flags
    screened_B: Flags

    def cost(self, threshold: float) -> dict[str, float]:
        """Shares of dev that are refused, and lost, with a threshold of the score."""
        refused_B = self.screened_B | (self.scores_B > threshold)
        return {
            "dev_refused": float(refused_B.mean()),
            "dev_refused_by_score": float((self.scores_B > threshold).mean()),
            "dev_intents_lost": float((refused_B & self.intent_right_B).mean()),
            "dev_exact_lost": float((refused_B & self.exact_B).mean()),
        }


def dev_of(parser: Parser, threshold: float, examples: Sequence[Example]) -> Dev:
    """Dev by the frames of a model that has a score and refuses above `threshold`; its locales are served."""
    utterances = [example.utterance for example in examples]
    answered = parser.parse([replace(utterance, allow_refusal=False) for utterance in utterances])
    counts = [counts_of(*pair) for pair in zip(examples, answered, strict=True)]
    intents = [None if frame.intent is None else frame.intent.name for frame in answered]
    scores_B, screened_B = _judged(parser, threshold, utterances)
    return Dev(
        scores_B=scores_B,
        intent_right_B=np.array(
            [found == example.intent for found, example in zip(intents, examples, strict=True)]
        ),
        exact_B=np.array([count.exact_right == 1 for count in counts]),
        screened_B=screened_B,
    )


def table(
    parser: Parser, threshold: float, examples: Sequence[Example], phrases: Sequence[ForeignPhrase]
) -> list[RefusalRow]:
    """A row for each of SHARES and one for the model's own threshold, the lowest first.

    A screen refuses whatever the threshold is. `examples` are dev, `phrases` what shall be refused.
    """
    dev = dev_of(parser, threshold, examples)
    scores_B, screened_B = _judged(
        parser, threshold, [Utterance(phrase.text, phrase.locale) for phrase in phrases]
    )
    rows = []
    for each in sorted({threshold, *(threshold_of(dev.scores_B, share) for share in SHARES)}):
        cost, found = dev.cost(each), caught(phrases, screened_B | (scores_B > each))
        rows.append(
            RefusalRow(
                each,
                cost["dev_refused"],
                cost["dev_intents_lost"],
                found[f"caught_{TASK}"],
                found[f"caught_{TALK}"],
            )
        )
    return rows


def caught(phrases: Sequence[ForeignPhrase], refused_B: Flags) -> dict[str, float]:
    """Shares refused by kind, each by locale, and of topics that are seen and others; and how many phrases of each kind."""
    judged = list(zip(phrases, refused_B.tolist(), strict=True))
    figures: dict[str, float] = {}
    for kind in (TASK, TALK):
        of_kind = [(phrase, refused) for phrase, refused in judged if phrase.kind == kind]
        figures |= {
            f"caught_{kind}": mean(refused for _, refused in of_kind),
            f"caught_{kind}_seen": mean(refused for phrase, refused in of_kind if phrase.is_seen),
            f"caught_{kind}_unseen": mean(refused for phrase, refused in of_kind if not phrase.is_seen),
            **{
                f"caught_{kind}_{locale}": mean(refused for p, refused in of_kind if p.locale == locale)
                for locale in dict.fromkeys(phrase.locale for phrase, _ in of_kind)
            },
            f"phrases_{kind}": len(of_kind),
        }
    return figures


def _judged(
    parser: Parser, threshold: float, utterances: Sequence[Utterance]
) -> tuple[NDArray[np.float32], Flags]:
    """The score of each utterance, shape (B,), and whether it is refused for another reason."""
    frames = parser.parse(utterances)
    scores_B = np.array([frame.out_of_domain for frame in frames], dtype=np.float32)
    refused_B = np.array([frame.refused is not None for frame in frames])
    return scores_B, refused_B & (scores_B <= threshold)
