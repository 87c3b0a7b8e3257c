"""The training loop of one joint network: a generator that yields after each epoch; its caller saves, prints and stops.

Everything random in an epoch (order, dropout) depends on the run's seed and the epoch's number alone, so that a run resumed
at the start of an epoch has the same result as one that was never stopped.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from polyparse.errors import ConfigError
from polyparse.evaluation.evaluate import measure
from polyparse.inference.batches import by_length, run_batches
from polyparse.inference.pipeline import Pipeline
from polyparse.inference.routing import Routing
from polyparse.text.vectorizer import collate
from train.data.batches import epoch_seed, equal_length_batches
from train.models.joint import BatchTensors, JointNetwork, new_network
from train.models.torch_networks import TorchNetworks
from train.objectives.losses import losses
from train.schedule import set_rate
from train.stopwatch import Stopwatch
from train.training.initialisation import copy_weights
from train.training.stopping import History, constant_match

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from train.checkpoint import Checkpoint
    from train.config import RunConfig
    from train.data.task import Task, TextTables
    from train.embeddings.vec_file import PretrainedVectors


@dataclass(frozen=True)
class Epoch:
    """The result of an epoch. Losses are means over utterances; `dev` has the measures of the averaged weights.

    `best` is whether these weights are the best ones so far; `time` is from a `Stopwatch`.
    """

    number: int
    intent_loss: float
    slot_loss: float
    dev: dict[str, float | None]
    best: bool
    time: dict[str, float]


class Trainer:
    """A network with its optimiser, its averaged weights and the state of its run.

    `task_of_epoch(epoch, seed)` is the task of an epoch: always the same, unless training utterances are augmented.
    """

    def __init__(
        self, task: Task, tables: TextTables, config: RunConfig, vectors: PretrainedVectors | None = None
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
        self.task_of_epoch: Callable[[int, int], Task] = lambda _epoch, _seed: task
        self.history = History(constant_match=constant_match(task.dev))
        self.best_weights: dict[str, torch.Tensor] = {}

    def start_from(self, start: Checkpoint, index: int) -> None:
        """Copy the weights of a finished run's network, into the network and into the averaged weights."""
        copy_weights(self.network, start, index)
        self.average.module.load_state_dict(self.network.state_dict())

    @property
    def epoch(self) -> int:
        """How many epochs are trained."""
        return self.history.epoch

    @property
    def finished(self) -> bool:
        """Whether the run is over."""
        return self.history.is_over(self.config.optim)

    def final_weights(self) -> dict[str, torch.Tensor]:
        """The best weights without an auxiliary branch, with `outside_bias` added to the bias of "O", the first tag."""
        auxiliary = self.network.auxiliary_weights()
        weights = {name: best for name, best in self.best_weights.items() if name not in auxiliary}
        bias_K = weights["slots.output.bias"].clone()
        bias_K[0] += self.config.joint.outside_bias
        return {**weights, "slots.output.bias": bias_K}

    def state(self) -> dict[str, Any]:
        """The state that `restore` needs to continue from here."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "history": asdict(self.history),
            "best_weights": self.best_weights,
        }

    def restore(self, state: dict[str, Any], *, where: str) -> None:
        """Continue from a `state`; raises ConfigError, which begins with `where`, for what is none of this network."""
        try:
            for part in ("network", "average", "optimiser"):
                getattr(self, part).load_state_dict(state[part])
            self.history, self.best_weights = History(**state["history"]), dict(state["best_weights"])
        except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise ConfigError(
                f"{where}: found another state ({reason}), expected that of this run, written by this version"
            ) from error


def build_network(
    task: Task, tables: TextTables, config: RunConfig, vectors: PretrainedVectors | None = None
) -> JointNetwork:
    """A newly initialised network for the task's labels; its word table starts from `vectors`, if there are any."""
    network = new_network(task.labels, tables.vocabulary, config.joint)
    if vectors is not None:
        network.embedder.start_from(torch.from_numpy(vectors.rows_N), torch.from_numpy(vectors.vectors_NE))
    return network


