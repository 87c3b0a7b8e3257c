"""A fleet under a load that comes whatever is answered: nodes in zones, balancers before them, Poisson arrivals.

Each balancer knows of the requests that it sent itself, as load balancers do, or what it was told every so often. Everything
is drawn from one seed: the same scenario gives the same records.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import NamedTuple

from benchmarks.fleet.agenda import Agenda
from benchmarks.fleet.balancer import Balancer, TwoChoices
from benchmarks.fleet.node import DEFAULTS, End, Node, Visit
from benchmarks.fleet.service_times import ServiceTimes, Work
from loadtest.percentiles import percentile
from service.settings import Settings

BACKGROUND_SHARE = 0.247
"""Of a core that both want, what a process of nice 5 (service/background.py) gets of the kernel: 335 / (1024 + 335)."""


class Loss(NamedTuple):
    """One zone ends at a moment; balancers send requests there until they have noticed, so many seconds later."""

    zone: int
    at_s: float
    noticed_s: float


class Load(NamedTuple):
    """A version is loaded beside the requests, in nodes one after the other from a moment on, within a spread.

    It takes `cpu_s` of each core, at low priority.
    """

    at_s: float
    spread_s: float
    cpu_s: float


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is simulated. Rates are of all callers together; `stale_s` of 0 is what a balancer knows by itself."""

    nodes: int
    per_s: float
    seconds: float
    seed: int = 7
    zones: int = 1
    balancers: int = 1
    balancer: Callable[[Random], Balancer] = TwoChoices
    stale_s: float = 0.0
    in_zone_s: float = 0.0
    cross_zone_s: float = 0.0
    slow: Sequence[float] = ()
    """How many times as long everything takes on the first nodes."""
    loss: Loss | None = None
    load: Load | None = None
    settings: Settings = DEFAULTS


class Fate(NamedTuple):
    """One request that has ended: when it came, how long its caller waited, how it ended."""

    came_s: float
    latency_s: float
    end: End


@dataclass(frozen=True)
class Seen:
    """What became of all requests."""

    arrived: int
    in_flight: int
    fates: Sequence[Fate]

    def within(self, from_s: float, to_s: float) -> "Seen":
        """Those that came in a time; what is in flight is told of the whole alone."""
        fates = [fate for fate in self.fates if from_s <= fate.came_s < to_s]
        return Seen(len(fates), 0, fates)

    def count(self, end: End) -> int:
        """How many ended so."""
        return sum(fate.end == end for fate in self.fates)

    def share(self, end: End) -> float:
        """Of those that ended."""
        return self.count(end) / len(self.fates)

    def latency_ms(self, share: float) -> float:
        """A percentile of those that were answered, by nearest rank."""
        answered = sorted(fate.latency_s for fate in self.fates if fate.end == "answered")
        return 1000 * percentile(answered, share)


class Fleet:
    """The nodes of a scenario, and those who send to them."""

    def __init__(self, scenario: Scenario, times: ServiceTimes, mix: Sequence[Work]) -> None:
        self._scenario, self._times, self._mix = scenario, times, mix
        self._random = random = Random(scenario.seed)  # noqa: S311 - not cryptography
        self._agenda = agenda = Agenda()
        self._nodes = [Node(agenda, times, random, settings=scenario.settings) for _ in range(scenario.nodes)]
        for node, slower in zip(self._nodes, scenario.slow, strict=False):
            node.slower = slower
        self._alive = list(range(scenario.nodes))
        self._balancers = [scenario.balancer(random) for _ in range(scenario.balancers)]
        self._sent = [[0] * scenario.nodes for _ in self._balancers]
        self._told = [0] * scenario.nodes
        self._arrived = self._ended = 0
        self._fates: list[Fate] = []

    def run(self) -> Seen:
        """Let the load come, and look at the end of its time."""
        scenario, agenda = self._scenario, self._agenda
        agenda.after(self._random.expovariate(scenario.per_s), self._arrive)
        if scenario.stale_s:
            self._tell()
        if (loss := scenario.loss) is not None:
            agenda.after(loss.at_s, self._lose, loss.zone)
            agenda.after(loss.at_s + loss.noticed_s, self._notice)
        if scenario.load is not None:
            self._load(scenario.load)
        agenda.run(scenario.seconds)
        return Seen(self._arrived, self._arrived - self._ended, self._fates)

    def _zone(self, node: int) -> int:
        return node % self._scenario.zones

    def _arrive(self) -> None:
        scenario, random = self._scenario, self._random
        self._agenda.after(random.expovariate(scenario.per_s), self._arrive)
        self._arrived += 1
        number = self._arrived % scenario.balancers
        sent = self._sent[number]
        chosen = self._balancers[number].pick(self._alive, self._told if scenario.stale_s else sent)
        sent[chosen] += 1
        is_near = scenario.zones == 1 or int(random.random() * scenario.zones) == self._zone(chosen)
        way_s = self._times.wire_s + (scenario.in_zone_s if is_near else scenario.cross_zone_s)
        work = self._mix[int(random.random() * len(self._mix))]
        visit = Visit(work, partial(self._left, number, chosen, self._agenda.now_s, way_s))
        self._agenda.after(way_s / 2, self._nodes[chosen].come, visit)

    def _left(self, number: int, node: int, came_s: float, way_s: float, end: End) -> None:
        self._agenda.after(way_s / 2, self._back, number, node, came_s, end)

    def _back(self, number: int, node: int, came_s: float, end: End) -> None:
        self._sent[number][node] -= 1
        self._ended += 1
        self._fates.append(Fate(came_s, self._agenda.now_s - came_s, end))

    def _tell(self) -> None:
        self._told = [node.inside for node in self._nodes]
        self._agenda.after(self._scenario.stale_s, self._tell)

    def _lose(self, zone: int) -> None:
        for number, node in enumerate(self._nodes):
            if self._zone(number) == zone:
                node.lose()

    def _notice(self) -> None:
        self._alive = [number for number, node in enumerate(self._nodes) if not node.is_lost]

    def _load(self, load: Load) -> None:
        """Work of low priority gets what requests leave, and takes its share of the core where they want it."""
        scenario = self._scenario
        per_node_s = scenario.per_s / scenario.nodes * seconds_each(self._times, self._mix)
        takes_s = load.cpu_s / max(1 - per_node_s, BACKGROUND_SHARE)
        factor = 1 / (1 - BACKGROUND_SHARE)
        for number, node in enumerate(self._nodes):
            begins_s = load.at_s + load.spread_s * number / scenario.nodes
            self._agenda.after(begins_s, _slow, node, factor)
            self._agenda.after(begins_s + takes_s, _slow, node, 1 / factor)


def simulate(scenario: Scenario, times: ServiceTimes, mix: Sequence[Work]) -> Seen:
    """What becomes of all requests of a scenario."""
    return Fleet(scenario, times, mix).run()


def seconds_each(times: ServiceTimes, mix: Sequence[Work], *, sequences: float = 16.0) -> float:
    """What a request takes of a core, in runs of so many."""
    tokens = sum(work.tokens for work in mix) / len(mix)
    shared_s = (times.wake_s + times.run_s) / sequences
    return (
        times.read_s + times.answer_s + times.write_s + times.sequence_s + tokens * times.token_s + shared_s
    )


def _slow(node: Node, factor: float) -> None:
    node.slower *= factor
