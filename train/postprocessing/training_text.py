"""Statistics of a run's training text by domain, which the out-of-domain score compares utterances with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.inference.training_text import TrainingText
from polyparse.text.vectorizer import Vectorizer
from train.data.other_words import in_other_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.corpora.example import Example
    from train.checkpoint import Checkpoint


def training_text_of(train: Sequence[Example], checkpoint: Checkpoint) -> TrainingText:
    """The statistics of the training examples, and of copies in other words (romanised, in digits) if the run has them."""
    vocabulary, labels = checkpoint.tables().vocabulary, checkpoint.labels()
    vectorizer = Vectorizer(vocabulary, None)
    config = checkpoint.run().config
    examples = in_other_words(train, config)
    paired = [(vectorizer.item(example.utterance), example.domain) for example in examples]
    usable = [(item, domain) for item, domain in paired if item.n_tokens]
    indices = {domain: index for index, domain in enumerate(labels.domains)}
    return TrainingText.build(
        [item for item, _ in usable],
        [indices.get(domain or "", 0) for _, domain in usable],
        vocabulary_size=vocabulary.size,
        n_domains=len(labels.domains),
    )
