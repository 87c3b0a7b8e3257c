"""All checks of a corpus: a table from what they look for to the function that finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.corpora.checks import labels, slots, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from polyparse.corpora.checks.corpus import Corpus, Finding

    Check = Callable[[Corpus], Iterator[Finding]]

CHECKS: Mapping[str, Check] = {
    "slots without a visible character or a word, refused: their utterances are left out of training": (
        slots.empty_slots
    ),
    "slots that begin or end inside a word, refused: their utterances are left out of training": (
        slots.cut_words
    ),
    "tags and labels that are not as their format has them": slots.read_otherwise,
    "texts that the service will refuse": texts.refused_by_the_service,
    "the same text under two intents": texts.two_intents,
    "the same text with other slots": texts.two_annotations,
    "utterances of dev or test that stand in train too": texts.leaked,
    "ids that several utterances of a locale share": texts.same_ids,
    "labels of dev or test that training has not": labels.unknown_to_train,
    "names that differ only in case, hyphens, underscores or spaces": labels.like_names,
    "names with a character that is not seen, or looks like another": labels.unclear_names,
    "one intent only": labels.one_intent,
    f"intents with fewer than {labels.LEAST_OF_INTENT} training utterances": labels.rare_intents,
    f"slots with fewer than {labels.LEAST_OF_SLOT} training examples": labels.lonely_slots,
    "intents far more frequent than the others": labels.unbalanced_intents,
}
"""Title -> check, the gravest first."""


def findings_of(corpus: Corpus) -> dict[str, list[Finding]]:
    """Title -> findings, of the checks that have any."""
    findings = {title: list(check(corpus)) for title, check in CHECKS.items()}
    return {title: of_check for title, of_check in findings.items() if of_check}


def count(findings: Mapping[str, Sequence[Finding]]) -> str:
    """How many findings there are, in words."""
    number = sum(map(len, findings.values()))
    return f"{number or 'no'} finding{'' if number == 1 else 's'}"


def report(findings: Mapping[str, Sequence[Finding]], *, examples: int) -> Iterator[str]:
    """Lines that show at most so many findings of each check, under its title and count."""
    for title, of_check in findings.items():
        yield f"{title}: {len(of_check)}"
        yield from (f"  {finding}" for finding in of_check[:examples])
        if len(of_check) > examples:
            yield f"  and {len(of_check) - examples} more"
        yield ""


def in_one_line(findings: Mapping[str, Sequence[Finding]]) -> str:
    """The counts, and the first finding of each check."""
    counts = "; ".join(f"{title}: {len(of_check)} ({of_check[0]})" for title, of_check in findings.items())
    return f"{count(findings)} in the corpus: {counts}"
