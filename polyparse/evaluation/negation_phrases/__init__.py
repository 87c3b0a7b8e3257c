"""Negated requests, look-alikes that ask for something all the same, and closings of a dialogue: written for this project.

A file for each locale. `negated INTENT: TEXT` must not be answered by that intent; `kept INTENT: TEXT` holds a word that
negates, and means that intent; a `closing` asks for nothing. Every template stands for as many texts as there are requests:
a `request` has its intent, and a form for each name of `forms`. No verb and no template is one of those that training texts
are made of.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

LOCALES = ("en-US", "es-ES", "it-IT", "hi-IN")
NEGATED, KEPT, CLOSING = KINDS = ("negated", "kept", "closing")
_TEMPLATE = "_template"
_LINE = re.compile(r"(?P<kind>request|negated|kept) (?P<intent>\w+): (?P<text>.+)")


class Phrase(NamedTuple):
    """`intent` is the one that is negated, or meant; None for a closing. `template` is what it was made by, if any."""

    text: str
    locale: str
    kind: str
    intent: str | None
    template: str | None = None


class RequestForms(NamedTuple):
    """An intent, and the forms in which templates ask for it, by name."""

    intent: str
    forms: dict[str, str]


class Written(NamedTuple):
    """What one file says."""

    phrases: Sequence[Phrase]
    requests: Sequence[RequestForms]
    templates: Sequence[tuple[str, str]]  # kind and template


@lru_cache(maxsize=len(LOCALES))
def written(locale: str) -> Written:
    """What stands in the file of one of LOCALES."""
    lines = files(__name__).joinpath(f"{locale}.txt").read_text(encoding="utf-8").splitlines()
    names = lines[0].removeprefix("forms ").split(" | ")
    phrases, requests, templates = [], [], []
    for line in lines[1:]:
        kind, _, rest = line.partition(" ")
        if kind.endswith(_TEMPLATE):
            templates.append((kind.removesuffix(_TEMPLATE), rest))
        elif kind == CLOSING:
            phrases.append(Phrase(rest, locale, CLOSING, None))
        elif (match := _LINE.fullmatch(line)) is None:
            raise ValueError(f"{locale}.txt: found {line!r}, expected KIND INTENT: TEXT")
        elif match["kind"] == "request":
            forms = dict(zip(names, match["text"].split(" | "), strict=True))
            requests.append(RequestForms(match["intent"], forms))
        else:
            phrases.append(Phrase(match["text"], locale, match["kind"], match["intent"]))
    return Written(phrases, requests, templates)


def phrases_of(locale: str) -> list[Phrase]:
    """All phrases of one of LOCALES, those written one by one first, then those of templates."""
    phrases, requests, templates = written(locale)
    made = [
        Phrase(template.format_map(request.forms), locale, kind, request.intent, template)
        for kind, template in templates
        for request in requests
    ]
    return [*phrases, *made]
