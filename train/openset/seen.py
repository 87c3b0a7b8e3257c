"""What a run's training text had, domain by domain, to hold utterances against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.encode import Vectorizer
from polyparse.seen_text import SeenText
from train.noise import with_romanised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train.checkpoint import Checkpoint
    from train.corpora.example import Example


def seen_by(train: Sequence[Example], checkpoint: Checkpoint) -> SeenText:
    """Of the training examples, and of the romanised ones that the run's tables have seen too."""
    vocabulary, labels = checkpoint.tables().vocabulary, checkpoint.labels()
    vectorizer = Vectorizer(vocabulary, None)
    examples = with_romanised(train, checkpoint.run().config.noise)
    paired = [(vectorizer.item(example.utterance), example.domain) for example in examples]
    usable = [(item, domain) for item, domain in paired if item.n_tokens]
    rows = {domain: row for row, domain in enumerate(labels.domains)}
    return SeenText.build(
        [item for item, _ in usable],
        [rows.get(domain or "", 0) for _, domain in usable],
        vocabulary_rows=vocabulary.n_rows,
        n_domains=len(labels.domains),
    )
