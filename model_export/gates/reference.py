"""What a checkpoint answers in PyTorch: the frames that its bundle is held against."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

from polyparse.errors import ConfigError
from polyparse.evaluation.evaluate import parse_all
from train.models.heads.approximate import mean_field_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.contract.frame import Frame, Utterance
    from polyparse.corpora.example import Example
    from polyparse.inference.pipeline import Judgement
    from polyparse.text.vectorizer import Item
    from train.checkpoint import Checkpoint


class Reference:
    """A finished checkpoint, its networks, and its dev utterances that have a token; `approximate` swaps the heads.

    Frames are as the model's own probabilities have them, but where a judgement is given.

    Raises:
        ConfigError: the head cannot be approximated, or there is no such utterance: gates over nothing pass everything.
    """

    def __init__(self, checkpoint: Checkpoint, approximate: Literal["ain"] | None) -> None:
        self.checkpoint = checkpoint
        self.networks = checkpoint.networks()
        if approximate:
            for network in self.networks:
                network.head = mean_field_of(network.head)
        self._vectorizer, self._pipeline = checkpoint.pipeline(self.networks)
        paired = [(e, self.prepare(e.utterance)) for e in checkpoint.dev()]
        self.examples: list[Example] = [example for example, item in paired if item.n_tokens]
        self.items: list[Item] = [item for _, item in paired if item.n_tokens]
        if not self.items:
            raise ConfigError(
                f"{checkpoint.folder}: found no dev utterance with a token, expected at least one"
            )

    @cached_property
    def frames(self) -> list[Frame]:
        """Frames of the dev utterances."""
        return parse_all(self._pipeline, self.items)

    def prepare(self, utterance: Utterance) -> Item:
        """Arrays of any utterance, be its locale served or not; the bundle's text tables give the same."""
        return self._vectorizer.item(utterance)

    def answer(self, utterances: Sequence[Utterance], judgement: Judgement) -> list[Frame]:
        """Frames of any utterances under a judgement, those left out that have no token."""
        items = [self.prepare(utterance) for utterance in utterances]
        pipeline = self._pipeline.judging(judgement)
        return parse_all(pipeline, [item for item in items if item.n_tokens])
