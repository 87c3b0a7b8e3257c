"""A trainer: seeded, resumable, stopped by epochs or patience; what counts as best; batches and learning rates."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

import pytest
import torch

from tests.train import tiny
from tests.train.corpus import examples
from tests.train.tiny import SHORT, TINY, parts
from train.checkpoint import Checkpoint
from train.config import OptimConfig
from train.models.encoders.base import EncoderConfig
from train.models.sharing import share
from train.objectives.supervised import Supervised
from train.training.stopping import History
from train.training.trainer import SideTask, Trainer, build_network, train_epochs, updates

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.corpora.example import Example
    from train.config import RunConfig
    from train.training.trainer import Epoch


GATED = EncoderConfig(kind="gated-cnn", hidden_size=8)


def trainer(config: RunConfig = TINY, dev: list[Example] | None = None) -> Trainer:
    """On the training utterances, and on them as dev."""
    return tiny.trainer(config, examples(), examples() if dev is None else dev)


def optim(**changes: float | str | None) -> RunConfig:
    return replace(TINY, optim=replace(TINY.optim, **changes))  # type: ignore[arg-type]  # of its fields


def results(epochs: list[Epoch]) -> list[Epoch]:
    """Without the time that they took."""
    return [replace(epoch, time={}) for epoch in epochs]


def same(state: object, other: object) -> bool:
    """Equal to the bit, through dictionaries and lists."""
    if isinstance(state, torch.Tensor) and isinstance(other, torch.Tensor):
        return state.equal(other)
    if isinstance(state, dict) and isinstance(other, dict):
        return state.keys() == other.keys() and all(same(state[key], other[key]) for key in state)
    if isinstance(state, list) and isinstance(other, list):
        return len(state) == len(other) and all(map(same, state, other))
    return state == other


def test_the_averaged_weights_learn_the_corpus() -> None:
    run = trainer()
    epochs = list(train_epochs(run))
    assert run.history.best[0] > 0.9
    assert epochs[-1].intent_loss + epochs[-1].slot_loss < 0.3 * (epochs[0].intent_loss + epochs[0].slot_loss)
    assert [epoch.number for epoch in epochs] == list(range(1, len(epochs) + 1))


def test_a_run_is_a_function_of_its_seed() -> None:
    first, second, other = trainer(SHORT), trainer(SHORT), trainer(replace(SHORT, seed=2))
    actual = [results(list(train_epochs(run))) for run in (first, second, other)]
    assert actual[0] == actual[1] != actual[2]
    assert same(first.state(), second.state())


@pytest.mark.parametrize("interrupted_after", [1, 2])
def test_a_resumed_run_ends_as_an_uninterrupted_one(interrupted_after: int, tmp_path: Path) -> None:
    """Weights, averages, optimiser and log, bit for bit, whatever chance did in between."""
    config = optim(epochs=4)
    whole = trainer(config)
    expected = results(list(train_epochs(whole)))
    actual = []
    for epoch in train_epochs(stopped := trainer(config)):
        actual.append(epoch)
        if epoch.number == interrupted_after:
            break
    Checkpoint(tmp_path).save("training-0", stopped.state())
    torch.rand(7)
    resumed = trainer(config)
    saved = Checkpoint(tmp_path).find("training-0")
    assert saved is not None
    resumed.restore(saved, where="training-0.pt")
    actual += train_epochs(resumed)
    assert results(actual) == expected
    assert same(resumed.state(), whole.state())


def test_an_epoch_left_in_the_middle_is_run_again_from_its_start(tmp_path: Path) -> None:
    """A checkpoint stands at the last whole epoch; the part that was lost changes nothing."""
    whole = trainer(SHORT)
    expected = results(list(train_epochs(whole)))
    stopped = trainer(SHORT)
    epochs = train_epochs(stopped, on_step=lambda done, _of: stop_at(3, done) if stopped.epoch else None)
    first = next(epochs)
    Checkpoint(tmp_path).save("training-0", stopped.state())
    with pytest.raises(KeyboardInterrupt):
        next(epochs)
    resumed = trainer(SHORT)
    saved = Checkpoint(tmp_path).find("training-0")
    assert saved is not None
    resumed.restore(saved, where="training-0.pt")
    assert results([first, *train_epochs(resumed)]) == expected
    assert same(resumed.state(), whole.state())


def test_a_run_with_another_task_goes_on_in_the_middle_of_an_epoch_and_ends_alike(tmp_path: Path) -> None:
    """Turns are drawn by the seed of the pass, those that are over too."""

    def of_two_tasks() -> Trainer:
        config = replace(SHORT, optim=replace(SHORT.optim, batch_size=4))
        task, tables = parts(config, examples(), examples())
        own, side = build_network(task, tables, config), build_network(task, tables, config)
        share(own, side, ["embedder", "encoder"])
        objective = Supervised(side, lambda _epoch, _seed: task, batch_size=4)
        return Trainer(own, task, config, others=[SideTask("side", side, objective, 0.7)])

    whole, resumed, checkpoint = of_two_tasks(), of_two_tasks(), Checkpoint(tmp_path)

    def save(_done: int, _of: int) -> None:
        if whole.epoch == 1 and whole.midway.turns == 9:
            checkpoint.save("training-0", whole.state())

    epochs = list(train_epochs(whole, on_step=save))
    saved = checkpoint.read("training-0")
    assert all(totals["size"] > 0 for totals in saved["midway"]["totals"])
    resumed.restore(saved, where="training-0.pt")
    assert results(list(train_epochs(resumed))) == results(epochs[1:])
    assert same(resumed.state(), whole.state())


def stop_at(step: int, done: int) -> None:
    if done == step:
        raise KeyboardInterrupt


def test_steps_are_counted_to_the_end_of_each_epoch() -> None:
    steps: list[tuple[int, int]] = []
    list(train_epochs(trainer(SHORT), on_step=lambda done, of: steps.append((done, of))))
    assert steps == [(done, len(steps) // 2) for done in range(1, len(steps) // 2 + 1)] * 2


def test_sgd_whose_rate_is_halved_goes_on_with_that_rate_after_a_resume() -> None:
    """Where nothing is learnt, no epoch is better than the first."""
    config = optim(
        optimiser="sgd", schedule="halving", halve_after=2, learning_rate=1e-9, epochs=8, warmup_share=0.0
    )
    whole, resumed = trainer(config), trainer(config)
    for epoch in train_epochs(whole):
        if epoch.number == 6:
            resumed.restore(deepcopy(whole.state()), where="training-0.pt")
    list(train_epochs(resumed))
    assert isinstance(whole.learner.optimiser, torch.optim.SGD)
    assert whole.history.halvings == 3
    for run in (whole, resumed):
        assert run.learner.optimiser.param_groups[0]["lr"] == pytest.approx(1e-9 / 2**3)
    assert same(resumed.state(), whole.state())


def test_a_run_whose_patience_is_over_is_not_trained_on() -> None:
    run = trainer(optim(epochs=50, patience=3))
    run.history = History(best=(0.5, 0.5), best_epoch=1, last_gain=1, epoch=4)
    assert list(train_epochs(run)) == []


def test_patience_waits_for_a_network_that_has_learnt_nothing_yet() -> None:
    """A slow one: exact match stays that of a constant frame for longer than patience."""
    run = trainer(optim(epochs=30, patience=1, learning_rate=0.002))
    epochs = list(train_epochs(run))
    matches = [epoch.dev["exact_match"] or 0.0 for epoch in epochs]
    assert max(matches[:3]) <= run.history.constant_match
    assert run.history.best[0] > run.history.constant_match


def test_an_epoch_passes_over_a_small_corpus_until_it_has_made_its_steps() -> None:
    seen: list[tuple[int, int]] = []
    run = trainer(optim(epochs=1, min_steps=20))
    lengths = {item.n_tokens for item in run.task.train}
    passes = -(-20 // len(lengths))
    epochs = list(train_epochs(run, on_step=lambda done, of: seen.append((done, of))))
    assert seen == [(step, passes * len(lengths)) for step in range(1, passes * len(lengths) + 1)]
    assert [epoch.number for epoch in epochs] == [1]


def test_an_epoch_may_have_a_number_of_steps_at_a_constant_rate() -> None:
    """However many batches the corpus has, and resumed in the middle of them."""
    config = optim(
        epochs=2, epoch_steps=7, batch_size=4, schedule="constant", warmup_share=0.0, optimiser="adagrad"
    )
    whole, resumed = trainer(config), trainer(config)
    seen: list[tuple[int, int]] = []
    states: list[dict[str, object]] = []

    def on_step(done: int, of: int) -> None:
        seen.append((done, of))
        if whole.epoch == 1 and done == 3:
            states.append(deepcopy(whole.state()))

    epochs = list(train_epochs(whole, on_step=on_step))
    assert seen == [(done, 7) for done in range(1, 8)] * 2
    assert [group["lr"] for group in whole.learner.optimiser.param_groups] == [TINY.optim.learning_rate]
    resumed.restore(states[0], where="here")
    assert results(list(train_epochs(resumed))) == results(epochs[1:])
    assert same(resumed.state(), whole.state())


def test_the_first_step_of_adagrad_is_as_long_for_every_gradient_and_nothing_clips_it() -> None:
    """It divides by the root of the sum of squares, which is the gradient's own size."""
    config = optim(optimiser="adagrad", weight_decay=0.0, clip_norm=None)
    weight = torch.nn.Parameter(torch.zeros(3))
    to_do = updates(config.optim, fused=True)
    optimiser = to_do.optimiser([{"params": [weight]}])
    weight.grad = torch.tensor([1e6, -0.5, 0.0])
    optimiser.step()
    assert to_do.clip_norm == inf
    assert weight.tolist() == pytest.approx([-TINY.optim.learning_rate, TINY.optim.learning_rate, 0.0])


