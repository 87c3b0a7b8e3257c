"""Which node gets a request, of those that a balancer takes for alive, by how many it believes them to hold."""

from collections.abc import Sequence
from random import Random
from typing import Protocol


class Balancer(Protocol):
    """One way to choose."""

    def pick(self, nodes: Sequence[int], loads: Sequence[int]) -> int:
        """One of the nodes; `loads` has for every node, by its number, the requests that it is believed to hold."""


class RoundRobin:
    """Each in its turn."""

    def __init__(self, random: Random) -> None:
        self._turn = random.randrange(1 << 16)

    def pick(self, nodes: Sequence[int], loads: Sequence[int]) -> int:
        """The next one."""
        self._turn += 1
        return nodes[self._turn % len(nodes)]


class AtRandom:
    """Any, each as likely."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def pick(self, nodes: Sequence[int], loads: Sequence[int]) -> int:
        """Any."""
        return nodes[int(self._random.random() * len(nodes))]


class TwoChoices:
    """The emptier of two that are drawn: power of two choices (Mitzenmacher, 2001)."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def pick(self, nodes: Sequence[int], loads: Sequence[int]) -> int:
        """The emptier of two; the first one where they are equal."""
        if len(nodes) == 1:
            return nodes[0]
        one = int(self._random.random() * len(nodes))
        other = int(self._random.random() * (len(nodes) - 1))
        first, second = nodes[one], nodes[other + (other >= one)]
        return second if loads[second] < loads[first] else first


class LeastLoaded:
    """The emptiest of all; any of them where several are."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def pick(self, nodes: Sequence[int], loads: Sequence[int]) -> int:
        """The emptiest."""
        least = min(loads[node] for node in nodes)
        emptiest = [node for node in nodes if loads[node] == least]
        return emptiest[int(self._random.random() * len(emptiest))]
