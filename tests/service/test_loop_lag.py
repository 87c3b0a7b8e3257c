"""The longest gap of the event loop is seen by a timer that comes late, and forgotten after two windows."""

import pytest

from service.loop_lag import WINDOW_S, Longest, LoopLag
from tests.service.fakes import FakeClock, until


@pytest.mark.anyio
async def test_a_gap_is_seen() -> None:
    clock = FakeClock()
    lag = LoopLag(clock)
    assert lag.longest_s() == 0
    clock.now += 5.0
    await until(lambda: lag.longest_s() > 0)
    assert lag.longest_s() == pytest.approx(5.0, abs=0.02)
    lag.stop()


def test_what_was_seen_is_forgotten_after_two_windows() -> None:
    longest = Longest(0.0)
    longest.add(0.5, 1.0)
    longest.add(0.2, 2.0)
    assert longest.value == 0.5
    longest.add(0.1, WINDOW_S)
    assert longest.value == 0.5
    longest.add(0.2, 2 * WINDOW_S)
    assert longest.value == 0.2
    longest.add(0.0, 3 * WINDOW_S)
    longest.add(0.0, 4 * WINDOW_S)
    assert longest.value == 0.0