@pytest.mark.parametrize("auxiliary", [None, GATED])
def test_the_final_weights_are_the_best_ones_with_a_likelier_outside(auxiliary: EncoderConfig | None) -> None:
    run = trainer(replace(SHORT, joint=replace(SHORT.joint, outside_bias=0.25, auxiliary=auxiliary)))
    list(train_epochs(run))
    final = run.final_weights()
    left_behind = {name for name in run.best_weights if name not in final}
    assert left_behind == {name for name in run.best_weights if name.startswith("auxiliary.")}
    assert bool(left_behind) == (auxiliary is not None)
    changed = {name for name in final if not final[name].equal(run.best_weights[name])}
    assert changed == {"slots.output.bias"}
    raised_K = final["slots.output.bias"] - run.best_weights["slots.output.bias"]
    assert raised_K.tolist() == pytest.approx([0.25] + [0.0] * (len(raised_K) - 1), abs=1e-6)


def test_the_best_weights_are_the_last_that_do_best_on_dev() -> None:
    run = trainer(optim(epochs=12))
    averages = []
    epochs = []
    for epoch in train_epochs(run):
        epochs.append(epoch)
        averages.append({key: value.clone() for key, value in run.average.module.state_dict().items()})
    results = [(epoch.dev["exact_match"], epoch.dev["slot_f1"]) for epoch in epochs]
    best = run.history.best_epoch
    assert run.history.best == max(results)
    assert best == max(epoch.number for epoch in epochs if results[epoch.number - 1] == max(results))
    assert same(dict(run.best_weights), averages[best - 1])
    assert [epoch.number for epoch in epochs if epoch.best][-1] == best


