"""Callers who wait for their answers at a simulated node: what it answers a second is its capacity."""

from collections.abc import Sequence
from itertools import cycle
from random import Random

from benchmarks.fleet.agenda import Agenda
from benchmarks.fleet.node import End, Node, Visit
from benchmarks.fleet.service_times import ServiceTimes, Work

WARM_UP_S, SECONDS = 0.5, 4.0


def answered_per_s(times: ServiceTimes, mix: Sequence[Work], *, callers: int) -> float:
    """How many a second a node answers, each caller asking again once the answer has come."""
    agenda = Agenda()
    node = Node(agenda, times, Random(0))  # noqa: S311  no secret
    works = cycle(mix)
    answered = 0

    def send() -> None:
        node.come(Visit(next(works), ended))

    def ended(end: End) -> None:
        nonlocal answered
        answered += end == "answered" and agenda.now_s >= WARM_UP_S
        agenda.after(times.wire_s, send)

    for _ in range(callers):
        agenda.after(0.0, send)
    agenda.run(WARM_UP_S + SECONDS)
    return answered / SECONDS