def train_epochs(
    trainer: Trainer, *, on_step: Callable[[int, int], None] = lambda _done, _of: None
) -> Iterator[Epoch]:
    """Train until `trainer.finished`, yielding after each epoch.

    `History` says which weights are the best; without dev the last ones are.

    `on_step(done, of)` is called after each batch. Closing the generator early leaves the trainer at its last epoch.
    """
    while not trainer.finished:
        started = Stopwatch()
        intent_loss, slot_loss = _train_epoch(trainer, on_step)
        dev = evaluate(trainer.average.module, trainer.task)
        trainer.history = trainer.history.after(dev)
        best = trainer.history.is_best
        if best:
            trainer.best_weights = {k: v.clone() for k, v in trainer.average.module.state_dict().items()}
        yield Epoch(trainer.epoch, intent_loss, slot_loss, dev, best, started.read())


def evaluate(network: nn.Module, task: Task) -> dict[str, float | None]:
    """Measures on dev, mean over its locales, by the joint network without DC."""
    if not isinstance(network, JointNetwork):
        raise TypeError(f"found a {type(network).__name__}, expected a JointNetwork")
    routing = Routing(kind="soft", joint_weight=1.0, classifier_classes="none")
    pipeline = Pipeline(task.labels, "shared", routing, TorchNetworks([network], None))
    batches = by_length([item.n_tokens for item in task.dev_items])
    frames = run_batches(batches, task.dev_items, lambda batch: pipeline.run(batch).frames)
    mean: dict[str, float | None] = measure(task.dev, frames)["mean"]
    return mean


def _train_epoch(trainer: Trainer, on_step: Callable[[int, int], None]) -> tuple[float, float]:
    """Pass over the task as often as `optim.min_steps` needs; returns the mean losses of intents and slots."""
    optim = trainer.config.optim
    n_batches = len(equal_length_batches(trainer.task.train, optim.batch_size, seed=0))
    passes = -(-optim.min_steps // n_batches)
    trainer.network.train()
    total_intent = total_slot = 0.0
    for index in range(passes):
        seed = epoch_seed(trainer.config, trainer.epoch * passes + index)
        torch.manual_seed(seed)
        task = trainer.task_of_epoch(trainer.epoch, seed)
        batches = equal_length_batches(task.train, optim.batch_size, seed=seed)
        for done, batch in enumerate(batches, start=1):
            share = (index + done / len(batches)) / passes
            set_rate(trainer.optimiser, optim, (trainer.epoch + share) / optim.epochs)
            intent_loss, slot_loss = _train_step(trainer, task, batch)
            total_intent += intent_loss * len(batch)
            total_slot += slot_loss * len(batch)
            on_step(index * len(batches) + done, passes * len(batches))
    seen = passes * len(trainer.task.train)
    return total_intent / seen, total_slot / seen


def _train_step(trainer: Trainer, task: Task, batch: Sequence[int]) -> tuple[float, float]:
    """One update by the items at these positions of the task; returns its losses of intents and slots."""
    optim = trainer.config.optim
    tensors = BatchTensors.of(collate([task.train[position] for position in batch]))
    with torch.autocast("cpu", torch.bfloat16, enabled=optim.precision == "bfloat16"):
        scores = trainer.network.branch_scores(tensors)
    intent_loss, slot_loss = losses(
        trainer.network,
        [branch_scores.float() for branch_scores in scores],
        [task.targets[position] for position in batch],
        chain=task.chain,
        gold_weight=trainer.config.distil.gold,
    )
    trainer.optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(intent_loss + slot_loss)
    nn.utils.clip_grad_norm_(trainer.network.parameters(), optim.clip_norm)
    trainer.optimiser.step()
    trainer.average.update_parameters(trainer.network)
    return float(intent_loss.detach()), float(slot_loss.detach())


def _moving_average(decay: float) -> Callable[[Any, Any, Any], None]:
    """Exponential moving average; its decay rises to `decay` over the first steps, so that early weights fade quickly."""

    @torch.no_grad()
    def average(averaged: list[torch.Tensor], current: list[torch.Tensor], steps: torch.Tensor) -> None:
        current_decay = min(decay, (1.0 + float(steps)) / (10.0 + float(steps)))
        torch._foreach_lerp_(averaged, current, 1.0 - current_decay)

    return average
