"""Contradictory labels of a corpus: texts of train that have several intents, and what the translations say of them."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from benchmarks import command, corpus
from benchmarks.result import Result
from polyparse.corpora.contradictions import contradictions
from polyparse.corpora.read import translations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.corpora.contradictions import Contradiction

DOUBTED = 0.5
"""Weight below which an utterance counts as doubted."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.contradictions", __doc__)
    command.counts(
        parser, ("--examples", 5, "contradictions of each locale to show, those with the most witnesses")
    )
    options = parser.parse_args(argv)
    return command.run(lambda: measure(options.corpus, shown=options.examples), json=options.json)


def measure(spec: str, *, shown: int) -> Result:
    """The figures of each locale that is served; every locale of the corpus bears witness."""
    examples = corpus.examples(spec, partition="train")
    found = contradictions(examples, translations(spec, corpus.LOCALES))
    figures: dict[str, float] = {}
    for locale in corpus.LOCALES:
        of_locale = [one for one in found if one.examples[0].locale == locale]
        n_utterances = sum(example.locale == locale for example in examples)
        figures |= {f"{key}_{locale}": value for key, value in figures_of(of_locale, n_utterances).items()}
        for one in sorted(of_locale, key=lambda each: -witnesses(each))[:shown]:
            print(in_words(one))
    return Result("contradictions", figures)


def figures_of(found: Sequence[Contradiction], n_utterances: int) -> dict[str, float]:
    """Of one locale: contradictory texts, those with witnesses, their utterances, those that are doubted."""
    weights = [one.weights[example.intent or ""] for one in found for example in one.examples]
    return {
        "texts": len(found),
        "with_witnesses": sum(witnesses(one) > 0 for one in found),
        "utterances": len(weights),
        "share": len(weights) / n_utterances if n_utterances else 0.0,
        "doubted": sum(weight < DOUBTED for weight in weights),
    }


def in_words(found: Contradiction) -> str:
    """One line: the text, and for each intent how many have it, how many bear witness for it, and its share."""
    counts, votes = found.counts, sum(map(Counter, found.votes), Counter[str]())
    said = "; ".join(
        f"{intent} {counts[intent]} + {votes[intent]}: {share:.2f}" for intent, share in found.shares.items()
    )
    return f"{found.examples[0].locale} {found.examples[0].text!r}: {said}"


def witnesses(found: Contradiction) -> int:
    """How many votes there are from outside of the group."""
    return sum(map(Counter.total, map(Counter, found.votes)))


if __name__ == "__main__":
    sys.exit(main())
