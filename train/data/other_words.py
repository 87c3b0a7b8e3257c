"""What a run's tables are made of: its training utterances, and copies in the words that its augmentation puts in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.corpora.augmentation.everyday_words import with_everyday
from polyparse.corpora.augmentation.written_forms import with_written
from polyparse.corpora.noise import with_romanised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.corpora.example import Example
    from train.config import RunConfig


def in_other_words(train: Sequence[Example], config: RunConfig) -> list[Example]:
    """The examples, then copies of some: romanised, with everyday words, with numbers in digits, as the config has them."""
    everyday = with_everyday(train, config.everyday)[len(train) :]
    return [*with_written(with_romanised(train, config.noise), config.written), *everyday]
