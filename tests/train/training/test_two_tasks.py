"""T-A, T-B and T-C: what a source teaches a target with few labels, and what an update of one task leaves alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from polyparse.corpora.selection.config import DataConfig
from polyparse.errors import ConfigError
from tests.train.planted import ENDS, PREFIX, planted
from tests.train.tiny import parts, trainer
from tests.train.training.test_fit import start
from train.checkpoint import Checkpoint
from train.models.sharing import SharingConfig, share
from train.objectives.supervised import Supervised
from train.progress import SilentProgress
from train.recipes import RECIPES
from train.training.fit import fit
from train.training.run import OtherTask, Texts
from train.training.trainer import OWN, SideTask, Trainer, build_network, train_epochs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from train.config import RunConfig

    Weights = dict[str, torch.Tensor]

FEW, SOURCE, DEV = planted(8, seed=1), planted(300, seed=2), planted(60, seed=3)
OF_OTHER_NAMES = planted(300, seed=2, prefix=PREFIX)
TARGET, OF_SOURCE = Texts(FEW, DEV), Texts(SOURCE, ())
TRANSFERS = ("t-a", "t-b", "t-c")


def small(name: str, **sharing: Any) -> RunConfig:
    """The recipe at a size that learns in seconds."""
    config = RECIPES[name]()
    embedder = replace(
        config.joint.embedder, word_size=8, character_size=8, character_gru=10, min_character_count=1
    )
    encoder = replace(config.joint.encoder, hidden_size=12, layers=1)
    return replace(
        config,
        joint=replace(config.joint, embedder=embedder, encoder=encoder),
        optim=replace(config.optim, learning_rate=0.1, epochs=2, epoch_steps=60),
        sharing=replace(config.sharing, **sharing),
    )


def short(name: str, **sharing: Any) -> RunConfig:
    """Enough to go through everything, too little to learn."""
    config = small(name, **sharing)
    return replace(config, optim=replace(config.optim, epochs=2, epoch_steps=5))


def learnt(
    folder: Path, config: RunConfig, texts: Texts = TARGET, progress: SilentProgress | None = None
) -> Checkpoint:
    """The run, which has finished; in a folder that has begun it goes on."""
    checkpoint = Checkpoint(folder) if folder.exists() else start(folder, config)
    with progress or SilentProgress() as opened:
        fit(checkpoint, config, texts, opened)
    return checkpoint


def from_source(folder: Path, texts: Texts = OF_SOURCE) -> Texts:
    """The target's few utterances beside those of a source."""
    other = OtherTask("source", "planted:source", texts, Checkpoint(folder / "also" / "source"))
    return Texts(FEW, DEV, others=[other])


def slot_f1(checkpoint: Checkpoint) -> float:
    f1: float = checkpoint.read("measures")["mean"]["slot_f1"]
    return f1


def weights(checkpoint: Checkpoint) -> Weights:
    read: Weights = checkpoint.read("network-0")
    return read


def same(first: Weights, second: Weights) -> bool:
    return first.keys() == second.keys() and all(value.equal(second[name]) for name, value in first.items())


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> float:
    return slot_f1(learnt(tmp_path_factory.mktemp("alone") / "run", small("t-none")))


@pytest.mark.parametrize("name", TRANSFERS)
def test_a_target_with_few_labels_learns_from_a_source(name: str, alone: float, tmp_path: Path) -> None:
    """Only the ends of words tell, of which the target has seen too few; T-C shares nothing but what reads them."""
    checkpoint = learnt(tmp_path / "run", small(name), from_source(tmp_path))
    assert slot_f1(checkpoint) > alone + 0.15
    assert not (tmp_path / "also").exists(), "the target's network alone is kept"


def test_a_map_teaches_the_targets_slots_by_those_of_a_source_that_calls_them_otherwise(
    alone: float, tmp_path: Path
) -> None:
    slot_map = {f"{PREFIX}{slot}": slot for slot in ENDS}
    source = from_source(tmp_path, Texts(OF_OTHER_NAMES, ()))
    checkpoint = learnt(tmp_path / "run", small("t-a", slot_map=slot_map), source)
    assert checkpoint.labels().slots == tuple(ENDS)
    assert slot_f1(checkpoint) > alone + 0.15


def test_without_a_source_each_is_the_target_alone_step_for_step(tmp_path: Path) -> None:
    """Losses and measures of each epoch, and the weights, to the bit."""
    expected = learnt(tmp_path / "t-none", short("t-none"))
    for name in TRANSFERS:
        actual = learnt(tmp_path / name, short(name))
        assert same(weights(actual), weights(expected))
        assert results(actual) == results(expected)


def results(checkpoint: Checkpoint) -> list[tuple[float, float]]:
    """The loss and the F1 of each epoch."""
    lines = (json.loads(line) for line in (checkpoint.folder / "log.jsonl").read_text("utf-8").splitlines())
    return [(line["slot_loss"], line["dev"]["slot_f1"]) for line in lines if "epoch" in line]


def pair(config: RunConfig, weight: float) -> Trainer:
    """Two tasks on the same utterances, which share what the config says; the second one has that weight."""
    task, tables = parts(config, FEW, DEV)
    own, other = (build_network(task, tables, config) for _ in range(2))
    share(own, other, config.sharing.parts)
    objective = Supervised(other, lambda _epoch, _seed: task, batch_size=16, padded=True)
    return Trainer(own, task, config, others=[SideTask("source", other, objective, weight)])


