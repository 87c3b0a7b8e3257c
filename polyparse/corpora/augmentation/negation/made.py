"""Texts that are negated requests, and texts that are not although a word of them negates: made of a corpus by rules.

Of a request of the corpus some templates make negated ones and others look-alikes, which ask for something all the same.
What the corpus itself says with a cue is none, whatever its label: it has one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from polyparse.bounds import POSITIVE, SHARE, check_bounds
from polyparse.contract.locales import language_of
from polyparse.corpora.augmentation.negation.requests import Forms, forms_of
from polyparse.corpora.augmentation.negation.rules import LANGUAGES, rules_of
from polyparse.text.diacritics import without_diacritics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from polyparse.corpora.augmentation.negation.rules import Rules
    from polyparse.corpora.example import Example


N_PLAIN = 5
"""The first templates of a language, in which nothing but the negation is added: of every request one of these."""


@dataclass(frozen=True, kw_only=True)
class NegationConfig:
    """`requests` of each language, of each of which are made `forms` negated texts and as many look-alikes.

    `copies` are of each closing, and of look-alikes that are whole texts; `plain` is the share of texts without accents
    or apostrophes, `around` that with something before the words of a template, and that with something behind them.
    """

    requests: int = 2000
    forms: int = 6
    copies: int = 15
    plain: float = 0.15
    around: float = 0.4

    def __post_init__(self) -> None:
        check_bounds(self, requests=POSITIVE, forms=POSITIVE, copies=POSITIVE, plain=SHARE, around=SHARE)


class NegationText(NamedTuple):
    """A text, and whether it says what not to do."""

    text: str
    locale: str
    is_negated: bool


def made(examples: Sequence[Example], config: NegationConfig, seed: int) -> list[NegationText]:
    """Texts of the languages that have rules; the same for the same seed."""
    random = Random(f"negation {seed}")
    texts: list[NegationText] = []
    for locale in dict.fromkeys(example.locale for example in examples):
        if (language := language_of(locale)) not in LANGUAGES:
            continue
        requests = _requests([example.text for example in examples if example.locale == locale], language)
        random.shuffle(requests)
        maker = _Maker(rules_of(language), config, random)
        for text, is_negated in maker.texts(requests[: config.requests]):
            written = _plain(text) if random.random() < config.plain else text
            texts.append(NegationText(written, locale, is_negated))
    return texts


def _requests(texts: Sequence[str], language: str) -> list[Forms]:
    """The forms of every request among the texts, each once."""
    found = {_whole(forms): forms for text in texts if (forms := forms_of(text, language))}
    return list(found.values())


class _Maker:
    """Draws texts by the rules of a language."""

    def __init__(self, rules: Rules, config: NegationConfig, random: Random) -> None:
        self._rules = rules
        self._config = config
        self._random = random
        self._starred = [template for template in rules.negated if "*" in template]

    def texts(self, requests: Sequence[Forms]) -> Iterator[tuple[str, bool]]:
        """Texts and whether they are negated: of requests, and of none."""
        for request in requests:
            forms = request | {"thing": self._random.choice(self._rules.things)}
            yield from ((text, True) for text in self._negated(forms))
            yield from ((text, False) for text in self._kept(forms))
        for closing in self._rules.closings:
            yield from ((self._closing(closing), True) for _ in range(self._config.copies))
        for template in self._rules.kept:
            if not _fields(template):
                yield from ((template, False) for _ in range(self._config.copies))

    def _negated(self, request: Forms) -> Iterator[str]:
        rules, choice = self._rules, self._random.choice
        for template in self._drawn(rules.negated, request):
            yield self._around(_filled(template, request, choice(("", *rules.inside))), rules.before)
        yield _filled(choice(self._starred), request, choice(rules.inside))
        yield self._around(_filled(choice(rules.negated[:N_PLAIN]), request, ""), rules.before)

    def _kept(self, request: Forms) -> Iterator[str]:
        rules, choice, whole = self._rules, self._random.choice, _whole(request)
        before = (*rules.before, *rules.asides)
        yield from (self._around(_filled(t, request, ""), before) for t in self._drawn(rules.kept, request))
        yield f"{choice(rules.asides)} {whole}"
        yield f"{choice(rules.before)} {whole}"
        yield f"{whole} {choice(rules.behind)}"

    def _drawn(self, templates: Sequence[str], request: Forms) -> list[str]:
        """Some of the templates that the request has all forms for."""
        fitting = [
            template for template in templates if _fields(template) and _fields(template) <= request.keys()
        ]
        return self._random.sample(fitting, min(self._config.forms, len(fitting)))

    def _around(self, text: str, before: Sequence[str]) -> str:
        """The text with something before or behind it, both, or neither, which changes nothing of what it asks for."""
        parts = [self._random.choice(before), text, self._random.choice(self._rules.behind)]
        has_before, has_behind = (self._random.random() < self._config.around for _ in range(2))
        return " ".join(parts[1 - has_before : 2 + has_behind])

    def _closing(self, closing: str) -> str:
        choice = self._random.choice
        parts = (choice(("", *self._rules.openers)), closing, choice(("", *self._rules.tails)))
        return " ".join(filter(None, parts))


def _filled(template: str, request: Forms, inside: str) -> str:
    return " ".join(template.format_map(request).replace("*", inside).split())


def _whole(request: Forms) -> str:
    """The request as it is."""
    return request["imp" if "imp" in request else "v"]


def _fields(template: str) -> set[str]:
    return set(_FIELD.findall(template))


_FIELD = re.compile(r"{(\w+)}")


def _plain(text: str) -> str:
    """As people type it who leave out accents and apostrophes; Hindi without the dot below."""
    return without_diacritics(text.replace("'", ""))
