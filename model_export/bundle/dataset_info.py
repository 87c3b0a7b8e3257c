"""Description and licence of a model's training data: MASSIVE, or a corpus of the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True)
class DatasetInfo:
    """Description and licence for the model card, and whether the written golden utterances fit its domains."""

    data: str
    licence: str
    has_written_utterances: bool


MASSIVE = DatasetInfo(
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


def dataset_info_of(corpus: str, domains: Collection[str]) -> DatasetInfo:
    """The info of a corpus given as FORMAT:PATH. Other corpora use MASSIVE's format too, so its domains are compared."""
    if corpus.startswith("massive:") and set(domains) == MASSIVE_DOMAINS:
        return MASSIVE
    return DatasetInfo(corpus, licence="as the corpus's owner gives it", has_written_utterances=False)
