"""Stopping: patience counts what dev can tell; the best epoch is the last of equal ones."""

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


def history(*results: Result, constant: float = 0.0) -> History:
    """After these epochs; none comes after the end of the run."""
    state = History(constant_match=constant)
    for result in results:
        assert not state.is_over(OPTIM)
        state = state.after({"exact_match": result.match, "slot_f1": result.slot_f1})
    return state


NOTHING = Result(0.0, 0.0)


def test_patience_does_not_count_while_nothing_is_learnt() -> None:
    assert not history(*8 * [NOTHING]).is_over(OPTIM)


def test_the_exact_match_of_a_constant_frame_is_nothing_learnt() -> None:
    results = [Result(0.3, 0.2), *8 * [Result(0.2, 0.1)]]
    assert not history(*results, constant=0.3).is_over(OPTIM)


def test_intents_without_slots_are_not_enough_where_dev_has_slots() -> None:
    results = [Result(0.6, 0.0), *8 * [Result(0.5, 0.0)]]
    assert not history(*results, constant=0.3).is_over(OPTIM)


def test_without_slots_in_dev_exact_match_alone_says_what_is_learnt() -> None:
    results = [Result(0.6, None), *3 * [Result(0.5, None)]]
    assert history(*results, constant=0.3).is_over(OPTIM)


def test_epochs_that_are_worse_are_counted() -> None:
    worse = [Result(0.4, 0.4), Result(0.3, 0.4), Result(0.4, 0.3)]
    assert not history(Result(0.5, 0.5), *worse[:2]).is_over(OPTIM)
    assert history(Result(0.5, 0.5), *worse).is_over(OPTIM)


def test_epochs_with_better_slots_are_not_counted() -> None:
    """Exact match may stand still for long where most of what is right has no slot."""
    results = [Result(0.1, 0.04), *(Result(0.09, 0.04 + 0.01 * epoch) for epoch in range(8))]
    assert not history(*results, constant=0.06).is_over(OPTIM)


def test_epochs_that_are_equal_to_the_best_are_not_counted() -> None:
    """A dev of fifteen has many, and one that is all right has no others."""
    for best in (Result(0.8, 0.9), Result(1.0, 1.0)):
        assert not history(*8 * [best]).is_over(OPTIM)
    assert not history(Result(0.8, 0.9), NOTHING, NOTHING, Result(0.8, 0.9), NOTHING).is_over(OPTIM)


def test_no_run_has_more_than_its_epochs() -> None:
    assert history(*8 * [NOTHING]).is_over(replace(OPTIM, epochs=8))


@pytest.mark.parametrize(
    ("results", "best"),
    [
        ([Result(0.2, 0.5), Result(0.4, 0.3), Result(0.3, 0.9)], 2),
        ([Result(0.4, 0.3), Result(0.4, 0.5), Result(0.4, 0.4)], 2),
        ([Result(0.4, 0.3), Result(0.4, 0.3)], 2),
        ([Result(0.0, 0.0), Result(0.0, 0.0)], 2),
        ([Result(None, None), Result(None, None)], 2),
    ],
    ids=["exact match first", "then slot F1", "the later of equal ones", "nothing learnt", "no dev"],
)
def test_which_epoch_is_best(results: list[Result], best: int) -> None:
    state = history(*results)
    assert state.best_epoch == best
    assert state.is_best == (best == len(results))


def test_without_dev_every_epoch_is_trained() -> None:
    assert not history(*[Result(None, None)] * 6).is_over(OPTIM)


def test_the_constant_frame_has_the_commonest_intent_of_utterances_without_slots() -> None:
    louder = [example for example in examples() if example.intent == "music_louder"]
    alarms = [example for example in examples() if example.intent == "alarm_set"]
    assert constant_match([*louder, *alarms]) == pytest.approx(len(louder) / (len(louder) + len(alarms)))
    assert constant_match(alarms) == 0.0
    assert constant_match([]) == 0.0
