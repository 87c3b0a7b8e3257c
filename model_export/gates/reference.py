"""The frames of a checkpoint in PyTorch, which its bundle is compared with."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

from polyparse.errors import ConfigError
from train.finished import networks_of, parser_of
from train.models.heads.approximate import mean_field_of

if TYPE_CHECKING:
    from polyparse.contract.frame import Frame
    from polyparse.corpora.example import Example
    from polyparse.text.vectorizer import Item
    from train.checkpoint import Checkpoint


class Reference:
    """A finished checkpoint as a parser, and its dev utterances that have a token; `approximate` replaces the heads.

    Frames are uncalibrated, and none is refused.

    Raises:
        ConfigError: the head cannot be approximated, or there is no such utterance, so that the gates would check nothing.
    """

    def __init__(self, checkpoint: Checkpoint, approximate: Literal["ain"] | None) -> None:
        self.checkpoint = checkpoint
        self.networks = networks_of(checkpoint)
        if approximate:
            for network in self.networks:
                network.head = mean_field_of(network.head)
        self.parser = parser_of(checkpoint, self.networks)
        paired = [(example, self.parser.vectorizer.item(example.utterance)) for example in checkpoint.dev()]
        self.examples: list[Example] = [example for example, item in paired if item.n_tokens]
        self.items: list[Item] = [item for _, item in paired if item.n_tokens]
        if not self.items:
            raise ConfigError(
                f"{checkpoint.folder}/dev.jsonl: found no utterance with a token, expected at least one"
            )

    @cached_property
    def frames(self) -> list[Frame]:
        """Frames of the dev utterances."""
        return self.parser.run_all(self.items)
