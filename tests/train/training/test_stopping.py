"""Stopping: patience counts what dev can tell; the best epoch is the last of equal ones."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest

from tests.train.corpus import examples
from train.config import OptimConfig, Select
from train.training.stopping import RANKED_BY, History, constant_match

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


def test_a_run_that_selects_by_another_measure_has_another_best_epoch() -> None:
    epochs = [
        {"exact_match": 0.4, "slot_f1": 0.3, "intent_accuracy": 0.5},
        {"exact_match": 0.3, "slot_f1": 0.9, "intent_accuracy": 0.6},
        {"exact_match": 0.2, "slot_f1": 0.8, "intent_accuracy": 0.7},
        {"exact_match": 0.3, "slot_f1": 0.1, "intent_accuracy": 0.7},
        {"exact_match": 0.1, "slot_f1": 0.1, "intent_accuracy": 0.7},
    ]
    best: dict[Select, int] = {"exact_match": 1, "slot_f1": 2, "intent_accuracy": 4}
    assert RANKED_BY.keys() == best.keys()
    for select, epoch in best.items():
        state = History(select=select)
        for measures in epochs:
            state = state.after(measures)
        assert state.best_epoch == epoch, select
        assert state.is_over(OPTIM) == (epoch < 3), "patience counts by the same measures"


def test_without_dev_every_epoch_is_trained() -> None:
    assert not history(*[Result(None, None)] * 6).is_over(OPTIM)


def test_the_constant_frame_has_the_commonest_intent_of_utterances_without_slots() -> None:
    louder = [example for example in examples() if example.intent == "music_louder"]
    alarms = [example for example in examples() if example.intent == "alarm_set"]
    assert constant_match([*louder, *alarms]) == pytest.approx(len(louder) / (len(louder) + len(alarms)))
    assert constant_match(alarms) == 0.0
    assert constant_match([]) == 0.0


def halvings(*slot_f1s: float, halve_after: int = 3) -> list[int]:
    """How often the rate was halved, after each epoch."""
    state, after = History(select="slot_f1", halve_after=halve_after), []
    for slot_f1 in slot_f1s:
        state = state.after({"exact_match": 0.5, "slot_f1": slot_f1})
        after.append(state.halvings)
    return after


def test_the_rate_is_halved_after_epochs_without_a_better_one_and_again_after_as_many_more() -> None:
    assert halvings(0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4) == [0, 0, 0, 1, 1, 1, 2, 2]


def test_an_equal_epoch_is_no_better_one() -> None:
    assert halvings(0.5, 0.5, 0.5, 0.5) == [0, 0, 0, 1]


def test_a_better_epoch_puts_the_halving_off() -> None:
    assert halvings(0.5, 0.4, 0.6, 0.4, 0.4, 0.4) == [0, 0, 0, 0, 0, 1]


def test_without_halving_the_rate_stays() -> None:
    assert halvings(*[0.5] * 30, halve_after=0) == [0] * 30
