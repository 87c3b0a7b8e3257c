"""Service times from what was counted, and what is counted of a real process."""

from __future__ import annotations

import os
from dataclasses import replace
from time import thread_time

import pytest

from benchmarks.fleet.burst import Burst
from benchmarks.fleet.counters import Counters, loop_s, read_page, threads_s
from benchmarks.fleet.fit import LoadSeen, RunsSeen, loop_terms, run_terms, service_times
from benchmarks.fleet.service_times import Work
from benchmarks.fleet.waiting import answered_per_s
from polyparse.text.tokens import tokenise
from service.metrics.metrics import Metrics

RUN_S, SEQUENCE_S, TOKEN_S = 300e-6, 30e-6, 5e-6
REQUEST_S, WAKE_S, WIRE_S = 100e-6, 40e-6, 70e-6


def runs(count: float, sequences: float, tokens: float) -> RunsSeen:
    seconds = count * RUN_S + sequences * SEQUENCE_S + tokens * TOKEN_S
    return RunsSeen(count, sequences, tokens, seconds)


def load(size: float, wakes: float) -> LoadSeen:
    """One request of 7 tokens, in runs of so many; the loop is woken so often."""
    shared = runs(1 / size, 1, 7)
    loop_s = REQUEST_S + wakes * WAKE_S
    return LoadSeen(1.0, shared, loop_s, wakes, loop_s + shared.seconds + WIRE_S)


SEEN = [runs(1, n, n * tokens) for n in (1, 4, 16) for tokens in (2, 8, 20)]
LOADS = [load(size, wakes) for size, wakes in ((1, 2), (2.5, 1), (11, 0.2), (3, 1.2))]


def test_terms_are_found_again() -> None:
    assert run_terms(SEEN) == pytest.approx((RUN_S, SEQUENCE_S, TOKEN_S))
    assert loop_terms(LOADS) == pytest.approx((REQUEST_S, WAKE_S))


def test_kinds_weigh_alike_however_many_of_each_were_seen() -> None:
    slower = [RunsSeen(*each[:3], 1.1 * each.seconds) for each in SEEN]
    assert run_terms(SEEN, slower) == pytest.approx(run_terms(SEEN * 5, slower))
    assert RUN_S < run_terms(SEEN * 5, slower)[0] < 1.1 * RUN_S


def test_no_term_is_below_zero_where_what_was_seen_would_have_it_so() -> None:
    falling = [RunsSeen(1, 1, tokens, 1e-3 - 1e-5 * tokens) for tokens in (2, 8, 20)]
    assert min(run_terms(falling)) >= 0


def test_all_terms_together_are_what_a_caller_alone_waits() -> None:
    times = service_times(SEEN, LOADS, Burst(0.7, 10e-6), 30e-6)
    own_s = (
        times.read_s + 2 * times.wake_s + times.of_run(1, 7) + times.answer_s + times.write_s + times.wire_s
    )
    assert own_s == pytest.approx(LOADS[0].p50_s)
    assert times.read_s == pytest.approx(0.7 * REQUEST_S)
    assert times.wire_s == pytest.approx(WIRE_S)


def test_scaled_times_answer_callers_who_wait_in_proportion_and_one_alone_as_before() -> None:
    times = service_times(SEEN, LOADS, Burst(0.7, 10e-6), 30e-6)
    mix, alone_s = [Work(8, 8, 7)], LOADS[0].p50_s
    quicker = times.scaled(0.8, alone_s=alone_s)
    assert quicker.read_s == pytest.approx(0.8 * times.read_s)
    assert quicker.scaled(1 / 0.8, alone_s=alone_s).token_s == pytest.approx(times.token_s)
    assert quicker.wire_s + 0.8 * (alone_s - times.wire_s) == pytest.approx(alone_s)
    seen = [answered_per_s(replace(each, wire_s=0.0), mix, callers=16) for each in (times, quicker)]
    assert seen[1] == pytest.approx(seen[0] / 0.8, rel=0.02)


def test_a_page_of_the_service_is_read_whole() -> None:
    page = Metrics().render().decode()
    series = read_page(page)
    assert len(series) == sum(not line.startswith("#") for line in page.splitlines())
    counted = Counters(series, len(page), 0.0, 0.0, 0)
    assert (counted.runs, counted.sequences, counted.tokens) == (0, 0, 0)
    assert "polyparse_batch_sequences_count" in series


def test_time_on_a_core_is_told_of_the_main_thread_and_of_the_others() -> None:
    before_s = loop_s(os.getpid())
    spent_s = thread_time() + 0.02
    while thread_time() < spent_s:
        pass
    assert loop_s(os.getpid()) > before_s or threads_s(os.getpid()) > 0


@pytest.mark.parametrize("text", ["wake me up at seven", "मुझे नौ बजे जगाओ"])
def test_work_is_as_admission_counts_it(text: str) -> None:
    work = Work.of(text, 60)
    assert work.head == 11
    assert work.tokens == len(tokenise(text)) <= work.most
