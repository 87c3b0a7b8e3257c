"""Checks of labels: too rare, too frequent, unknown to train, or spelt in two ways."""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import median_low
from typing import TYPE_CHECKING

from polyparse.corpora.checks.corpus import Finding, Label, labels_of, place_of
from polyparse.text.tokens import normalise
from polyparse.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from polyparse.corpora.checks.corpus import Corpus
    from polyparse.corpora.example import Example

LEAST_OF_INTENT = 10
LEAST_OF_SLOT = 5
"""Training examples below which an intent or slot is worth a look."""
BALANCE = 10
"""How many times as frequent as the middle one of the others an intent may be."""
_IGNORED = str.maketrans("", "", "-_ ")


def unknown_to_train(corpus: Corpus) -> Iterator[Finding]:
    """A label of dev or test that train lacks: its utterances can never be right."""
    if not corpus.train:
        return
    unknown: defaultdict[Label, list[Example]] = defaultdict(list)
    for example in corpus.held_out:
        for label in dict.fromkeys(labels_of(example)):
            if label not in corpus.uses:
                unknown[label].append(example)
    for (kind, name), examples in unknown.items():
        parts = Counter(example.partition for example in examples)
        where = ", ".join(f"{count} of {partition}" for partition, count in parts.items())
        yield Finding(place_of(examples[0]), f"{kind} {name!r} of these utterances: {where}")


def lonely_slots(corpus: Corpus) -> Iterator[Finding]:
    """A slot with very few training examples."""
    return _rare(corpus, "slot", LEAST_OF_SLOT)


def rare_intents(corpus: Corpus) -> Iterator[Finding]:
    """An intent with very few training examples."""
    return _rare(corpus, "intent", LEAST_OF_INTENT)


def unbalanced_intents(corpus: Corpus) -> Iterator[Finding]:
    """An intent that is far more frequent than the others, and so is answered too often."""
    uses = corpus.uses_of("intent")
    for name, examples in uses.items():
        others = [len(other) for intent, other in uses.items() if intent != name]
        if others and len(examples) > BALANCE * median_low(others):
            what = (
                f"intent {name!r} has {len(examples)} training utterances, the others {median_low(others)}"
                " in the middle"
            )
            yield Finding(place_of(examples[0]), what)


def one_intent(corpus: Corpus) -> Iterator[Finding]:
    """The only intent, which a model answers to everything."""
    uses = corpus.uses_of("intent")
    if len(uses) == 1:
        ((name, examples),) = uses.items()
        what = f"all {len(examples)} training utterances are {name!r}: nothing to tell apart"
        yield Finding(place_of(examples[0]), what)


def like_names(corpus: Corpus) -> Iterator[Finding]:
    """A name that is another one of its kind but for case, hyphens, underscores, spaces and what is not seen."""
    first_uses = _first_uses(corpus)
    spelt: dict[Label, Label] = {}
    for label, example in first_uses.items():
        folded = normalise(label.name).casefold().translate(_IGNORED)
        first = spelt.setdefault(Label(label.kind, folded), label)
        if first != label:
            what = f"{label.kind} {label.name!r}, and {first.name!r} in {place_of(first_uses[first])}"
            yield Finding(place_of(example), what)


def unclear_names(corpus: Corpus) -> Iterator[Finding]:
    """A name with a character that is not seen, or that looks like another: it is taken for what it is not."""
    for (kind, name), example in _first_uses(corpus).items():
        if visible(name) != name:
            yield Finding(place_of(example), f"{kind} {name!r}")


def _first_uses(corpus: Corpus) -> dict[Label, Example]:
    first_uses: dict[Label, Example] = {}
    for example in corpus:
        for label in labels_of(example):
            first_uses.setdefault(label, example)
    return first_uses


def _rare(corpus: Corpus, kind: str, least: int) -> Iterator[Finding]:
    for name, examples in sorted(corpus.uses_of(kind).items(), key=lambda item: len(item[1])):
        if len(examples) < least:
            yield Finding(place_of(examples[0]), f"{kind} {name!r} has {len(examples)}")
