"""Contradictory intents of a corpus: one text under several, each weighed by what the translations of its utterances say.

A text of a locale stands under the ids of a group, with several intents between them. Translations of such an utterance are
texts of other locales, which stand under further ids, its witnesses: they say the same, and got their labels by themselves.
Utterance k of the n in the group has one vote for its own intent and w_ki of its witnesses for intent i of the group's:

    q_k(i) = ([intent of k is i] + w_ki) / (1 + w_k)        P(i) = mean over k of q_k(i)
    weight of an utterance with intent i = n P(i) / n_i     where n_i of the group have it

So a wrong label is corrected by those who say the same, and a wrong translation is outvoted by the others of its group. The
weights of a group sum to n: it counts as much as before, and just as before where there is no witness. In a loss that is
linear in the target, that is a soft target P for each of its utterances.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from polyparse.corpora.example import Example
from polyparse.text.tokens import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable

Key: TypeAlias = tuple[str, str]
"""(locale, id) of an utterance, or (locale, normalised text)."""


@dataclass(frozen=True)
class Contradiction:
    """The utterances of one locale that are one text to a model, under two intents or more.

    `votes` are those of each utterance's witnesses: intent -> how many say it.
    """

    examples: Sequence[Example]
    votes: Sequence[Mapping[str, int]]

    @property
    def counts(self) -> Counter[str]:
        """Intent -> how many of the utterances have it."""
        return Counter(map(_intent, self.examples))

    @property
    def shares(self) -> dict[str, float]:
        """P(intent), which witnesses move away from the share of the utterances."""
        shares = dict.fromkeys(self.counts, 0.0)
        for example, votes in zip(self.examples, self.votes, strict=True):
            of_all = Counter(votes) + Counter([_intent(example)])
            for intent, count in of_all.items():
                shares[intent] += count / of_all.total() / len(self.examples)
        return shares

    @property
    def weights(self) -> dict[str, float]:
        """Intent -> the weight of each of its utterances."""
        counts = self.counts
        return {intent: len(self.examples) * share / counts[intent] for intent, share in self.shares.items()}


def contradictions(examples: Sequence[Example], translations: Iterable[Example] = ()) -> list[Contradiction]:
    """The contradictions among examples that have intents; `translations` bear witness too, in further locales.

    Translations of one utterance have its id. An utterance that has no intent takes no part.
    """
    everything = [one for one in (*examples, *translations) if one.intent is not None]
    by_text: defaultdict[Key, list[Example]] = defaultdict(list)
    texts_of: defaultdict[str, list[Key]] = defaultdict(list)
    for example in everything:
        key = example.locale, normalise(example.text)
        by_text[key].append(example)
        texts_of[example.id].append(key)
    own = dict.fromkeys(
        (example.locale, normalise(example.text)) for example in examples if example.intent is not None
    )
    return [
        Contradiction(group, [_votes(example, group, by_text, texts_of) for example in group])
        for key in own
        for group in (by_text[key],)
        if len({example.intent for example in group}) > 1
    ]


def weighed(examples: Sequence[Example], translations: Iterable[Example] = ()) -> list[Example]:
    """The examples in their order, those of contradictions with their weights."""
    weights = {
        (one.locale, one.id): found.weights[_intent(one)]
        for found in contradictions(examples, translations)
        for one in found.examples
    }
    return [
        replace(one, intent_weight=weights[key]) if (key := (one.locale, one.id)) in weights else one
        for one in examples
    ]


def _votes(
    example: Example,
    group: Sequence[Example],
    by_text: Mapping[Key, Sequence[Example]],
    texts_of: Mapping[str, Sequence[Key]],
) -> Counter[str]:
    """Intent of the group -> the ids outside of it that say it, each once, in however many locales it does so."""
    ids, intents = {one.id for one in group}, {one.intent for one in group}
    witnesses = {
        witness.id: _intent(witness)
        for text in texts_of[example.id]
        if text[0] != example.locale
        for witness in by_text[text]
        if witness.id not in ids and witness.intent in intents
    }
    return Counter(witnesses.values())


def _intent(example: Example) -> str:
    return example.intent or ""
