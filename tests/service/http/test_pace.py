"""Refusals have a pace: few come at once, many by turns, all together within their share of the loop's time."""

import pytest

from service.http.pace import BESIDE, BURST, SAMPLED, SHARE, Pace
from tests.service.fakes import FakeClock

COST_S = 10e-6


def pace_of(cost_s: float, cpu: FakeClock) -> Pace:
    """A pace that has measured refusals of this cost."""
    pace = Pace(cpu)
    for _ in range(400 * SAMPLED):
        refuse(pace, cpu, cost_s)
    return pace


def refuse(pace: Pace, cpu: FakeClock, cost_s: float) -> None:
    """Spend what can be seen of a refusal, and the rest behind it."""
    pace.begin()
    cpu.now += cost_s / BESIDE
    pace.refused()
    cpu.now += cost_s - cost_s / BESIDE


def test_a_few_wait_for_nothing() -> None:
    pace = pace_of(COST_S, FakeClock())
    assert [pace.delay_s(5.0) for _ in range(BURST)] == [0.0] * BURST


def test_past_them_each_has_its_turn_in_order() -> None:
    pace = pace_of(COST_S, FakeClock())
    delays = [pace.delay_s(5.0) for _ in range(BURST + 20)][-20:]
    assert delays == sorted(delays)
    assert delays[-1] == pytest.approx(19 * COST_S / SHARE, rel=0.1)


def test_a_pause_gives_the_burst_back() -> None:
    pace = pace_of(COST_S, FakeClock())
    for _ in range(10 * BURST):
        pace.delay_s(5.0)
    assert pace.delay_s(60.0) == 0.0


@pytest.mark.parametrize("cost_us", [10, 40, 160])
def test_on_any_machine_callers_who_ask_again_at_once_get_a_share_of_the_loop_s_time(cost_us: int) -> None:
    """After their burst; the rest of the time is that of those who were let in."""
    cpu, cost_s = FakeClock(), cost_us * 1e-6
    pace = pace_of(cost_s, cpu)
    for _ in range(BURST):
        pace.delay_s(cpu.now)
    start_s, spent_s = cpu.now, 0.0
    due_s = [start_s] * 20
    while cpu.now - start_s < 0.5:
        caller = min(range(20), key=due_s.__getitem__)
        cpu.now = max(cpu.now, due_s[caller])
        refuse(pace, cpu, cost_s)
        spent_s += cost_s
        due_s[caller] = cpu.now + pace.delay_s(cpu.now)
    assert spent_s / (cpu.now - start_s) == pytest.approx(SHARE, abs=0.02)


def test_what_is_no_refusal_is_not_measured() -> None:
    cpu = FakeClock()
    pace = pace_of(COST_S, cpu)
    for _ in range(SAMPLED):
        pace.begin()
        cpu.now += 1.0
    refuse(pace, cpu, COST_S)
    assert pace.cost_s == pytest.approx(COST_S, rel=0.01)
