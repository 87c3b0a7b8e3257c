"""What a run's training text had, domain by domain, to hold utterances against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.corpora.noise import with_romanised
from polyparse.inference.training_text import SeenText
from polyparse.text.vectorizer import Vectorizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.corpora.example import Example
    from train.checkpoint import Checkpoint


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