def test_all_shared_and_every_step_the_targets_is_training_on_the_target() -> None:
    """T-A at p = 1, to the bit, AdaGrad's sums too."""
    config = short("t-a")
    both, task_alone = pair(config, weight=0.0), trainer(config, FEW, DEV)
    for actual, expected in zip(train_epochs(both), train_epochs(task_alone), strict=True):
        assert replace(actual, time={}) == replace(expected, time={})
    assert same(both.final_weights(), task_alone.final_weights())
    assert both.learner.optimiser.state_dict()["state"]
    sums, expected_sums = (sums_of(one) for one in (both, task_alone))
    assert same({name.removeprefix(f"{OWN}."): value for name, value in sums.items()}, expected_sums)


def sums_of(one: Trainer) -> Weights:
    """AdaGrad's sum of squares of every parameter."""
    state = one.learner.optimiser.state
    return {name: state[value]["sum"].clone() for name, value in one.module.named_parameters()}


@pytest.mark.parametrize("name", TRANSFERS)
@pytest.mark.parametrize("stepping", [0, 1], ids=["target", "source"])
def test_a_step_of_one_task_leaves_what_is_only_the_others_as_it_was(name: str, stepping: int) -> None:
    """Parameters and sums, to the bit; what is shared is one parameter with one sum."""
    run = pair(short(name), weight=1.0)
    own, other = run.networks.values()
    before = {name: value.clone() for name, value in run.module.named_parameters()}
    sums_before = sums_of(run)
    part = run.sampler.parts[stepping]
    part.learner.update(part.objective, next(iter(part.objective.batches(0, 1))), 0.5)
    after = dict(run.module.named_parameters())
    moved, summed = changed(before, after), changed(sums_before, sums_of(run))
    shared = {id(value) for value in own.parameters()} & {id(value) for value in other.parameters()}
    names = {name for name, value in after.items() if id(value) in shared}
    only_its = {name for name in after if name.startswith(("source.", f"{OWN}.")[not stepping])} - names
    assert moved == summed == names | only_its
    assert names == {
        f"{OWN}.{name}" for name in dict(own.named_parameters()) if SHARED[run.config.recipe](name)
    }


def changed(before: Mapping[str, torch.Tensor], after: Mapping[str, torch.Tensor]) -> set[str]:
    """The names of what is no longer what it was, to the bit."""
    return {name for name, value in after.items() if not value.equal(before[name])}


SHARED: dict[str, Callable[[str], bool]] = {
    "t-a": lambda _name: True,
    "t-b": lambda name: name.startswith(("embedder.", "encoder.")),
    "t-c": lambda name: name.startswith(("embedder.characters.", "embedder.character_gru.")),
}
"""What of a network the table of the paper shares."""


def test_words_are_known_to_all_where_they_are_shared_and_else_to_those_that_have_them(
    tmp_path: Path,
) -> None:
    """Characters are shared by all three."""
    seen = {
        name: learnt(tmp_path / name, short(name), from_source(tmp_path)).tables().vocabulary
        for name in TRANSFERS
    }
    alone = learnt(tmp_path / "t-none", short("t-none")).tables().vocabulary
    assert seen["t-c"].words == alone.words
    assert set(seen["t-a"].words) == set(seen["t-b"].words) > set(alone.words)
    assert {of.characters for of in seen.values()} == {seen["t-a"].characters}
    assert set(seen["t-c"].characters) > set(alone.characters)


def test_labels_that_a_small_subset_lacks_are_known_all_the_same(tmp_path: Path) -> None:
    inventory = [*FEW, *planted(5, seed=4, prefix="rare_")]
    checkpoint = learnt(tmp_path / "run", short("t-none"), Texts(FEW, DEV, inventory=inventory))
    assert set(checkpoint.labels().slots) == set(ENDS) | {f"rare_{slot}" for slot in ENDS}


@pytest.mark.parametrize("name", TRANSFERS)
def test_a_stopped_run_ends_as_one_that_was_not(name: str, tmp_path: Path) -> None:
    class Stopped(SilentProgress):
        def close_epoch(self, line: dict[str, object]) -> None:
            super().close_epoch(line)
            raise InterruptedError

    whole = learnt(tmp_path / "whole", short(name), from_source(tmp_path))
    with pytest.raises(InterruptedError):
        learnt(tmp_path / "run", short(name), from_source(tmp_path), Stopped())
    torch.rand(7)
    resumed = learnt(tmp_path / "run", short(name), from_source(tmp_path))
    assert same(weights(resumed), weights(whole))
    states = [one.read("training-0")["optimiser"]["state"] for one in (resumed, whole)]
    assert all(states[0][place]["sum"].equal(states[1][place]["sum"]) for place in states[1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"slots_only": False}, "slots_only: found False, expected True with other tasks"),
        (
            {"sharing": SharingConfig(data={"x": DataConfig()})},
            "sharing.data: found x, expected some of source",
        ),
        ({"sharing": SharingConfig(parts=("encoder",))}, "word_vectors: found 'a.vec', expected 'random'"),
    ],
)
def test_what_cannot_be_learnt_together_is_refused(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    config = short("t-a")
    if "word_vectors" in message:
        embedder = replace(config.joint.embedder, word_vectors="a.vec")
        config = replace(config, joint=replace(config.joint, embedder=embedder))
    with pytest.raises(ConfigError, match=message):
        learnt(tmp_path / "run", replace(config, **changes), from_source(tmp_path))


def test_a_task_that_has_the_runs_labels_is_no_run_of_its_own() -> None:
    with pytest.raises(ConfigError, match="keeps_others: found true with a slot_map"):
        SharingConfig(slot_map={})
