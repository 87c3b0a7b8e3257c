"""A canary is judged by what chance does not explain, on enough utterances, and like with like."""

import random
from statistics import NormalDist

import pytest

from service.registry.comparison import Bounds, Observed, Spent, error_rise, judge, latency_ratio

BOUNDS = Bounds(min_requests=100, error_margin=0.02, latency_ratio=1.5)


def tally(ended: int, failed: int = 0, ms: float = 1.0) -> Observed:
    """So many utterances, each in a run of its own that took about so long."""
    made = Observed()
    for number in range(ended):
        made.add(None if number < failed else Spent(ms / 1000 * (0.9 + 0.2 * (number % 2)), 8, 1))
    return made


TABLE: dict[str, tuple[Observed, Observed, str]] = {
    "nothing is known of one that has parsed nothing": (Observed(), Observed(), "undecided"),
    "nor before the canary has enough, however it fails": (tally(99, 99), tally(2000), "undecided"),
    "nor before the stable version has": (tally(2000, 2000), tally(99), "undecided"),
    "two that do the same are both well": (tally(100), tally(2000), "healthy"),
    "two that fail the same are both well": (tally(1000, 100), tally(20_000, 2000), "healthy"),
    "one that always fails is not": (tally(100, 100), tally(2000), "unhealthy"),
    "nor one that fails often": (tally(100, 20), tally(2000), "unhealthy"),
    "a failure in a hundred may be chance": (tally(100, 1), tally(2000), "healthy"),
    "five may be too, and no good sign": (tally(100, 5), tally(2000), "undecided"),
    "five of a hundred are none among thousands": (tally(4000, 200), tally(20_000), "unhealthy"),
    "a canary may fail less": (tally(100), tally(2000, 500), "healthy"),
    "one that takes twice as long is unhealthy": (tally(100, ms=2), tally(2000), "unhealthy"),
    "one that takes a little longer is not": (tally(100, ms=1.3), tally(2000), "healthy"),
    "nor one that is faster": (tally(100, ms=0.2), tally(2000), "healthy"),
    "where all fail on both nothing tells them apart": (tally(100, 100), tally(2000, 2000), "healthy"),
}


@pytest.mark.parametrize("sentence", TABLE)
def test_verdicts(sentence: str) -> None:
    canary, stable, verdict = TABLE[sentence]
    assert judge(canary, stable, BOUNDS).verdict == verdict


def test_the_reason_holds_the_figures() -> None:
    assert judge(tally(100, 50), tally(2000, 2), BOUNDS).reason == (
        "50 of 100 utterances failed, of the stable version's 2 of 2000; a run took 1.00 times as long: "
        "for sure 35.5 points more fail, expected at most 2"
    )
    assert judge(tally(100, ms=2), tally(2000), BOUNDS).reason == (
        "0 of 100 utterances failed, of the stable version's 0 of 2000; a run took 2.00 times as long, "
        "for sure 1.94, expected at most 1.5"
    )
    assert judge(tally(7), tally(2000), BOUNDS).reason == (
        "0 of 7 utterances failed, of the stable version's 0 of 2000; a verdict needs 100 of each"
    )


def test_the_least_rise_is_that_of_newcombe_s_tenth_method() -> None:
    """His example of 56 of 70 against 48 of 80, at 95 %: 0.0524 to 0.3339."""
    z = NormalDist().inv_cdf(0.975)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.registry.comparison.DEVIATIONS", z)
        rise = error_rise(tally(70, 56), tally(80, 48))
    assert rise.value == pytest.approx(0.2)
    assert rise.low == pytest.approx(0.0524, abs=5e-5)


def test_of_healthy_canaries_next_to_none_is_called_unhealthy() -> None:
    """Like the stable one they fail once in a hundred times, and their times have a long tail."""
    generator, verdicts = random.Random(1), []

    def drawn(number: int) -> Observed:
        made = Observed()
        for _ in range(number):
            seconds = generator.lognormvariate(-7, 0.8)
            made.add(None if generator.random() < 0.01 else Spent(seconds, generator.choice([4, 8, 9]), 1))
        return made

    for _ in range(200):
        verdicts.append(judge(drawn(100), drawn(1000), BOUNDS).verdict)
    assert verdicts.count("unhealthy") == 0


def test_runs_are_compared_with_runs_of_their_size() -> None:
    """The stable version's batches are larger, as are those of a caller who happens to be the canary's."""
    canary, stable = Observed(), Observed()
    for number in range(100):
        wobble = 1 + 0.1 * (number % 2)
        canary.add(Spent(0.001 * wobble, 8, 1))
        canary.add(Spent(0.050 * wobble, 512, 1))
        stable.add(Spent(0.001 * wobble, 8, 1))
        stable.add(Spent(0.004 * wobble, 64, 1))
        stable.add(Spent(0.050 * wobble, 512, 1))
    assert latency_ratio(canary, stable).value == pytest.approx(1)


def test_a_run_counts_once_however_many_items_share_it() -> None:
    together, alone = Observed(), Observed()
    for number in range(40):
        seconds = 0.001 * (1 + number % 3)
        alone.add(Spent(seconds, 32, 1))
        for _ in range(4):
            together.add(Spent(seconds, 32, 4))
    (one,), (other,) = together.times.values(), alone.times.values()
    assert (one.runs, one.mean, one.variance) == pytest.approx((other.runs, other.mean, other.variance))


def test_few_runs_prove_nothing() -> None:
    assert latency_ratio(tally(29, ms=9), tally(2000)).low == 0
    assert latency_ratio(tally(30, ms=9), tally(2000)).low > 8


def test_both_of_two_tallies_are_what_all_of_them_make_in_one() -> None:
    whole = tally(150, 30, ms=2)
    halves = tally(75, 15, ms=2).plus(tally(75, 15, ms=2))
    assert (halves.ended, halves.failed) == (whole.ended, whole.failed)
    (one,), (other,) = halves.times.values(), whole.times.values()
    assert one.runs == other.runs
    assert one.mean == pytest.approx(other.mean, rel=0.01)
