"""Why a connection ends before its request has a route."""
# ruff: noqa: N818 - a leaf is named after its cause, as in polyparse/errors.py.

from service.errors import ServiceError


class MalformedRequest(ServiceError):
    """What came is no request of HTTP/1.1, or one to build a tunnel."""

    code = "malformed_request"

    def __init__(self, found: str) -> None:
        super().__init__(f"found what is none ({found}), expected a request of HTTP/1.1")


class HeadTooLarge(ServiceError):
    """The request line and the headers have more bytes than the limit."""

    code = "head_too_large"

    def __init__(self, max_bytes: int) -> None:
        super().__init__(
            f"found more than {max_bytes} bytes of request line and headers, expected at most so many"
        )


class HeadTimeout(ServiceError):
    """The caller did not send the whole head in time."""

    code = "head_timeout"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"found no whole head within {seconds:g} s, expected one")
