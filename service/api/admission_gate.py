"""Refuses a request from its head alone where the service is full, before its body is read and anything is made for it.

Such a request costs its share of the HTTP parser, and one write. What it is told is what service/api/problems.py would say.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import httptools

from polyparse.errors import PolyparseError
from service.admission import AdmissionControl, Permit
from service.api.headers import MILLISECONDS, SANE_ID
from service.api.problems import MEDIA_TYPE, document
from service.errors import PROBLEMS, DeadlineExceeded, QueueFull

BYTES_PER_TOKEN = 6
"""Of a body; words of the languages served have about as many, and the names of fields come on top."""
READ = frozenset({b"content-length", b"x-request-id", b"x-deadline-ms"})
ID = "\x00"
"""Stands for the id of a request in a template."""


class RefusedHead(NamedTuple):
    """Whose head was refused, and why: the route's path, the request's id, the code of the problem."""

    path: str
    request_id: str
    code: str


class Passed(NamedTuple):
    """What a head leads to: a place inside, None where the route needs none, or else an answer, and why."""

    permit: Permit | None = None
    refusal: bytes | None = None
    reason: RefusedHead | None = None


NEEDS_NONE = Passed()


class AdmissionGate:
    """Looks at heads, in the event loop's thread.

    `most_tokens` says for each path how many tokens its body may count as, until its text is known. `refused` is told the
    path of each request that is refused, why, and since when its first byte could be read.
    """

    def __init__(
        self,
        admission: AdmissionControl,
        most_tokens: Mapping[str, int],
        ids: Iterator[str],
        refused: Callable[[str, PolyparseError, float], None],
    ) -> None:
        self._admission = admission
        self._paths = {path.encode(): (path, tokens) for path, tokens in most_tokens.items()}
        self._ids = ids
        self._refused = refused

    def __call__(
        self, method: bytes, target: bytes, headers: Sequence[tuple[bytes, bytes]], arrived_s: float
    ) -> Passed:
        """What a request with this target and these headers, their names in lower case, may do."""
        found = self._paths.get(target) or self._paths.get(_path(target)) if method == b"POST" else None
        if found is None:
            return NEEDS_NONE
        path, most_tokens = found
        values = {name: value for name, value in headers if name in READ}
        length = values.get(b"content-length", b"")
        tokens = int(length) // BYTES_PER_TOKEN if length.isdigit() else 0
        cost = 1 + min(tokens, most_tokens)
        error = self._refusal_of(cost, arrived_s, values.get(b"x-deadline-ms", b""))
        if error is None:
            return Passed(Permit.of_head(self._admission, cost))
        self._refused(path, error, arrived_s)
        request_id = values.get(b"x-request-id", b"")
        known = request_id if SANE_ID.fullmatch(request_id) else next(self._ids).encode()
        return Passed(None, _refusal(error, known), RefusedHead(path, known.decode(), error.code))

    def _refusal_of(
        self, cost: int, arrived_s: float, deadline: bytes
    ) -> QueueFull | DeadlineExceeded | None:
        """Why a request of so many tokens may not come in, if it may not."""
        if not self._admission.admits_head(cost, arrived_s):
            return self._admission.refusal()
        if deadline and MILLISECONDS.fullmatch(deadline):
            return self._admission.too_late(int(deadline))
        return None


def _path(target: bytes) -> bytes:
    """The path of any other spelling of a target: with a query, a host, or letters as their codes."""
    try:
        return unquote_to_bytes(httptools.parse_url(target).path or b"")
    except httptools.HttpParserInvalidURLError:
        return b""


def _refusal(error: QueueFull | DeadlineExceeded, request_id: bytes) -> bytes:
    head, before, after = _template(error)
    length = len(before) + len(request_id) + len(after)
    return b"%bx-request-id: %b\r\ncontent-length: %d\r\n\r\n%b%b%b" % (
        *(head, request_id, length),
        *(before, request_id, after),
    )


@lru_cache(maxsize=64)
def _template(error: QueueFull | DeadlineExceeded) -> tuple[bytes, bytes, bytes]:
    """The beginning of a head, and the body around the id; by identity: the same error comes again and again."""
    before, after = json.dumps(document(error.code, str(error), ID)).split(json.dumps(ID)[1:-1])
    status = HTTPStatus(PROBLEMS[error.code].status)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", f"content-type: {MEDIA_TYPE}"]
    lines += [f"retry-after: {error.retry_after_s}"] if isinstance(error, QueueFull) else []
    return "".join(f"{line}\r\n" for line in lines).encode(), before.encode(), after.encode()
