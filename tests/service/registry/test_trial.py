"""A canary on trial: the verdict comes with enough utterances, forgets old merits, and is final once it is unhealthy."""

from service.registry.comparison import Bounds, Spent
from service.registry.trial import STRIDE, Trial

FINE = Spent(0.001, 8, 1)
BOUNDS = Bounds(min_requests=50)


def seen(trial: Trial, number: int, spent: Spent | None) -> None:
    """So many utterances on the canary, and twice as many fine ones beside it."""
    for _ in range(number):
        trial.saw_stable(FINE)
        trial.saw_stable(FINE)
        trial.saw_canary(spent)


def test_before_anything_is_seen_there_is_no_verdict() -> None:
    assert Trial(BOUNDS).judgement.verdict == "undecided"


def test_a_new_verdict_is_told_once() -> None:
    trial, told = Trial(BOUNDS), []
    for _ in range(100):
        trial.saw_stable(FINE)
        told.append(trial.saw_canary(FINE))
    assert trial.judgement.verdict == "healthy"
    assert [number for number, is_new in enumerate(told, start=1) if is_new] == [50]


def test_after_ten_thousand_good_ones_a_fault_shows_within_a_hundred() -> None:
    trial = Trial(BOUNDS)
    seen(trial, 10_000, FINE)
    assert trial.judgement.verdict == "healthy"
    seen(trial, 100, None)
    assert trial.is_unhealthy


def test_unhealthy_is_the_last_word() -> None:
    trial = Trial(BOUNDS)
    seen(trial, 50, None)
    judgement = trial.judgement
    assert trial.is_unhealthy
    seen(trial, 1000, FINE)
    assert trial.judgement == judgement


def test_it_is_judged_now_and_then_and_not_each_time() -> None:
    trial = Trial(Bounds(min_requests=STRIDE + 1))
    seen(trial, STRIDE + 1, None)
    assert not trial.is_unhealthy
    seen(trial, STRIDE - 1, None)
    assert trial.is_unhealthy


def test_a_window_is_kept_until_both_have_enough() -> None:
    """At 90 % the stable version has few: what it had must not be thrown away before it suffices."""
    trial = Trial(BOUNDS)
    for number in range(450):
        trial.saw_canary(None)
        if number % 9 == 0:
            trial.saw_stable(FINE)
    assert trial.is_unhealthy
