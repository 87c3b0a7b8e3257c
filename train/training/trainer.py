"""The training of one joint network: a generator that yields after each epoch; its caller saves, prints and stops."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from functools import partial
from itertools import cycle, repeat
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import nn

from polyparse.errors import ConfigError
from polyparse.evaluation.evaluate import measure
from polyparse.inference.batches import by_length, run_batches
from polyparse.inference.pipeline import Pipeline
from polyparse.inference.routing import Routing
from train.compute import CPU, Compute
from train.data.batches import batches_of, lengths_of
from train.embeddings import sentence_encoder
from train.models.joint import JointNetwork, new_network
from train.models.sharing import TaskNetworks
from train.models.torch_networks import TorchNetworks
from train.objectives.supervised import Supervised
from train.ranks import Ranks
from train.schedule import Warmup, WarmupCosine, WarmupLinear
from train.stopwatch import Stopwatch
from train.training.learner import Learner, Updates, averaged
from train.training.loop import Epochs, Midway, Totals, reseeded, train_epoch
from train.training.sampler import Part, Sampler
from train.training.stopping import History, constant_match

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from train.config import OptimConfig, RunConfig
    from train.data.task import Task, TextTables
    from train.embeddings.vec_file import PretrainedVectors
    from train.objectives.base import Objective

OWN = "own"
"""The name of a trainer's own task among others."""


@dataclass(frozen=True)
class Epoch:
    """The result of an epoch. Losses are means over utterances; `dev` has the measures of the averaged weights.

    `best` is whether these weights are the best ones so far; `time` is from a `Stopwatch`. `opponent_right` is the share of
    utterances that an opponent is right about while it learns, if there is one.
    """

    number: int
    intent_loss: float
    slot_loss: float
    dev: dict[str, float | None]
    best: bool
    time: dict[str, float]
    opponent_right: float | None = None


class SideTask(NamedTuple):
    """A further task of a trainer: a network that shares parts with the trainer's own, what it learns from, its weight."""

    name: str
    network: JointNetwork
    objective: Objective[Any]
    weight: float


class Opponent(NamedTuple):
    """What a network learns against: it learns from its `objective` so many `turns` before each turn of the network."""

    objective: Objective[Any]
    learner: Learner
    turns: int

    def order(self, _parts: Sequence[Part], _seed: int) -> Iterator[int]:
        """Whose turn it is: the opponent is the second part."""
        return cycle((*repeat(1, self.turns), 0))


