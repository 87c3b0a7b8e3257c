"""An HTTP server of one file on this machine, which can cut, refuse ranges, fail, and change its file."""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class ServedFile:
    """What the server does, until a test changes it.

    `cuts` are how many bytes of the next bodies are sent before the connection ends; `statuses` those of the next answers.
    """

    content: bytes
    takes_ranges: bool = True
    has_etag: bool = True
    sends_length: bool = True
    redirects_to: str = ""
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)
    """The Range of each request that came."""
    url: str = ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def etag(self) -> str:
        return f'"{self.sha256[:12]}"'


class _Handler(BaseHTTPRequestHandler):
    served: ClassVar[ServedFile]

    def do_GET(self) -> None:  # http.server's name
        served = self.served
        served.asked.append(self.headers.get("Range"))
        if served.statuses:
            self._head(served.statuses.pop(0), {"Content-Length": "0"})
            return
        if served.redirects_to:
            self._head(302, {"Location": served.redirects_to, "Content-Length": "0"})
            return
        size, start = len(served.content), self._start()
        if start >= size > 0:
            self._head(416, {"Content-Range": f"bytes */{size}", "Content-Length": "0"})
            return
        headers = {"Content-Length": str(size - start)} if served.sends_length else {}
        headers |= {"ETag": served.etag} if served.has_etag else {}
        headers |= {"Content-Range": f"bytes {start}-{size - 1}/{size}"} if start else {}
        self._head(206 if start else 200, headers)
        self.wfile.write(served.content[start:][: served.cuts.pop(0) if served.cuts else None])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _start(self) -> int:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        is_same = self.headers.get("If-Range", self.served.etag) == self.served.etag
        return int(asked[1]) if asked and is_same and self.served.takes_ranges else 0

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


@contextmanager
def serving(content: bytes) -> Iterator[ServedFile]:
    """A server on a free port of this machine; it ends with the context."""
    served = ServedFile(content)
    handler = type("_HandlerOfOne", (_Handler,), {"served": served})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        served.url = f"http://127.0.0.1:{server.server_address[1]}/vectors/wiki.it.align.vec"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
