"""Slots as MASSIVE scores them: one label a token, and neighbours with the same label are one span.

Tokens are what white space separates; in locales written without spaces, each character is one. Adjacent spans
of one slot therefore merge, in truth and prediction alike.
"""

import re
from collections.abc import Iterable
from itertools import groupby

from polyparse.contract.locales import language_of
from polyparse.evaluation.spans import NamedSpan

_WORD = re.compile(r"\S+")
_TOKEN = {"ja": re.compile(r"\S"), "zh": re.compile(r"\S")}  # language -> token, where not a word


def runs(text: str, locale: str, slots: Iterable[NamedSpan]) -> set[tuple[str, int, int]]:
    """(name, first token, last token + 1) of each run of one label.

    A span labels the tokens that it covers wholly or in part; of two that share a token, the first labels it.
    """
    spans, start = set(), 0
    for label, group in groupby(_labels(text, locale, slots)):
        length = sum(1 for _ in group)
        if label is not None:
            spans.add((label, start, start + length))
        start += length
    return spans


def _labels(text: str, locale: str, slots: Iterable[NamedSpan]) -> list[str | None]:
    ordered = sorted(slots, key=lambda slot: slot.start)
    token = _TOKEN.get(language_of(locale), _WORD)
    return [
        next((slot.name for slot in ordered if slot.start < match.end() and match.start() < slot.end), None)
        for match in token.finditer(text)
    ]
