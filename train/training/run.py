"""A run under way: where it is kept, its config, what it depends on, and where it computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from polyparse.corpora.example import Example
from polyparse.text.tokenised import TokenisedTexts
from train.compute import CPU

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from polyparse.corpora.augmentation.code_switching import Dictionaries
    from train.checkpoint import Checkpoint
    from train.config import RunConfig
    from train.progress import Progress
    from train.start import Start


@dataclass(frozen=True)
class Texts:
    """Training and dev utterances; `translations` of the former into other locales than the model's help to align words.

    `others` are learnt at the same time. The labels are those of `inventory`, or of `train` where that is empty. Of
    `unlabelled` utterances the texts alone are known. `tokenised` keeps the tokens of what a run has read, for all of its
    stages.
    """

    train: Sequence[Example]
    dev: Sequence[Example]
    translations: Sequence[Example] = ()
    others: Sequence[OtherTask] = ()
    inventory: Sequence[Example] = ()
    unlabelled: Sequence[Example] = ()
    tokenised: TokenisedTexts = field(default_factory=TokenisedTexts)

    @property
    def labelled(self) -> Sequence[Example]:
        """The utterances whose labels are those to learn."""
        return self.inventory or self.train

    def read_by(self, config: RunConfig) -> Texts:
        """What a run with the config reads of them: without domains and intents if it learns slots only."""
        if not config.slots_only:
            return self
        others = [other._replace(texts=other.texts.read_by(config)) for other in self.others]
        train, dev, translations, inventory = map(
            _slots_only, (self.train, self.dev, self.translations, self.inventory)
        )
        return replace(
            self, train=train, dev=dev, translations=translations, others=others, inventory=inventory
        )


def _slots_only(examples: Sequence[Example]) -> list[Example]:
    return [replace(example, domain=None, intent=None) for example in examples]


class Parents(NamedTuple):
    """What a run depends on: the finished run or bundle that it starts from, and the finished runs that teach it.

    Soft targets of the latter are kept in the folder `soft_targets`, if there is one.
    """

    start: Start | None = None
    teachers: Sequence[Checkpoint] = ()
    soft_targets: Path | None = None


NO_PARENTS = Parents()


class OtherTask(NamedTuple):
    """Another corpus that a run learns from at the same time, and the folder of what becomes of it.

    `name` is the task's, `corpus` what `--also` says of it.
    """

    name: str
    corpus: str
    texts: Texts
    checkpoint: Checkpoint


class RunContext(NamedTuple):
    """What all stages of a run are given; by `dictionaries` words are switched."""

    checkpoint: Checkpoint
    config: RunConfig
    progress: Progress
    parents: Parents = NO_PARENTS
    device: torch.device = CPU
    others: Sequence[OtherTask] = ()
    unlabelled: Sequence[Example] = ()
    dictionaries: Dictionaries = MappingProxyType({})
