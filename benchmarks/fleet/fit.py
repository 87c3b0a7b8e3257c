"""From what was counted on a server to what each part of a request takes: least squares, no term below 0.

Two models of processor time, each linear:

    inference thread  = runs * run_s + sequences * sequence_s + tokens * token_s
    event loop        = requests * (read_s + answer_s + write_s) + wakes * wake_s

Requests that come one by one wake the loop for each; those of callers who wait come together, after their answers.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from benchmarks.fleet.burst import Burst
from benchmarks.fleet.service_times import ServiceTimes


class RunsSeen(NamedTuple):
    """Some runs, and the seconds of the inference thread that they took."""

    runs: float
    sequences: float
    tokens: float
    seconds: float


class LoadSeen(NamedTuple):
    """Requests, their runs, the seconds of the event loop, how often it had waited and was woken, and a caller's wait."""

    requests: float
    runs: RunsSeen
    loop_s: float
    wakes: float
    p50_s: float


def run_terms(*kinds: Sequence[RunsSeen]) -> tuple[float, float, float]:
    """Seconds of a run, of a sequence in it, of a token in it.

    Each kind weighs alike, and each of a kind, whatever it took. Runs that are all that a server does tell sequences from
    tokens, and those of a load what they take beside an event loop, with caches that it has used: there are few of these.
    """
    rows_N3 = np.array([each[:3] for seen in kinds for each in seen])
    seconds_N = np.array([each.seconds for seen in kinds for each in seen])
    weights_N = np.array([len(seen) ** -0.5 for seen in kinds for _ in seen])
    run_s, sequence_s, token_s = _non_negative(rows_N3 * (weights_N / seconds_N)[:, None], weights_N)
    return run_s, sequence_s, token_s


def loop_terms(seen: Sequence[LoadSeen]) -> tuple[float, float]:
    """Seconds of a request in the loop, and of being woken."""
    rows_N2 = np.array([(each.requests, each.wakes) for each in seen])
    loop_N = np.array([each.loop_s for each in seen])
    request_s, wake_s = _non_negative(rows_N2 / loop_N[:, None], np.ones(len(seen)))
    return request_s, wake_s


def service_times(
    runs: Sequence[RunsSeen], loads: Sequence[LoadSeen], burst: Burst, refuse_s: float
) -> ServiceTimes:
    """All terms; the first load is that of one caller alone, whose wait beside what he costs is the wire's."""
    run_s, sequence_s, token_s = run_terms(runs, [load.runs for load in loads])
    request_s, wake_s = loop_terms(loads)
    answer_s = (1 - burst.read_share) * request_s
    write_s = min(burst.write_s, answer_s)
    alone = loads[0]
    own_s = (alone.loop_s + alone.runs.seconds) / alone.requests
    return ServiceTimes(
        read_s=burst.read_share * request_s,
        answer_s=answer_s - write_s,
        write_s=write_s,
        refuse_s=refuse_s,
        wake_s=wake_s,
        run_s=run_s,
        sequence_s=sequence_s,
        token_s=token_s,
        wire_s=max(0.0, alone.p50_s - own_s),
    )


def _non_negative(rows: NDArray[np.float64], aims: NDArray[np.float64]) -> list[float]:
    solution, _ = nnls(rows, aims)
    return [float(term) for term in solution]
