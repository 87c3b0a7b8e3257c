"""Values of labels. Each label has few of them, whatever callers send: what they choose themselves is none."""

from collections.abc import Mapping

from service.errors import PROBLEMS, CallerDeparted

OK = "ok"
UNROUTED = "none"
"""The endpoint of a request without a route: what came is no HTTP, its head is too large, or nothing is at its path."""
NO_VERSION = ""
"""The version of a request that no version answered or failed, or one that is gone."""
NO_LOCALE = "none"
"""The locale of a frame that was asked for without one."""
UNREFUSED = "none"
STAGES = ("encode", "queue", "score", "decode", "assemble")
REFUSED_FOR = (UNREFUSED, "domain", "language")
TOKENS = ("useful", "padding")
SCOPES = ("process", "fleet")
DROPPED = ("load", "busy", "hangs", "stopped")
"""Why a shadow was not given an utterance: requests came first, it had enough to do, it hangs, the service ends."""
GENERATIONS = ("0", "1", "2")
"""Of Python's garbage collector."""
MEMORY = ("used", "total")

OF_STATE = frozenset({429, 503, 504})
"""Statuses that say that the service's state, and neither the request nor a fault, kept a request from its answer."""


def class_of(status: int) -> str:
    """The class of a problem's status: refused, rejected or failed."""
    if status in OF_STATE:
        return "refused"
    return "rejected" if status < 500 else "failed"


CLASSES: Mapping[str, str] = {
    OK: OK,
    CallerDeparted.code: CallerDeparted.code,
    **{code: class_of(problem.status) for code, problem in PROBLEMS.items()},
}
"""Outcome of a request -> its class."""
