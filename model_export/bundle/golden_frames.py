"""Golden frames of a bundle: what the float checkpoint answers, for utterances whose decisions have a margin.

A model of MASSIVE's domains answers the utterances that were written for it; any other model answers some of its own dev
utterances.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from model_export.bundle.golden_utterances import LOCALES
from model_export.bundle.golden_utterances import load as load_written
from polyparse.bundle import golden
from polyparse.bundle.golden import Golden
from polyparse.contract.frame import Utterance
from polyparse.errors import GateFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from polyparse.contract.frame import Frame
    from polyparse.corpora.example import Example
    from polyparse.inference.ood import Rejection

    Answer = Callable[[Sequence[Utterance]], list[Frame]]

LEAST_CONFIDENCE = 0.7  # of the whole frame; its runner-up then has 0.3 at most
WANTED, MOST = 25, 50  # a locale
FROM_DEV = 200  # dev utterances looked at
ROUNDING = golden.TOLERANCE / 2  # of the confidence, that other arithmetic may still take its half
CLEAR = 0.9  # of the threshold of refusal; a score above it might cross in other arithmetic


def choose_golden(
    answer: Answer, locales: Sequence[str], dev: Sequence[Example], *, written: bool, file: Path
) -> list[Golden]:
    """The golden frames of every locale; `answer` is the checkpoint's, `written` says that written utterances suit it.

    Raises:
        GateFailed: of a locale's written utterances, fewer than WANTED have a frame of LEAST_CONFIDENCE, or there is
            no golden frame at all.
    """
    frames: list[Frame] = []
    for locale in locales:
        if written and locale in LOCALES:
            frames += _of_written(answer, locale, file=file)
        else:
            frames += _of_dev(answer, [example.text for example in dev if example.locale == locale], locale)
    if not frames:
        raise GateFailed("golden frames: found none, expected at least one", file=file)
    return [replace(Golden.of(frame), confidence=round(frame.confidence, 6)) for frame in frames]


def clear_of_refusal(answer: Answer, rejection: Rejection | None) -> Answer:
    """The same answers, without those that are refused or nearly."""

    def clear(utterances: Sequence[Utterance]) -> list[Frame]:
        frames = answer(utterances)
        if rejection is None:
            return frames
        most = CLEAR * rejection.threshold
        return [frame for frame in frames if frame.out_of_domain is not None and frame.out_of_domain <= most]

    return clear


def clear_of_rounding(answer: Answer, shipped: Answer) -> Answer:
    """The same answers, without those that the shipped bytes decide otherwise or with another confidence."""

    def clear(utterances: Sequence[Utterance]) -> list[Frame]:
        frames = answer(utterances)
        again = shipped([Utterance(frame.text, frame.locale) for frame in frames])
        pairs = zip(frames, again, strict=True)
        return [frame for frame, other in pairs if golden.agree(Golden.of(frame), other, within=ROUNDING)]

    return clear


def _of_written(answer: Answer, locale: str, *, file: Path) -> list[Frame]:
    frames = answer([Utterance(text, locale) for text in load_written(locale)])
    kept = [frame for frame in frames if frame.confidence >= LEAST_CONFIDENCE]
    if len(kept) < WANTED:
        raise GateFailed(
            f"golden frames: found {len(kept)} of {locale} with confidence {LEAST_CONFIDENCE} or more, "
            f"expected {WANTED}",
            file=file,
        )
    return kept[:MOST]


def _of_dev(answer: Answer, texts: Sequence[str], locale: str) -> list[Frame]:
    """The first with a margin, then the most certain; the most certain alone would be short and without slots."""
    frames = answer([Utterance(text, locale) for text in list(dict.fromkeys(texts))[:FROM_DEV]])
    return sorted(frames, key=lambda frame: -min(frame.confidence, LEAST_CONFIDENCE))[:WANTED]
