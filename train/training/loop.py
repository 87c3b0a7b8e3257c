"""The training loop of one joint network, a generator: it yields after each epoch; others save, print and stop.

Everything random in an epoch (order, dropout) comes from the run's seed and the epoch's number, so that a run resumed at the
start of an epoch goes on exactly as if it had never stopped.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import cos, pi
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from polyparse.evaluation.evaluate import measure, parse_all
from polyparse.inference.pipeline import Pipeline
from polyparse.inference.routing import Routing
from polyparse.text.vectorizer import collate
from train.models.joint import JointNetwork, Scores, Tensors, new_network
from train.models.torch_networks import TorchNetworks
from train.objectives.losses import losses
from train.stopwatch import Stopwatch
from train.training.initialisation import adopt_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from polyparse.text.vectorizer import Item
    from train.checkpoint import Checkpoint
    from train.config import OptimConfig, RunConfig
    from train.data.task import Task, TextTables
    from train.embeddings.vec_file import WordVectors


@dataclass(frozen=True)
class Epoch:
    """Losses are means over utterances; `dev` holds the mean measures of the averaged weights; `best` says they lead.

    `time` is a `Stopwatch`'s.
    """

    number: int
    intent_loss: float
    slot_loss: float
    dev: dict[str, float | None]
    best: bool
    time: dict[str, float]


class Trainer:
    """A network with its optimiser, averaged weights and place in the run.

    `redraw(epoch, seed)` gives the task of an epoch: the same every time, unless training utterances are varied.
    """

    def __init__(
        self, task: Task, tables: TextTables, config: RunConfig, vectors: WordVectors | None = None
    ) -> None:
        torch.manual_seed(config.seed)
        self.task, self.config = task, config
        self.network = build_network(task, tables, config, vectors)
        self.average = torch.optim.swa_utils.AveragedModel(
            self.network, multi_avg_fn=_moving_average(config.optim.average_decay)
        )
        trained = [p for p in self.network.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(
            trained, lr=config.optim.learning_rate, weight_decay=config.optim.weight_decay, fused=True
        )
        self.redraw: Callable[[int, int], Task] = lambda _epoch, _seed: task
        self.epoch = 0
        self.best_match = -1.0
        self.best_epoch = 0
        self.best_weights: dict[str, torch.Tensor] = {}

    def start_from(self, start: Checkpoint, index: int) -> None:
        """Take over the weights of a finished run's network, for training and for the average alike."""
        adopt_weights(self.network, start, index)
        self.average.module.load_state_dict(self.network.state_dict())

    @property
    def finished(self) -> bool:
        """Whether the run has had its epochs or its patience."""
        optim = self.config.optim
        return self.epoch >= optim.epochs or self.epoch - self.best_epoch >= optim.patience

    def final_weights(self) -> dict[str, torch.Tensor]:
        """The best weights without a companion's, the bias of "O", the first tag, raised by `outside_bias`."""
        weights = {
            name: best for name, best in self.best_weights.items() if not name.startswith("companion.")
        }
        for tower in self.network.towers():
            name = f"{tower}slots.output.bias"
            weights[name] = weights[name].clone()
            weights[name][0] += self.config.joint.outside_bias
        return weights

    def state(self) -> dict[str, Any]:
        """All that `restore` needs."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "epoch": self.epoch,
            "best_match": self.best_match,
            "best_epoch": self.best_epoch,
            "best_weights": self.best_weights,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to where `state` was taken."""
        for part in ("network", "average", "optimiser"):
            getattr(self, part).load_state_dict(state[part])
        self.epoch, self.best_match = state["epoch"], state["best_match"]
        self.best_epoch, self.best_weights = state["best_epoch"], state["best_weights"]


def build_network(
    task: Task, tables: TextTables, config: RunConfig, vectors: WordVectors | None = None
) -> JointNetwork:
    """A fresh network of the right size for the corpus; its word table starts from `vectors` where there are any."""
    network = new_network(task.labels, tables.vocabulary, config.joint)
    if vectors is not None:
        network.embedder.start_from(torch.from_numpy(vectors.rows_N), torch.from_numpy(vectors.vectors_NE))
    return network


