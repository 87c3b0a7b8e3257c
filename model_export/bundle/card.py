"""MODEL_CARD.md: what a bundle is, what it was trained on and how well it does, for the person who has to trust it."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from model_export.bundle.dataset_info import MASSIVE_DOMAINS
from polyparse.bundle.manifest import DECODE_HEADS
from polyparse.evaluation.foreign_phrases import LOCALES, phrases_of
from polyparse.evaluation.measures import MEASURES
from polyparse.evaluation.refusal import table
from polyparse.evaluation.robustness import TYPED, drop

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from polyparse.bundle.manifest import Manifest
    from polyparse.corpora.example import Example
    from polyparse.evaluation.refusal import RefusalRow
    from polyparse.evaluation.robustness import Pair
    from polyparse.inference.parser import Parser

NOISES = {
    "typo": "a typo in one word",
    "diacritics": "no diacritics",
    "upper_case": "all in upper case",
    "romanised": "Hindi in Latin letters",
    "function_word": "one function word left out",
    "code_mixing": "one slot's value in another language",
    "marks": "Hindi without its non-spacing marks, as no one types it",
    "written": "numbers in digits, as speech recognisers write them",
    "glued": "numbers in digits with their units glued to them",
    "wake_word": "a wake word before the command",
    "please": "a polite or hesitant phrase",
    "repeat": "one or two words said twice",
    "tail_cut": "the end cut off, after the last slot and intent word",
    "chat": "Hindi in Latin letters, each word in one of several spellings of chats",
}
"""Kind of noise -> what it does to an utterance."""


def refusals_on(dev: Sequence[Example], parser: Parser, manifest: Manifest) -> list[RefusalRow]:
    """What each threshold refuses; none for a model without a score, or in whose domains our phrases may be."""
    phrases = [phrase for locale in LOCALES if locale in manifest.locales for phrase in phrases_of(locale)]
    if manifest.ood is None or not phrases or set(manifest.labels.domains) != MASSIVE_DOMAINS:
        return []
    return table(parser, manifest.ood.threshold, dev, phrases)


def model_card(
    manifest: Manifest,
    *,
    notes: list[str],
    noise: Mapping[str, Sequence[Pair]],
    refusals: Sequence[RefusalRow] = (),
) -> str:
    """The card as Markdown; `notes` are sentences that the exporter adds (how it decodes, what the gates saw).

    `noise` has the utterances of dev that each kind changes.
    """
    environment = Environment(
        loader=PackageLoader("model_export.bundle"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    drops = {kind: drop(pairs) for kind, pairs in noise.items() if pairs}
    typed = [lost for kind, lost in drops.items() if kind in TYPED]
    return environment.get_template("model_card.md.j2").render(
        manifest=manifest,
        decoding=DECODE_HEADS[manifest.decode_head],
        notes=notes,
        measures=list(MEASURES),
        drops=[(NOISES[kind], len(noise[kind]), lost) for kind, lost in drops.items()],
        typed=mean(typed) if typed else None,
        refusals=refusals,
        absent=[NOISES[kind] for kind in noise if kind not in drops],
    )
