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
    steps: list[tuple[float, float]]  # sharpness, share


def infer(emissions: Matrix, network: Network) -> Matrix:
    """Q_i^M(y) for each token i and tag y; AIN's own iterations have sharpness 1 and share 1."""
    first = network.steps[0][0] if network.steps else 1.0
    q = [_normalise([first * score for score in unary]) for unary in emissions]
    for sharpness, share in network.steps:
        new = [
            _normalise(
                [sharpness * (unary + _messages(i, y, q, network)) for y, unary in enumerate(emissions[i])]
            )
            for i in range(len(emissions))
        ]
        q = [
            [(1 - share) * before + share * after for before, after in zip(old_i, new_i, strict=True)]
            for old_i, new_i in zip(q, new, strict=True)
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