def train_epochs(
    trainer: Trainer, *, on_step: Callable[[int, int], None] = lambda _done, _of: None
) -> Iterator[Epoch]:
    """Train until the epochs or the patience are used up, yielding after each epoch.

    The best weights are those of the best exact match on dev, the first of equal ones; without dev, the last.

    `on_step(done, of)` is called after each batch. Leaving the generator early leaves the trainer as it is.
    """
    while not trainer.finished:
        started = Stopwatch()
        intent_loss, slot_loss = _train_epoch(trainer, on_step)
        trainer.epoch += 1
        dev = evaluate(trainer.average.module, trainer.task)
        match = dev["exact_match"]
        best = match is None or match > trainer.best_match
        if best:
            trainer.best_match, trainer.best_epoch = match or 0.0, trainer.epoch
            trainer.best_weights = {k: v.clone() for k, v in trainer.average.module.state_dict().items()}
        yield Epoch(trainer.epoch, intent_loss, slot_loss, dev, best, started.read())


def evaluate(network: nn.Module, task: Task) -> dict[str, float | None]:
    """Mean measures over the locales of dev, by the joint network alone."""
    if not isinstance(network, JointNetwork):
        raise TypeError(f"found a {type(network).__name__}, expected a JointNetwork")
    routing = Routing(kind="soft", joint_weight=1.0, classifier="none")
    pipeline = Pipeline(task.labels, "shared", routing, TorchNetworks([network], None))
    mean: dict[str, float | None] = measure(task.dev, parse_all(pipeline, task.dev_items))["mean"]
    return mean


def _train_epoch(trainer: Trainer, on_step: Callable[[int, int], None]) -> tuple[float, float]:
    optim = trainer.config.optim
    seed = epoch_seed(trainer.config, trainer.epoch)
    torch.manual_seed(seed)
    trainer.network.train()
    task = trainer.redraw(trainer.epoch, seed)
    batches = equal_length_batches(task.train, optim, seed=seed)
    total_intent = total_slot = 0.0
    for done, rows in enumerate(batches, start=1):
        set_rate(trainer.optimiser, optim, (trainer.epoch + done / len(batches)) / optim.epochs)
        tensors = Tensors.of(collate([task.train[i] for i in rows]))
        with torch.autocast("cpu", torch.bfloat16, enabled=optim.precision == "bfloat16"):
            views = trainer.network.views(tensors)
        intent_loss, slot_loss = losses(
            trainer.network,
            [Scores(view.logits_BI.float(), view.emissions_BTK.float(), view.lengths_B) for view in views],
            [task.targets[i] for i in rows],
            chain=task.chain,
            gold_weight=trainer.config.distil.gold,
        )
        trainer.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(intent_loss + slot_loss)
        nn.utils.clip_grad_norm_(trainer.network.parameters(), optim.clip_norm)
        trainer.optimiser.step()
        trainer.average.update_parameters(trainer.network)
        total_intent += float(intent_loss.detach()) * len(rows)
        total_slot += float(slot_loss.detach()) * len(rows)
        on_step(done, len(batches))
    return total_intent / len(task.train), total_slot / len(task.train)


def epoch_seed(config: RunConfig, epoch: int) -> int:
    """What draws all that is random in an epoch, counted from 0."""
    return config.seed * 100_003 + epoch


def set_rate(optimiser: torch.optim.Optimizer, optim: OptimConfig, progress: float) -> None:
    """A linear warm-up, then a cosine down to zero; `progress` is the share of the run that is done, in (0, 1]."""
    warm = optim.warmup_share
    factor = progress / warm if progress < warm else 0.5 * (1 + cos(pi * (progress - warm) / (1 - warm)))
    for group in optimiser.param_groups:
        group["lr"] = optim.learning_rate * factor


def equal_length_batches(items: Sequence[Item], optim: OptimConfig, *, seed: int) -> list[list[int]]:
    """Rows of the items, batched by equal length (nothing is padded), in an order that the seed gives."""
    order = np.random.default_rng(seed).permutation(len(items)).tolist()
    by_length: defaultdict[int, list[int]] = defaultdict(list)
    for row in order:
        by_length[items[row].n_tokens].append(row)
    size = optim.batch_size
    batches = [
        rows[first : first + size] for rows in by_length.values() for first in range(0, len(rows), size)
    ]
    return [batches[i] for i in np.random.default_rng(seed + 1).permutation(len(batches))]


def _moving_average(decay: float) -> Callable[[Any, Any, Any], None]:
    """Exponential moving average whose memory grows with the run up to `decay`, so that the first steps fade fast."""

    @torch.no_grad()
    def average(averaged: list[torch.Tensor], current: list[torch.Tensor], steps: torch.Tensor) -> None:
        now = min(decay, (1.0 + float(steps)) / (10.0 + float(steps)))
        torch._foreach_lerp_(averaged, current, 1.0 - now)

    return average
