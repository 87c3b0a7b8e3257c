"""Admission by expected wait: on numbers alone, with a clock that is told what time it is."""

import pytest

from service.admission import AdmissionControl, Permit, most_cost
from service.batching.policy import HEAVY_WORK
from service.errors import QueueFull
from service.line import MEAN
from tests.service.fakes import FakeClock

BATCH = 100


class Site:
    """Admission whose callers wait for 50 ms in the mean, and a clock."""

    def __init__(self, max_wait_s: float = 0.05, *, threads: int = 1) -> None:
        self.clock = FakeClock()
        self.admission = AdmissionControl(
            max_wait_s=max_wait_s / MEAN, batch_tokens=BATCH, clock=self.clock, threads=threads
        )

    def drain(self, tokens_per_s: float, *, inside: int = 200, seconds: float = 1.0) -> list[Permit]:
        """Be full for a while, at a rate; returns what is inside then."""
        permits = [Permit(self.admission, 10) for _ in range(inside // 10)]
        for _ in range(round(seconds * tokens_per_s / 10)):
            self.clock.now += 10 / tokens_per_s
            permits.pop(0).leave(is_answered=True)
            permits.append(Permit(self.admission, 10))
        return permits


def test_before_a_rate_was_seen_a_few_batches_may_be_inside() -> None:
    site = Site()
    for _ in range(2 * BATCH // 10):
        site.admission.permit(10)
    with pytest.raises(QueueFull):
        site.admission.permit(10)


def test_who_may_wait_long_is_not_refused_before_a_rate_was_seen() -> None:
    site = Site(max_wait_s=60.0)
    for _ in range(1000):
        site.admission.permit(BATCH)
        site.admission.permit(BATCH // 2)


def test_the_rate_is_what_is_ahead_of_each_over_the_time_that_it_takes() -> None:
    site = Site()
    site.drain(5000.0)
    assert site.admission.light.tokens_per_s == pytest.approx(5000, rel=0.1)


def test_it_falls_as_fast_as_it_rises() -> None:
    site = Site()
    for rate in (5000.0, 2500.0, 5000.0):
        for permit in site.drain(rate):
            permit.leave(is_answered=False)
        assert site.admission.light.tokens_per_s == pytest.approx(rate, rel=0.1)


def test_a_service_with_little_to_do_is_not_taken_for_a_slow_one() -> None:
    site = Site()
    for _ in range(1000):
        permit = site.admission.permit(10)
        site.clock.now += 0.01
        permit.leave(is_answered=True)
    assert site.admission.light.tokens_per_s == 0


def test_who_would_wait_longer_than_the_bound_is_refused_and_told_when_to_come_again() -> None:
    """5,000 tokens a second: 250 take 50 ms."""
    site = Site()
    site.drain(5000.0, inside=200)
    site.admission.permit(30)
    with pytest.raises(QueueFull, match=r"found a wait of more than 66\.6667 ms") as refusal:
        site.admission.permit(60)
    assert refusal.value.retry_after_s == 1


def test_retry_after_is_computed_from_the_drain_rate() -> None:
    site = Site()
    permits = site.drain(100.0, inside=350, seconds=20)
    assert len(permits) == 35
    with pytest.raises(QueueFull) as refusal:
        site.admission.permit(10)
    assert refusal.value.retry_after_s == 4


def test_a_batch_may_be_inside_however_slow_the_service_is() -> None:
    site = Site()
    for permit in site.drain(100.0, seconds=20):
        permit.leave(is_answered=True)
    assert site.admission.light.tokens_per_s < 150
    site.admission.permit(BATCH // 2)
    site.admission.permit(BATCH // 2)
    with pytest.raises(QueueFull):
        site.admission.permit(1)


def test_what_left_without_an_answer_tells_nothing_of_the_rate() -> None:
    site = Site()
    site.drain(5000.0)
    for _ in range(100):
        permit = Permit(site.admission, 60)
        site.clock.now += 0.001
        permit.leave(is_answered=False)
    assert site.admission.light.tokens_per_s == pytest.approx(5000, rel=0.1)


def test_what_was_refused_in_the_end_tells_nothing_of_the_rate_either() -> None:
    """It was answered, by a refusal; counted as work, many of them made a slow service look fast."""
    site = Site()
    site.drain(5000.0)
    for _ in range(100):
        permit = Permit(site.admission, 60)
        permit.void()
        site.clock.now += 0.001
        permit.leave(is_answered=True)
    assert site.admission.light.tokens_per_s == pytest.approx(5000, rel=0.1)


class TestHeavy:
    """What takes long stands in a line of its own."""

    COST = 10 * HEAVY_WORK

    @pytest.mark.parametrize("threads", [1, 2, 4])
    def test_one_for_each_thread_may_be_inside_however_full_the_service_is(self, threads: int) -> None:
        site = Site(threads=threads)
        site.drain(1000.0, inside=1000)
        for _ in range(threads):
            site.admission.permit(self.COST)
        with pytest.raises(QueueFull):
            site.admission.permit(self.COST)

    def test_it_keeps_out_no_light_ones(self) -> None:
        site = Site(threads=4)
        for _ in range(4):
            site.admission.permit(self.COST)
        assert site.admission.inside == 4 * self.COST
        for _ in range(2 * BATCH // 10):
            site.admission.permit(10)

    def test_its_answers_tell_of_its_own_rate_alone(self) -> None:
        site = Site()
        site.drain(5000.0)
        for _ in range(10):
            permit = site.admission.permit(self.COST)
            site.clock.now += 1.0
            permit.leave(is_answered=True)
        assert site.admission.heavy.tokens_per_s == pytest.approx(self.COST, rel=0.1)
        assert site.admission.light.tokens_per_s == pytest.approx(5000, rel=0.1)

    def test_one_that_is_known_as_heavy_by_its_text_goes_over_to_its_line(self) -> None:
        site = Site()
        permit = Permit.of_head(site.admission, 17)
        permit.enter()
        assert (site.admission.light.arriving, site.admission.light.requests) == (17, 1)
        permit.grow(self.COST)
        assert (site.admission.light.arriving, site.admission.light.requests) == (0, 0)
        assert (site.admission.light.inside, site.admission.heavy.inside) == (0, self.COST)
        permit.settle(self.COST - 5)
        permit.leave(is_answered=True)
        assert (site.admission.heavy.inside, site.admission.heavy.requests) == (0, 0)

    def test_one_that_finds_no_room_there_stays_where_it_was_until_it_leaves(self) -> None:
        site = Site()
        first = site.admission.permit(self.COST)
        second = Permit.of_head(site.admission, 17)
        second.enter()
        with pytest.raises(QueueFull):
            second.grow(self.COST)
        assert second.is_refused
        second.leave(is_answered=True)
        first.leave(is_answered=True)
        assert site.admission.inside == site.admission.light.requests == site.admission.heavy.requests == 0


class TestPermit:
    def test_it_grows_only_where_the_rest_finds_room(self) -> None:
        site = Site()
        site.drain(5000.0, inside=200)
        permit = site.admission.permit(10)
        permit.grow(40)
        with pytest.raises(QueueFull):
            permit.grow(60)
        assert permit.cost == 40
        permit.settle(3)
        assert site.admission.inside == 203

    def test_it_never_shrinks_by_growing(self) -> None:
        site = Site()
        permit = site.admission.permit(10)
        permit.grow(3)
        assert permit.cost == 10

    def test_it_leaves_once(self) -> None:
        site = Site()
        permit = site.admission.permit(10)
        for _ in range(3):
            permit.leave(is_answered=True)
        assert site.admission.inside == site.admission.light.requests == 0

    def test_who_has_left_takes_no_place_whatever_is_found_out_of_it_later(self) -> None:
        """Its connection was reset while its arrays were made."""
        site = Site()
        permit = site.admission.permit(10)
        permit.leave(is_answered=False)
        permit.grow(40)
        permit.settle(30)
        assert site.admission.inside == 0


class TestStalls:
    """5,000 tokens a second: 250 take the bound of 50 ms. Heads say since when they could be read."""

    @staticmethod
    def taken(site: Site, *, lay_s: float) -> int:
        """How many tokens are inside when the first one of requests that all lay so long is refused."""
        while site.admission.admits_head(10, site.clock.now - lay_s):
            Permit(site.admission, 10)
        return site.admission.inside

    @pytest.mark.parametrize(("lay_s", "tokens"), [(0.1, 500), (0.3, 1500), (2.0, 2500)])
    def test_as_much_as_leaves_in_its_time_may_be_inside_beside_what_always_may(
        self, lay_s: float, tokens: int
    ) -> None:
        """A service that has what it is asked for got no more meanwhile. Of a long one, half a second counts."""
        site = Site()
        site.drain(5000.0)
        site.clock.now += 1.0
        assert self.taken(site, lay_s=lay_s) == pytest.approx(250 + tokens, rel=0.1)

    def test_without_one_it_is_filled_once(self) -> None:
        site = Site()
        site.drain(5000.0)
        site.clock.now += 1.0
        assert self.taken(site, lay_s=0.001) == pytest.approx(250, rel=0.1)

    def test_an_overload_in_which_all_lie_long_is_none(self) -> None:
        site = Site()
        permits = site.drain(5000.0)
        site.clock.now += 1.0
        self.taken(site, lay_s=0.001)
        for _ in range(20):
            site.clock.now += 0.1
            permits.pop(0).leave(is_answered=False)
            assert self.taken(site, lay_s=0.1) == pytest.approx(250, rel=0.1)

    def test_nor_is_what_comes_long_after_it(self) -> None:
        site = Site()
        site.drain(5000.0)
        site.clock.now += 1.0
        assert site.admission.admits_head(10, site.clock.now - 0.1)
        site.clock.now += 0.3
        assert self.taken(site, lay_s=0.001) == pytest.approx(250, rel=0.1)


def test_a_request_does_not_stand_in_the_way_of_its_own_items() -> None:
    site = Site()
    site.drain(5000.0, inside=200)
    own = Permit(site.admission, 60)
    assert not site.admission.light.admits(10)
    assert site.admission.light.admits(10, own=own.cost)


@pytest.mark.parametrize("text", ["wake me up at nine", "मुझे नौ बजे जगाओ", "九点叫我起床" * 20, "a"])
def test_a_text_is_charged_before_it_is_cut(text: str) -> None:
    """At least for as many tokens as it has: white space, and letters that are words."""
    tokens = sum(len(word) if word[0] > "\u2e80" else 1 for word in text.split())
    assert most_cost(text, 1) >= tokens
    assert most_cost(text, 10) >= 1.9 * most_cost(text, 1) - 2


def test_a_deadline_before_the_expected_answer_is_told_at_once() -> None:
    site = Site()
    site.drain(5000.0, inside=200)
    assert site.admission.too_late(30) is not None
    assert site.admission.too_late(50) is None
