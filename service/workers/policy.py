"""What the supervisor decides: which worker gets a connection, when one that died is replaced, when one is given up."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

from polyparse.errors import ConfigError

LOOK_S = 0.25
"""Time between two looks at the workers' signs of life."""
LATE_LOOKS = 4
"""After so many looks without a sign of life a worker gets no connection, and what it has not taken goes to others."""
LOST_LOOKS = 120
"""After so many it is killed, and replaced. Looks are counted, not time: where the whole machine stood still, none was."""
QUICK_S = 10.0
"""A worker that ends sooner than this after it began to serve has ended quickly."""
FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 30.0


class Standing(NamedTuple):
    """A worker as the policy sees it: whether it takes connections, how many it holds, and when it got its last, counted."""

    takes: bool
    held: int
    last_given: int


def choose(standings: Sequence[Standing]) -> int | None:
    """The position of the worker that gets the next connection: of those that hold the fewest, who waits longest."""
    takers = [position for position, standing in enumerate(standings) if standing.takes]
    return min(takers, key=lambda position: standings[position][1:], default=None)


class Sign(Enum):
    """What a worker's signs of life say of it."""

    ALIVE = auto()
    LATE = auto()
    LOST = auto()


def sign_of(silent_looks: int) -> Sign:
    """What it means that so many looks in a row found no sign of life."""
    if silent_looks >= LOST_LOOKS:
        return Sign.LOST
    return Sign.LATE if silent_looks >= LATE_LOOKS else Sign.ALIVE


def quick_ends(before: int, served_s: float) -> int:
    """How many ends in a row were quick, after one more; `served_s` is 0 for a worker that never served."""
    return before + 1 if served_s < QUICK_S else 0


def delay_s(quick: int) -> float:
    """How long to wait with the next start, after so many quick ends in a row: not at all, then longer and longer."""
    return 0.0 if quick < 2 else min(FIRST_DELAY_S * 2.0 ** (quick - 2), LONGEST_DELAY_S)


def check_device(workers: int, device: str) -> None:
    """Raise ConfigError where several workers would share a GPU: each would keep the models in its memory."""
    if workers > 1 and device == "cuda":
        raise ConfigError(
            f"--workers: found {workers} on cuda, expected 1: a GPU has one process, whose --threads keep it busy"
        )
