"""What became of a request, in one word; for most of them the status says it. Pure."""

import json
from collections.abc import Mapping

OK, REJECTED, SLOW = "ok", "rejected", "slow"
REFUSED, LATE, ERROR = "refused", "too late", "error"
RESET, TIMED_OUT, UNCONNECTED, GARBLED, UNSENT = "reset", "timed out", "unconnected", "garbled", "unsent"
GOOD = frozenset({OK, REJECTED})
MEANINGS: Mapping[str, str] = {
    OK: "2xx",
    REJECTED: "4xx: the caller's own mistake, and said so",
    SLOW: "one of these, but later than the SLO allows",
    REFUSED: "408, 429, 503: the service's state kept it from an answer",
    LATE: "504: the service gave up",
    ERROR: "any other status",
    RESET: "the connection ended before the answer",
    TIMED_OUT: "no answer within the scenario's time-out",
    UNCONNECTED: "no connection could be made",
    GARBLED: "what came was no HTTP, or an answer to no request",
    UNSENT: "not sent: every connection that the scenario allows was waiting for an answer",
}
"""In the order in which they are shown."""
STATUSES: Mapping[int, str] = {408: REFUSED, 429: REFUSED, 503: REFUSED, 504: LATE}
WORST = (ERROR, LATE, REFUSED, REJECTED, OK)


def of_status(status: int) -> str:
    """The outcome of an answer."""
    if (known := STATUSES.get(status)) is not None:
        return known
    return {2: OK, 4: REJECTED}.get(status // 100, ERROR)


def of_batch(status: int, body: bytes) -> str:
    """The outcome of a batch: that of its worst item, where the whole was answered."""
    if (outcome := of_status(status)) != OK:
        return outcome
    try:
        results = json.loads(body)["results"]
        items = {of_status(int(result.get("status", 200))) for result in results}
    except (ValueError, KeyError, TypeError, AttributeError):
        return GARBLED
    return next(outcome for outcome in WORST if outcome in items or outcome == OK)
