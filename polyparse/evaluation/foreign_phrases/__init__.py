"""What a voice team hands on, by topic: tasks of devices and services that no domain of MASSIVE covers, and chit-chat.

A file for each locale, written as `polyparse.corpora.augmentation.foreign.lists` says: every thing of a topic goes with
every wording. No thing, no noun of one and no wording is one of those that training texts are made of, and of some topics
training has nothing at all.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from polyparse.contract.locales import language_of
from polyparse.corpora.augmentation.foreign.lists import KINDS, TALK, TASK, Topic, lists_of, parse, text_of

__all__ = ["KINDS", "LOCALES", "TALK", "TASK", "ForeignPhrase", "phrases_of", "written"]

LOCALES = ("en-US", "es-ES", "it-IT", "hi-IN")


class ForeignPhrase(NamedTuple):
    """A text of a kind, a task or talk; `is_seen` where training has texts of its topic."""

    text: str
    locale: str
    kind: str
    topic: str
    is_seen: bool


@lru_cache(maxsize=len(LOCALES))
def written(locale: str) -> tuple[Topic, ...]:
    """What stands in the file of one of LOCALES."""
    return parse(files(__name__).joinpath(f"{locale}.txt").read_text(encoding="utf-8"))


def phrases_of(locale: str) -> list[ForeignPhrase]:
    """All phrases of one of LOCALES."""
    language = language_of(locale)
    seen = {(topic.kind, topic.name) for topic in lists_of(language)}
    return [
        ForeignPhrase(text_of(wording, language, {"x": thing}), locale, kind, name, (kind, name) in seen)
        for kind, name, things, wordings in written(locale)
        for wording in wordings
        for thing in things
    ]
