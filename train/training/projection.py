"""Labels of an utterance projected onto its translations (Yarowsky, Ngai & Wicentowski 2001): supervision by parallel text.

The intent of a translation is that of the utterance. A slot goes where its words go: two words are aligned where each is
the nearest one of its text to the other, by vectors that are aligned over the same ids (`train.embeddings.aligned`). A
translation in which a slot is not found, or not in one piece, is left out: half of its labels would teach that it has none.

Axes: V words, E word vector, S distinct words of the utterance that has labels, T of its translation.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from polyparse.corpora.example import TextSpan
from polyparse.errors import ConfigError
from polyparse.text.tokens import tokenise
from train.embeddings.aligned import aligned_vectors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from polyparse.corpora.example import Example
    from polyparse.text.tokens import Token

    Vectors = Mapping[str, NDArray[np.float32]]
    Alignment = Mapping[int, int]

LEAST_COSINE = 0.3


def project(
    learnt: Sequence[Example], translations: Sequence[Example], locales: Sequence[str], *, size: int
) -> list[Example]:
    """The translations in the locales, in their order, with labels of the first learnt utterance whose slots are found.

    Their own labels are not read. Vectors have `size` numbers.

    Raises:
        ConfigError: a locale has no translation, or there are too few words and ids to align.
    """
    texts = [replace(one, domain=None, intent=None, slots=()) for one in translations]
    targets = [one for one in texts if one.locale in locales]
    for locale in locales:
        if all(one.locale != locale for one in targets):
            raise ConfigError(
                f"data.projected: found no translation of what is learnt in {locale}, expected some"
            )
    vectors = _vectors(learnt, targets, [one for one in texts if one.locale not in locales], size)
    sources: defaultdict[str, list[Example]] = defaultdict(list)
    for example in learnt:
        sources[example.id].append(example)
    projected = (
        next(filter(None, (_labelled(target, source, vectors) for source in sources[target.id])), None)
        for target in targets
    )
    return [example for example in projected if example is not None]


def _vectors(
    learnt: Sequence[Example], targets: Sequence[Example], others: Sequence[Example], size: int
) -> Vectors:
    """Of each word of both sides its vector at unit length; none for a word of which nothing is known."""
    words = sorted({token.text for one in (*learnt, *targets) for token in tokenise(one.text)})
    vectors_VE = aligned_vectors(
        [*learnt, *targets], words, size=size, translations=others, words_of=_token_texts
    )
    lengths_V = np.linalg.norm(vectors_VE, axis=1)
    return {
        word: vector_E / length
        for word, vector_E, length in zip(words, vectors_VE, lengths_V, strict=True)
        if length > 0.0
    }


def _token_texts(text: str) -> list[str]:
    return [token.text for token in tokenise(text)]


def _labelled(target: Example, source: Example, vectors: Vectors) -> Example | None:
    """The target with the labels of the source; None where one of its slots is not found in one piece."""
    of_source, of_target = tokenise(source.text), tokenise(target.text)
    aligned = _alignment(of_source, of_target, vectors)
    spans = []
    for span in source.slots:
        inside = {
            place
            for place, token in enumerate(of_source)
            if token.start < span.end and span.start < token.end
        }
        found = [aligned[place] for place in inside if place in aligned]
        if not found:
            return None
        first, last = min(found), max(found)
        if any(first <= to <= last for place, to in aligned.items() if place not in inside):
            return None
        spans.append(TextSpan(span.name, of_target[first].start, of_target[last].end))
    slots = tuple(sorted(spans, key=lambda span: span.start))
    if any(after.start < before.end for before, after in pairwise(slots)):
        return None
    return replace(target, domain=source.domain, intent=source.intent, slots=slots)


def _alignment(source: Sequence[Token], target: Sequence[Token], vectors: Vectors) -> Alignment:
    """Places of tokens of the source -> of the target: words that are each other's nearest, and near enough.

    Of words that occur several times the first occurrence is aligned with the first one, and so on, if they are as many.
    """
    words_S, words_T = (
        list(dict.fromkeys(token.text for token in tokens if token.text in vectors))
        for tokens in (source, target)
    )
    if not words_S or not words_T:
        return {}
    source_SE, target_TE = (np.stack([vectors[word] for word in words]) for words in (words_S, words_T))
    cosines_ST = source_SE @ target_TE.T
    nearest_S, nearest_T = cosines_ST.argmax(axis=1), cosines_ST.argmax(axis=0)
    aligned: dict[int, int] = {}
    for row, column in enumerate(nearest_S):
        if nearest_T[column] == row and cosines_ST[row, column] >= LEAST_COSINE:
            ours, theirs = _places(words_S[row], source), _places(words_T[column], target)
            if len(ours) == len(theirs):
                aligned.update(zip(ours, theirs, strict=True))
    return aligned


def _places(word: str, tokens: Sequence[Token]) -> list[int]:
    return [place for place, token in enumerate(tokens) if token.text == word]
