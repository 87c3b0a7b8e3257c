"""What a connection waits for, and when it has waited long enough: a function of its state and the time."""

from collections.abc import Mapping
from enum import Enum, auto

from service.http.limits import ConnectionLimits


class Phase(Enum):
    """What comes next on a connection."""

    HEAD = auto()
    """The head of a request: on a new connection, or once its first byte is there."""
    ANSWER = auto()
    """Our answer; the body of its request is read meanwhile, and has a deadline of its own."""
    UNREAD = auto()
    """The rest of a body whose answer is out."""
    IDLE = auto()
    """Another request, perhaps."""
    LAST = auto()
    """That the other side closes; all that it still sends is dropped."""


class Overdue(Enum):
    """What is to be done with a connection that has waited long enough."""

    CLOSE = auto()
    """Nothing was begun: close it."""
    HEAD_TIMEOUT = auto()
    """Say that the head did not come in time, and close."""
    ABORT = auto()
    """The other side neither reads nor closes: end it."""


BOUNDS: Mapping[Phase, tuple[str, Overdue]] = {
    Phase.HEAD: ("head_s", Overdue.HEAD_TIMEOUT),
    Phase.IDLE: ("idle_s", Overdue.CLOSE),
    Phase.UNREAD: ("unread_s", Overdue.ABORT),
    Phase.LAST: ("unread_s", Overdue.ABORT),
}
"""Phase -> the limit of it, and what comes after that. Our answer has none here."""


def overdue(phase: Phase, waited_s: float, *, is_blocked: bool, limits: ConnectionLimits) -> Overdue | None:
    """What to do with a connection that has been in its phase for so long; `is_blocked` where it does not read answers."""
    if is_blocked:
        return Overdue.ABORT if waited_s > limits.blocked_s else None
    if (bound := BOUNDS.get(phase)) is None:
        return None
    limit, action = bound
    return action if waited_s > getattr(limits, limit) else None