class Trainer:
    """A network with what it learns from, its optimiser, its averaged weights and the state of its run."""

    def __init__(
        self,
        network: JointNetwork,
        task: Task,
        config: RunConfig,
        *,
        objective: Objective[Any] | None = None,
        others: Sequence[SideTask | Opponent] = (),
        device: torch.device = CPU,
    ) -> None:
        """Learns from `objective`, the task itself by default; the task's dev chooses the best weights.

        `others` have their turns by their weights, against 1 of the task. `optim.groups` then know the parameters of the
        network as "own.encoder.*" and so on, and those that another one does not share by that task's name. An opponent
        has its turns between those of a network that has no other tasks.
        """
        self.network, self.task, self.config = network, task, config
        optim = config.optim
        sides = [other for other in others if isinstance(other, SideTask)]
        self.opponent = next((other for other in others if isinstance(other, Opponent)), None)
        self.networks = {OWN: network, **{side.name: side.network for side in sides}}
        self.module = TaskNetworks(self.networks) if sides else network
        self.average = averaged(self.module, optim.average_decay)
        compute = Compute(device, optim.precision)
        self.learner = Learner(
            self.module, updates(optim, fused=True), compute, average=self.average, ranks=Ranks.here()
        )
        if objective is None:
            objective = Supervised(
                network, lambda _epoch, _seed: task, batch_size=optim.batch_size, padded=optim.padded
            )
        parts = [Part(side.objective, self.learner, side.weight) for side in sides]
        order = None
        if self.opponent is not None:
            parts.append(Part(self.opponent.objective, self.opponent.learner))
            order = self.opponent.order
        self.sampler = Sampler([Part(objective, self.learner), *parts], order, n_turns=optim.epoch_steps)
        n_batches = len(batches_of(lengths_of(task.train), optim.batch_size, 0, padded=optim.padded))
        passes = -(-optim.min_steps // n_batches)
        self.epochs = Epochs(
            total=optim.epochs, passes=passes, seeding=reseeded(config), most_steps=config.stream.epoch_steps
        )
        self.history = History(
            select=config.select,
            constant_match=constant_match(task.dev),
            halve_after=optim.halve_after if optim.schedule == "halving" else 0,
        )
        self.best_weights: dict[str, torch.Tensor] = {}
        self.midway = Midway.begun(self.sampler)

    @property
    def epoch(self) -> int:
        """How many epochs are trained."""
        return self.history.epoch

    @property
    def finished(self) -> bool:
        """Whether the run is over."""
        return self.history.is_over(self.config.optim)

    def final_weights(self, task: str = OWN) -> dict[str, torch.Tensor]:
        """The best weights of a task's network.

        They are without an auxiliary branch, and `outside_bias` is added to the bias of "O", the first tag.
        """
        prefix = f"{task}." if len(self.networks) > 1 else ""
        auxiliary = self.networks[task].auxiliary_weights()
        own = {
            name.removeprefix(prefix): best
            for name, best in self.best_weights.items()
            if name.startswith(prefix)
        }
        weights = {name: best for name, best in own.items() if name not in auxiliary}
        if (outside := self.config.joint.outside_bias) == 0.0:
            return weights
        bias_K = weights["slots.output.bias"].clone()
        bias_K[0] += outside
        return {**weights, "slots.output.bias": bias_K}

    def measure_dev(self) -> dict[str, float | None]:
        """Measures on the task's dev by the averaged weights of its network."""
        module = self.average.module
        return evaluate(module[OWN] if isinstance(module, TaskNetworks) else module, self.task)

    def state(self) -> dict[str, Any]:
        """The state that `restore` needs to continue from here."""
        return {
            "network": self.module.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.learner.optimiser.state_dict(),
            "history": asdict(self.history),
            "best_weights": self.best_weights,
            **({} if self.opponent is None else {"opponent": self.opponent.learner.state()}),
            **self._midway_state(),
        }

    def _midway_state(self) -> dict[str, Any]:
        """How far the epoch is, in its middle; the generators of all processes are a part of it."""
        if not self.midway.turns:
            return {}
        random = Ranks.here().of_all(torch.get_rng_state())
        totals = [{**vars(one), "losses": dict(one.losses)} for one in self.midway.totals]
        return {"midway": {**vars(self.midway), "totals": totals, "random": random}}

    def _restore_midway(self, state: dict[str, Any], ranks: Ranks) -> None:
        if len(state["random"]) != ranks.size:
            raise ValueError(f"of {len(state['random'])} processes, in the middle of an epoch")
        totals = [Totals(**{**one, "losses": Counter(one["losses"])}) for one in state["totals"]]
        self.midway = Midway(**{**state, "totals": totals, "random": state["random"][ranks.rank]})

    def restore(self, state: dict[str, Any], *, where: str) -> None:
        """Continue from a `state`; raises ConfigError, which begins with `where`, for what is none of this network."""
        parts: dict[str, Any] = {
            "network": self.module,
            "average": self.average,
            "optimiser": self.learner.optimiser,
        }
        try:
            for name, part in parts.items():
                part.load_state_dict(state[name])
            if self.opponent is not None:
                self.opponent.learner.restore(state["opponent"])
            self.history, self.best_weights = History(**state["history"]), dict(state["best_weights"])
            if "midway" in state:
                self._restore_midway(state["midway"], Ranks.here())
        except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise ConfigError(
                f"{where}: found another state ({reason}), expected that of this run, written by this version"
            ) from error


OPTIMISERS = {"adamw": torch.optim.AdamW, "sgd": torch.optim.SGD, "adagrad": torch.optim.Adagrad}
SCHEDULES = {"cosine": WarmupCosine, "linear": WarmupLinear, "halving": Warmup, "constant": Warmup}


def updates(optim: OptimConfig, *, fused: bool) -> Updates:
    """The optimiser of the config; PyTorch's fused one is faster, but rounds otherwise."""
    return Updates(
        optimiser=partial(
            OPTIMISERS[optim.optimiser], lr=optim.learning_rate, weight_decay=optim.weight_decay, fused=fused
        ),
        schedule=partial(SCHEDULES[optim.schedule], optim=optim),
        groups=optim.groups,
        clip_norm=inf if optim.clip_norm is None else optim.clip_norm,
    )


def build_network(
    task: Task,
    tables: TextTables,
    config: RunConfig,
    vectors: PretrainedVectors | None = None,
    outside: PretrainedVectors | None = None,
) -> JointNetwork:
    """A network for the task's labels, initialised by the config's seed.

    Its word table starts from `vectors`, if any; those from `outside` stand beside it as they are.
    """
    torch.manual_seed(config.seed)
    network = new_network(task.labels, tables.vocabulary, config.joint, tables.pieces)
    if network.pretrained is not None:
        layers = sentence_encoder.pretrained().layers()
        network.pretrained.layers.load_state_dict(
            {name: torch.from_numpy(weights) for name, weights in layers.items()}
        )
    if vectors is not None:
        network.embedder.start_from(torch.from_numpy(vectors.rows_N), torch.from_numpy(vectors.vectors_NE))
    if outside is not None:
        network.embedder.know_from_outside(
            torch.from_numpy(outside.rows_N), torch.from_numpy(outside.vectors_NE)
        )
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
        totals, *others = train_epoch(trainer.sampler, trainer.epochs, trainer.epoch, on_step, trainer.midway)
        trainer.midway = Midway.begun(trainer.sampler)
        dev = Ranks.here().of_first(trainer.measure_dev)
        trainer.history = trainer.history.after(dev)
        for group in trainer.learner.optimiser.param_groups:
            group["halvings"] = trainer.history.halvings
        best = trainer.history.is_best
        if best:
            weights = trainer.average.module.state_dict()
            trainer.best_weights = {name: value.to(CPU, copy=True) for name, value in weights.items()}
        losses = totals.mean("intent"), totals.mean("slot")
        right = None if trainer.opponent is None else others[-1].right / max(1, others[-1].size)
        yield Epoch(trainer.epoch, *losses, dev, best, started.read(), right)


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
