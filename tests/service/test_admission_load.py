"""Admission by expected wait under a load that comes whatever is answered, on a simulated core: all of it is arithmetic.

The event loop goes first: it takes the time of each arrival, refused or not, from the batch that runs. Requests that come
while it is behind wait for it, as they would in their sockets.
"""

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import pytest

from service.admission import AdmissionControl, Permit
from service.errors import QueueFull
from tests.service.fakes import FakeClock

BOUND_S = 0.05
SOME_MORE = 1.3
"""What is expected is a mean."""
BATCH = 512
REFUSED_S, READ_S, ANSWERED_S = 40e-6, 100e-6, 80e-6
RUN_S, TOKEN_S = 2e-3, 15e-6
"""A run costs so much, and so much more for each of its tokens."""
TOKENS = range(3, 14)
FIRST_GUESS = 4
"""What is more in a head than in its text."""
PER_S = 1 / (READ_S + ANSWERED_S + 8 * (TOKEN_S + RUN_S / BATCH))
"""Requests of 8 tokens that the core can answer in a second."""


class Waiting(NamedTuple):
    """A request inside."""

    came_s: float
    tokens: int
    permit: Permit


class OneCore:
    """A service on one core."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.admission = AdmissionControl(max_wait_s=BOUND_S, batch_tokens=BATCH, clock=self.clock)
        self.queue: deque[Waiting] = deque()
        self.batch: list[Waiting] = []
        self.left_s = 0.0
        self.latencies_s: list[float] = []
        self.refused = 0

    def load(
        self, times: float, seconds: float, seed: int, *, slower: float = 1.0, stall_s: float = 0.0
    ) -> "Seen":
        """Let so many times the capacity come for a while, to a core that is so many times slower than it is.

        Once a second the event loop stands still for `stall_s`, and the core with it.
        """
        self.latencies_s = []
        self.refused = 0
        random = Random(seed)
        stalls_at_s = self.clock.now + 1.0
        for came_s in self._arrivals(times * PER_S, seconds, random):
            self._work_until(came_s, slower)
            if stall_s and self.clock.now >= stalls_at_s:
                self.clock.now += stall_s
                stalls_at_s += 1.0
            self._arrive(came_s, random.choice(TOKENS), slower)
        ordered = sorted(self.latencies_s)
        return Seen(ordered[len(ordered) * 99 // 100], len(ordered) / seconds / PER_S, self.refused)

    def _arrivals(self, per_s: float, seconds: float, random: Random) -> Iterator[float]:
        now_s = start_s = self.clock.now
        while (now_s := now_s + random.expovariate(per_s)) < start_s + seconds:
            yield now_s

    def _work_until(self, moment_s: float, slower: float) -> None:
        while self.clock.now < moment_s:
            if not self.batch and not self._begin():
                self.clock.now = moment_s
                return
            step_s = min(moment_s - self.clock.now, slower * self.left_s)
            self.clock.now += step_s
            self.left_s -= step_s / slower
            if self.left_s < 1e-12:
                self._answer(slower)

    def _begin(self) -> bool:
        tokens = 0
        while self.queue and tokens + self.queue[0].tokens <= BATCH:
            self.batch.append(self.queue.popleft())
            tokens += self.batch[-1].tokens
        self.left_s = RUN_S + TOKEN_S * tokens
        return bool(self.batch)

    def _answer(self, slower: float) -> None:
        for each in self.batch:
            self.clock.now += slower * ANSWERED_S
            each.permit.leave(is_answered=True)
            self.latencies_s.append(self.clock.now - each.came_s)
        self.batch = []

    def _arrive(self, came_s: float, tokens: int, slower: float) -> None:
        if not self.admission.admits_head(tokens + FIRST_GUESS, came_s):
            self.clock.now += slower * REFUSED_S
            self.refused += 1
            return
        permit = Permit.of_head(self.admission, tokens + FIRST_GUESS)
        permit.enter(came_s)
        self.clock.now += slower * READ_S
        try:
            permit.grow(tokens + 1)
        except QueueFull:
            permit.leave(is_answered=False)
            self.refused += 1
            return
        permit.settle(tokens)
        self.queue.append(Waiting(came_s, tokens, permit))


class Seen(NamedTuple):
    """The 99th percentile of the time of those who were answered, their number over the capacity, and who was refused."""

    p99_s: float
    goodput: float
    refused: int


@pytest.mark.parametrize("times", [1.5, 2.0, 3.0])
def test_who_is_let_in_waits_no_longer_than_the_bound(times: float) -> None:
    """After an ordinary load, whose bursts told the rate of a core that has nothing to refuse."""
    core = OneCore()
    core.load(0.8, 3.0, 1)
    seen = core.load(times, 5.0, 2)
    assert seen.p99_s <= SOME_MORE * BOUND_S
    assert seen.goodput >= {1.5: 0.85, 2.0: 0.75, 3.0: 0.5}[times]


def test_nor_do_the_first_ones_of_a_service_that_has_seen_no_load() -> None:
    seen = OneCore().load(3.0, 1.0, 3)
    assert seen.p99_s <= SOME_MORE * BOUND_S
    assert seen.goodput >= 0.5


def test_a_core_that_others_take_for_a_while_is_known_as_slow_and_as_fast_again_after_it() -> None:
    core = OneCore()
    core.load(0.8, 2.0, 4)
    core.load(2.0, 1.0, 5)
    core.load(2.0, 0.3, 6, slower=1.4)
    slow = core.load(2.0, 2.0, 7, slower=1.4)
    assert slow.p99_s <= 1.5 * BOUND_S
    core.load(2.0, 0.5, 8)
    assert core.load(2.0, 1.0, 9).goodput >= 0.75


def test_an_ordinary_load_is_refused_nothing() -> None:
    assert OneCore().load(0.8, 5.0, 10).goodput >= 0.78


@pytest.mark.parametrize("stall_s", [0.04, 0.1, 0.16])
def test_at_half_of_capacity_a_stall_lets_nobody_be_refused(stall_s: float) -> None:
    """What has come meanwhile is a burst, not an overload: it is gone before more than the bound has passed."""
    assert OneCore().load(0.5, 10.0, 11, stall_s=stall_s).refused == 0


def test_while_a_version_comes_or_goes_requests_wait_longer_before_any_is_refused() -> None:
    """For a third of a second they come faster than a core beside which one is loaded can answer."""
    refused = []
    for is_strained in (False, True):
        core = OneCore()
        core.load(0.5, 2.0, 12)
        for line in (core.admission.light, core.admission.heavy):
            line.strain(is_strained=is_strained)
        refused.append(core.load(0.5, 0.3, 13, slower=2.3).refused)
    assert refused[0] > 10
    assert refused[1] == 0


def test_what_a_swap_has_left_in_the_line_has_time_to_leave_and_then_the_bound_is_what_it_was() -> None:
    core = OneCore()
    core.load(0.5, 2.0, 14)
    core.admission.light.strain(is_strained=True)
    core.load(0.5, 0.3, 15, slower=2.3)
    for _ in range(2):  # It is told at each change of any version.
        core.admission.light.strain(is_strained=False)
    assert core.load(0.5, 1.0, 16).refused == 0
    core.load(2.0, 0.5, 17)
    assert core.load(2.0, 1.0, 18).p99_s <= SOME_MORE * BOUND_S
