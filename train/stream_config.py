"""How a corpus is read that is larger than memory: the part of a run's config that says so."""

from __future__ import annotations

from dataclasses import dataclass

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, check_bounds


@dataclass(frozen=True, kw_only=True)
class StreamConfig:
    """A corpus that is read as a stream, in memory that does not grow with it (`on`), and what is kept of it.

    `words` and `features` bound the vocabulary and the features that the classifier is trained on, the most frequent ones;
    `sample` the utterances that word vectors are learnt from. The classifier learns for `classifier_epochs`, at
    `classifier_rate` (Adagrad's). An epoch has `epoch_steps` updates at most, of networks and of
    the classifier alike, and all of the corpus with None; after so many updates as `save_steps` says its state is saved.
    """

    on: bool = False
    words: int = 200_000
    features: int = 250_000
    sample: int = 50_000
    classifier_rate: float = 0.5
    classifier_epochs: int = 1
    epoch_steps: int | None = None
    save_steps: int = 2_000

    def __post_init__(self) -> None:
        check_bounds(
            self,
            words=POSITIVE,
            features=POSITIVE,
            sample=POSITIVE,
            classifier_rate=NOT_NEGATIVE,
            classifier_epochs=POSITIVE,
            save_steps=POSITIVE,
        )
        if self.epoch_steps is not None:
            check_bounds(self, epoch_steps=POSITIVE)
