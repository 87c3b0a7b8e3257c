"""Golden frames of a bundle: the float checkpoint's frames of utterances that rounding cannot decide otherwise.

A model of MASSIVE's domains has frames of utterances that were written for it, any other model of some of its dev set.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from model_export.bundle.golden_utterances import LOCALES
from model_export.bundle.golden_utterances import load as load_written
from polyparse.bundle import golden
from polyparse.bundle.golden import Golden
from polyparse.contract.frame import Utterance
from polyparse.errors import GateFailed, InputError
from polyparse.text.tokens import MAX_CHARACTERS, check, tokenise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from polyparse.contract.frame import Frame
    from polyparse.corpora.example import Example
    from polyparse.inference.ood import OodScore

    Parse = Callable[[Sequence[Utterance]], list[Frame]]

MIN_CONFIDENCE = 0.7  # of the whole frame; the second best hypothesis then has 0.3 at most
PER_LOCALE, MAX_PER_LOCALE = 25, 50
FROM_DEV = 200  # how many dev utterances are parsed
ROUNDING = golden.TOLERANCE / 2  # of the confidence; the other half is left for other machines
REFUSAL_MARGIN = 0.9  # share of the threshold; a higher score might exceed the threshold on another machine


def choose_golden(
    parse: Parse, locales: Sequence[str], dev: Sequence[Example], *, written: bool, file: Path
) -> list[Golden]:
    """The golden frames of every locale, by the checkpoint's `parse`; `written`: use the written utterances.

    Raises:
        GateFailed: of a locale's written utterances, fewer than PER_LOCALE have a frame of MIN_CONFIDENCE, or there is
            no golden frame at all.
    """
    frames: list[Frame] = []
    for locale in locales:
        if written and locale in LOCALES:
            frames += _of_written(parse, locale, file=file)
        else:
            frames += _of_dev(parse, [example.text for example in dev if example.locale == locale], locale)
    if not frames:
        raise GateFailed("golden frames: found none, expected at least one", file=file)
    return [replace(Golden.of(frame), confidence=round(frame.confidence, 6)) for frame in frames]


def without_refused(parse: Parse, ood: OodScore | None) -> Parse:
    """`parse` without frames that are refused or close to it."""

    def filtered(utterances: Sequence[Utterance]) -> list[Frame]:
        frames = [frame for frame in parse(utterances) if frame.refused is None]
        if ood is None:
            return frames
        limit = REFUSAL_MARGIN * ood.threshold
        return [frame for frame in frames if frame.out_of_domain is not None and frame.out_of_domain <= limit]

    return filtered


def without_unstable(parse: Parse, shipped: Parse) -> Parse:
    """`parse` without frames that the shipped bundle decides otherwise or with another confidence."""

    def filtered(utterances: Sequence[Utterance]) -> list[Frame]:
        frames = parse(utterances)
        shipped_frames = shipped([Utterance(frame.text, frame.locale) for frame in frames])
        pairs = zip(frames, shipped_frames, strict=True)
        return [frame for frame, other in pairs if golden.agree(Golden.of(frame), other, within=ROUNDING)]

    return filtered


def _of_written(parse: Parse, locale: str, *, file: Path) -> list[Frame]:
    frames = parse([Utterance(text, locale) for text in load_written(locale)])
    confident = [frame for frame in frames if frame.confidence >= MIN_CONFIDENCE]
    if len(confident) < PER_LOCALE:
        raise GateFailed(
            f"golden frames: found {len(confident)} of {locale} with confidence {MIN_CONFIDENCE} or more, "
            f"expected {PER_LOCALE}",
            file=file,
        )
    return confident[:MAX_PER_LOCALE]


def _of_dev(parse: Parse, texts: Sequence[str], locale: str) -> list[Frame]:
    """First all frames of MIN_CONFIDENCE in their order, then others by confidence; the most confident ones are short."""
    sendable = [text for text in dict.fromkeys(texts) if _can_be_sent(text)]
    frames = parse([Utterance(text, locale) for text in sendable[:FROM_DEV]])
    return sorted(frames, key=lambda frame: -min(frame.confidence, MIN_CONFIDENCE))[:PER_LOCALE]


def _can_be_sent(text: str) -> bool:
    """Whether a caller may send the text; a corpus may hold what no caller may, such as a control character."""
    try:
        check(text, max_chars=MAX_CHARACTERS)
    except InputError:
        return False
    return bool(tokenise(text))
