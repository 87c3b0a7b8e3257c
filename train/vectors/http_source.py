"""A file behind http:// or https://: its bytes from one place on, and what the server says that they are of."""

from __future__ import annotations

import re
from http.client import HTTPException
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from polyparse.errors import ConfigError
from train.vectors.errors import DownloadFailed

if TYPE_CHECKING:
    from http.client import HTTPMessage

READ_BYTES = 1 << 18
LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which another try may succeed."""
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_UNSATISFIED = re.compile(r"bytes \*/(\d+)")


class Interrupted(Exception):  # noqa: N818  what happened, not what is wrong
    """The bytes did not come, or not all; another try may bring them. It never leaves this package."""


class FileAnswer(NamedTuple):
    """Bytes from `start` on, of a file of `size` (None: the server does not say); `body` is None where none are left."""

    start: int
    size: int | None
    validator: str | None
    body: IO[bytes] | None
    is_delimited: bool
    """Whether the end of the body can be told from a cut."""

    def read(self) -> bytes:
        """The next bytes; none at the end. Raises Interrupted where they do not come."""
        if self.body is None:
            return b""
        try:
            return self.body.read(READ_BYTES)
        except (OSError, HTTPException) as error:
            raise Interrupted(str(error) or type(error).__name__) from error

    def close(self) -> None:
        """Give the connection up."""
        if self.body is not None:
            self.body.close()


class _OnlySafer(HTTPRedirectHandler):
    """Follows redirects to http and https, but none from https to http."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        allowed = {"https"} if req.type == "https" else {"http", "https"}
        if urlsplit(newurl).scheme not in allowed:
            expected = " or ".join(sorted(allowed))
            raise DownloadFailed(
                f"found a redirect to {newurl}, expected one to {expected}", place=req.full_url
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def check_url(url: str) -> None:
    """Raise ConfigError unless it is a URL of http or https, without a name and password, that ends in a file's name."""
    try:
        parts = urlsplit(url)
        is_fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_fine = False
    if not is_fine or "@" in parts.netloc or not name_of(url) or not url.isprintable() or " " in url:
        raise ConfigError(
            f"URL: found {url!r}, expected http:// or https://, a host without name and password, and a file"
        )


def name_of(url: str) -> str:
    """The file's name in a URL; empty where it has none that a folder could hold."""
    name = urlsplit(url).path.rpartition("/")[2]
    return "" if name in {".", ".."} or "\\" in name or "%2f" in name.lower() or "%00" in name else name


def answer(url: str, start: int, validator: str | None, *, timeout_s: float) -> FileAnswer:
    """Ask for the bytes from `start` on, if the file is still the one of `validator`; all of them where it is not.

    The caller closes it. Raises Interrupted where a later try may succeed, DownloadFailed where none will.
    """
    headers = {"Accept-Encoding": "identity", "User-Agent": "polyparse"}
    if start:
        headers["Range"] = f"bytes={start}-"
        headers |= {"If-Range": validator} if validator else {}
    request = Request(url, headers=headers)  # noqa: S310  only http and https have a handler
    try:
        return _answer(_opener().open(request, timeout=timeout_s), url)
    except HTTPError as error:
        error.close()
        if error.code == 416 and (left := _UNSATISFIED.fullmatch(error.headers.get("Content-Range", ""))):
            return FileAnswer(int(left[1]), int(left[1]), None, None, is_delimited=True)
        found = f"{error.code} {error.reason}"
        if error.code in LATER:
            raise Interrupted(found) from error
        raise DownloadFailed(f"found the answer {found}, expected the file", place=url) from error
    except (OSError, HTTPException) as error:  # no connection, a reset, silence
        raise Interrupted(str(getattr(error, "reason", "") or error) or type(error).__name__) from error


def _opener() -> OpenerDirector:
    """Without handlers of other schemes, which a redirect could lead to."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(),
        _OnlySafer(),
        HTTPErrorProcessor(),
        HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _answer(response: Any, url: str) -> FileAnswer:
    headers: HTTPMessage = response.headers
    if (encoding := headers.get("Content-Encoding", "identity")) != "identity":
        raise DownloadFailed(f"found bytes encoded by {encoding}, expected them as they are", place=url)
    etag, modified = headers.get("ETag"), headers.get("Last-Modified")
    validator = (
        etag if etag and not etag.startswith("W/") else modified
    )  # If-Range takes no weak one (RFC 9110, 13.1.5)
    length = headers.get("Content-Length")
    is_delimited = length is not None or headers.get("Transfer-Encoding", "").lower() == "chunked"
    if response.status == 206:
        found = _RANGE.fullmatch(headers.get("Content-Range", ""))
        if not found:
            raise DownloadFailed(
                f"found Content-Range {headers.get('Content-Range')!r}, expected 'bytes FIRST-LAST/SIZE'",
                place=url,
            )
        size = None if found[3] == "*" else int(found[3])
        return FileAnswer(int(found[1]), size, validator, response, is_delimited)
    if response.status != 200:
        raise DownloadFailed(f"found the answer {response.status}, expected the file", place=url)
    size = int(length) if length is not None and length.isdigit() else None
    return FileAnswer(0, size, validator, response, is_delimited)
