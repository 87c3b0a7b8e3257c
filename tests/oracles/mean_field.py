"""The slow twin of AIN: the update formulas of its paper, one token, one tag and one neighbour at a time.

Plain lists throughout: `emissions[i][y]`, `near[y][z]` for the transition from y to z (psi_b), `far[y][z]`
for the one from y to z two tokens later (psi_b').
"""

from __future__ import annotations

import math
from typing import NamedTuple

Vector = list[float]
Matrix = list[list[float]]


class Network(NamedTuple):
    start: Vector
    end: Vector
    near: Matrix
    far: Matrix | None
    iterations: int


def infer(emissions: Matrix, network: Network) -> Matrix:
    """Q_i^M(y) for each token i and tag y."""
    q = [_normalise(unary) for unary in emissions]
    for _ in range(network.iterations):
        q = [
            _normalise(
                [unary + _messages(i, y, q, network) for y, unary in enumerate(emissions[i])],
            )
            for i in range(len(emissions))
        ]
    return q


def _messages(i: int, y: int, q: Matrix, network: Network) -> float:
    """What reaches tag y of token i from its neighbours, or from beyond the utterance."""
    n_tokens, tags = len(q), range(len(q[0]))
    total = network.start[y] if i == 0 else sum(q[i - 1][z] * network.near[z][y] for z in tags)
    total += network.end[y] if i == n_tokens - 1 else sum(q[i + 1][z] * network.near[y][z] for z in tags)
    if network.far is not None:
        if i >= 2:
            total += sum(q[i - 2][z] * network.far[z][y] for z in tags)
        if i + 2 < n_tokens:
            total += sum(q[i + 2][z] * network.far[y][z] for z in tags)
    return total


def _normalise(scores: Vector) -> Vector:
    peak = max(scores)
    weights = [math.exp(score - peak) for score in scores]
    return [weight / sum(weights) for weight in weights]
