"""Checks of texts: labelled in two ways, in two partitions, or such as no model may be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.corpora.checks.corpus import Finding, place_of, quoted
from polyparse.errors import InputError
from polyparse.text.tokens import MAX_CHARACTERS, check, normalise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from polyparse.corpora.checks.corpus import Corpus
    from polyparse.corpora.example import Example


def two_intents(corpus: Corpus) -> Iterator[Finding]:
    """A text under a second intent, or a third."""
    for first, *others in corpus.by_text.values():
        seen = {first.intent}
        for other in others:
            if other.intent not in seen:
                seen.add(other.intent)
                what = (
                    f"{quoted(other.text)} is {other.intent!r} here and {first.intent!r} in {place_of(first)}"
                )
                yield Finding(place_of(other), what)


def two_annotations(corpus: Corpus) -> Iterator[Finding]:
    """A text with other slots than where it stands first under the same intent."""
    for same_text in corpus.by_text.values():
        seen: dict[str | None, tuple[Example, set[str]]] = {}
        for example in same_text:
            slots = _slots(example)
            first, known = seen.setdefault(example.intent, (example, {slots}))
            if slots not in known:
                known.add(slots)
                what = f"{quoted(example.text)} has {slots} here and {_slots(first)} in {place_of(first)}"
                yield Finding(place_of(example), what)


def leaked(corpus: Corpus) -> Iterator[Finding]:
    """An utterance of dev or test that stands in train too."""
    for first, *others in corpus.by_text.values():
        if first.partition == "train":
            for example in others:
                if example.partition != "train":
                    what = f"{quoted(example.text)} of {example.partition} stands in {place_of(first)} too"
                    yield Finding(place_of(example), what)


def same_ids(corpus: Corpus) -> Iterator[Finding]:
    """Another text under an id that was there: by ids translations are found, and dev is cut from train."""
    first_of: dict[tuple[str, str, str], Example] = {}
    for example in corpus:
        first = first_of.setdefault((example.partition, example.locale, example.id), example)
        if first.text != example.text:
            what = f"{quoted(example.text)} has the id {example.id!r} of {quoted(first.text)} in {place_of(first)}"
            yield Finding(place_of(example), what)


def refused_by_the_service(corpus: Corpus) -> Iterator[Finding]:
    """A text with a control character, without a word, too long, or otherwise not answered."""
    for example in corpus:
        try:
            check(example.text, max_chars=MAX_CHARACTERS)
        except InputError as error:
            yield Finding(place_of(example), str(error))


def _slots(example: Example) -> str:
    """The slots as a model sees them, in words."""
    values = (f"{span.name} {normalise(example.text[span.start : span.end])!r}" for span in example.slots)
    return ", ".join(values) or "no slot"
