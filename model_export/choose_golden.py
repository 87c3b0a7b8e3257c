"""Golden frames of a bundle: what the float checkpoint answers, for utterances whose decisions have a margin.

A model of MASSIVE's domains answers the utterances that were written for it; any other model answers those of its own
dev utterances that it is most certain of.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from model_export.golden import LOCALES
from model_export.golden import load as load_written
from polyparse.errors import GateFailed
from polyparse.frame import Utterance
from polyparse.golden import Golden

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from model_export.write_bundle import Reference
    from polyparse.frame import Frame

LEAST_CONFIDENCE = 0.7  # of the whole frame; its runner-up then has 0.3 at most
WANTED, MOST = 25, 50  # a locale
FROM_DEV = 200  # dev utterances looked at


def choose_golden(reference: Reference, *, file: Path) -> list[Golden]:
    """The golden frames of every locale.

    Raises:
        GateFailed: of a locale's written utterances, fewer than WANTED have a frame of LEAST_CONFIDENCE.
    """
    run = reference.checkpoint.run()
    written = run.corpus.startswith("massive:")
    golden: list[Golden] = []
    for locale in run.locales:
        if written and locale in LOCALES:
            frames = _frames(reference, load_written(locale), locale)
            kept = [frame for frame in frames if frame.confidence >= LEAST_CONFIDENCE][:MOST]
            if len(kept) < WANTED:
                raise GateFailed(
                    f"golden frames: found {len(kept)} of {locale} with confidence {LEAST_CONFIDENCE}, "
                    f"expected {WANTED}",
                    file=file,
                )
        else:
            texts = dict.fromkeys(example.text for example in reference.examples if example.locale == locale)
            frames = _frames(reference, list(texts)[:FROM_DEV], locale)
            kept = sorted(frames, key=lambda frame: -frame.confidence)[:WANTED]
        golden += [replace(Golden.of(frame), confidence=round(frame.confidence, 6)) for frame in kept]
    return golden


def _frames(reference: Reference, texts: Sequence[str], locale: str) -> list[Frame]:
    items = [reference.vectorizer.item(Utterance(text, locale)) for text in texts]
    return reference.pipeline.run([item for item in items if item.n_tokens]).frames