def test_without_dev_every_epoch_is_trained_and_the_last_is_best() -> None:
    run = trainer(optim(epochs=4, patience=1), dev=[])
    assert [epoch.best for epoch in train_epochs(run)] == [True] * 4
    assert same(dict(run.best_weights), dict(run.average.module.state_dict()))


def test_a_short_run_forgets_its_random_start() -> None:
    """However slow the average is meant to be: at 0.998 throughout, most of it would still be random after 70 steps."""
    run = trainer(optim(average_decay=OptimConfig().average_decay, epochs=10))
    first = run.network.get_parameter("slots.output.weight").clone()
    list(train_epochs(run))
    average = dict(run.average.module.state_dict())["slots.output.weight"]
    last = run.network.get_parameter("slots.output.weight")
    assert (average - last).norm() < 0.3 * (first - last).norm()


def test_every_utterance_is_seen_once_an_epoch_in_batches_of_one_length() -> None:
    seen: list[int] = []
    run = trainer(optim(epochs=1, batch_size=4))
    lengths = [item.n_tokens for item in run.task.train]
    list(train_epochs(run, on_step=lambda _done, of: seen.append(of)))
    expected = sum(-(-count // 4) for count in Counter(lengths).values())
    assert seen == [expected] * expected


def test_the_rate_warms_up_and_falls_to_zero() -> None:
    rates: list[float] = []
    run = trainer(optim(epochs=5, warmup_share=0.2))
    list(
        train_epochs(
            run, on_step=lambda _done, _of: rates.append(float(run.learner.optimiser.param_groups[0]["lr"]))
        )
    )
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert max(rates) == pytest.approx(TINY.optim.learning_rate, rel=0.05)
    assert rates[-1] == pytest.approx(0.0, abs=1e-9)
    assert top == pytest.approx(0.2 * len(rates), abs=2)


def test_a_network_is_built_alike_from_one_seed_and_learns_only_what_is_not_frozen() -> None:
    embedder = replace(TINY.joint.embedder, freeze_words=True)
    config = replace(SHORT, joint=replace(TINY.joint, embedder=embedder))
    run = trainer(config)
    before = run.network.embedder.words.weight.clone()
    list(train_epochs(run))
    assert run.network.embedder.words.weight.equal(before)
    task, tables = parts(config, examples())
    assert build_network(task, tables, config).embedder.words.weight.equal(before)


def test_bfloat16_learns_the_corpus_into_weights_of_float32() -> None:
    run = trainer(replace(TINY, optim=replace(TINY.optim, precision="bfloat16")))
    actual = list(train_epochs(run))
    assert actual[-1].intent_loss < 0.1 * actual[0].intent_loss
    assert actual[-1].slot_loss < 0.1 * actual[0].slot_loss
    assert {parameter.dtype for parameter in run.network.parameters()} == {torch.float32}
    exact = trainer()
    list(train_epochs(exact))
    differences = [
        not a.equal(b) for a, b in zip(run.network.parameters(), exact.network.parameters(), strict=True)
    ]
    assert any(differences)
