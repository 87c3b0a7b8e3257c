"""Stopping: patience counts what dev, or else the training loss, can tell; the best epoch is the last of equal ones."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest

from tests.train.corpus import examples
from train.config import OptimConfig
from train.training.stopping import History, constant_match

OPTIM = OptimConfig(epochs=20, patience=3)


class Result(NamedTuple):
    match: float | None
    slot_f1: float | None
    loss: float


def history(*results: Result, constant: float = 0.0) -> History:
    """After these epochs; none comes after the end of the run."""
    state = History(constant_match=constant)
    for result in results:
        assert not state.is_over(OPTIM)
        state = state.after({"exact_match": result.match, "slot_f1": result.slot_f1}, result.loss)
    return state


LEARNING = [Result(0.0, 0.0, 10.0 - epoch) for epoch in range(8)]
STUCK = [Result(0.5, 0.5, 1.0), *(Result(0.4, 0.4, 0.9 - 0.1 * epoch) for epoch in range(3))]


def test_patience_does_not_count_while_nothing_is_learnt_and_the_loss_falls() -> None:
    assert not history(*LEARNING).is_over(OPTIM)


def test_the_exact_match_of_a_constant_frame_is_nothing_learnt() -> None:
    results = [result._replace(match=0.3) for result in LEARNING]
    assert not history(*results, constant=0.3).is_over(OPTIM)


def test_intents_without_slots_are_not_enough_where_dev_has_slots() -> None:
    assert not history(*(result._replace(match=0.6) for result in LEARNING), constant=0.3).is_over(OPTIM)


def test_without_slots_in_dev_exact_match_alone_says_what_is_learnt() -> None:
    results = [Result(0.6, None, 5.0 - epoch) for epoch in range(4)]
    assert history(*results, constant=0.3).is_over(OPTIM)


def test_a_network_that_learns_nothing_is_stopped_by_its_loss() -> None:
    assert history(*[Result(0.0, 0.0, 1.0)] * 4).is_over(OPTIM)


def test_once_dev_can_tell_a_falling_loss_is_no_gain() -> None:
    assert history(*STUCK).is_over(OPTIM)


def test_a_dev_that_is_all_right_cannot_tell_so_that_the_loss_does() -> None:
    results = [Result(1.0, 1.0, 1.0 - 0.1 * epoch) for epoch in range(6)]
    assert not history(*results).is_over(OPTIM)
    assert history(*results[:2], *[results[1]] * 3).is_over(OPTIM)


def test_no_run_has_more_than_its_epochs() -> None:
    assert history(*LEARNING).is_over(replace(OPTIM, epochs=len(LEARNING)))


@pytest.mark.parametrize(
    ("results", "best"),
    [
        ([Result(0.2, 0.5, 3.0), Result(0.4, 0.3, 2.0), Result(0.3, 0.9, 1.0)], 2),
        ([Result(0.4, 0.3, 3.0), Result(0.4, 0.5, 2.0), Result(0.4, 0.4, 1.0)], 2),
        ([Result(0.4, 0.3, 3.0), Result(0.4, 0.3, 2.0)], 2),
        ([Result(0.0, 0.0, 3.0), Result(0.0, 0.0, 2.0)], 2),
        ([Result(None, None, 1.0), Result(None, None, 2.0)], 2),
    ],
    ids=["exact match first", "then slot F1", "the later of equal ones", "nothing learnt", "no dev"],
)
def test_which_epoch_is_best(results: list[Result], best: int) -> None:
    state = history(*results)
    assert state.best_epoch == best
    assert state.is_best == (best == len(results))


def test_without_dev_every_epoch_is_trained() -> None:
    assert not history(*[Result(None, None, 1.0)] * 6).is_over(OPTIM)


def test_the_constant_frame_has_the_commonest_intent_of_utterances_without_slots() -> None:
    louder = [example for example in examples() if example.intent == "music_louder"]
    alarms = [example for example in examples() if example.intent == "alarm_set"]
    assert constant_match([*louder, *alarms]) == pytest.approx(len(louder) / (len(louder) + len(alarms)))
    assert constant_match(alarms) == 0.0
    assert constant_match([]) == 0.0
