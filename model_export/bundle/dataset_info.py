"""Where a model's training data comes from, as far as its corpus tells: MASSIVE, or a corpus of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True)
class Origin:
    """What the card says of the data, and whether the golden utterances of `model_export.bundle.golden_utterances` are about its domains."""

    data: str
    licence: str
    has_written_utterances: bool


MASSIVE = Origin(
    data="MASSIVE 1.1 (FitzGerald et al. 2022; Amazon), the train split of these locales",
    licence="CC BY 4.0, credited to Amazon.com, Inc",
    has_written_utterances=True,
)
MASSIVE_DOMAINS = frozenset(
    {
        "alarm",
        "audio",
        "calendar",
        "cooking",
        "datetime",
        "email",
        "general",
        "iot",
        "lists",
        "music",
        "news",
        "play",
        "qa",
        "recommendation",
        "social",
        "takeaway",
        "transport",
        "weather",
    }
)


def origin_of(corpus: str, domains: Collection[str]) -> Origin:
    """The origin of a corpus given as FORMAT:PATH; MASSIVE's domains have to be there, for others use its layout too."""
    if corpus.startswith("massive:") and set(domains) == MASSIVE_DOMAINS:
        return MASSIVE
    return Origin(corpus, licence="as the corpus's owner gives it", has_written_utterances=False)
