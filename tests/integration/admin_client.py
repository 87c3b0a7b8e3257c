"""A caller of the admin API of a server in a process of its own."""

from __future__ import annotations

import http.client
import json
import re
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.integration.server import TIMEOUT_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.integration.server import Server


class AdminReply(NamedTuple):
    """Status, document and ETag of an answer."""

    status: int
    body: Any
    etag: str | None


class AdminClient:
    """Asks one port, each time over a connection of its own."""

    def __init__(self, port: int, token: str | None = None) -> None:
        self.port = port
        self._usual = {} if token is None else {"authorization": f"Bearer {token}"}

    def ask(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> AdminReply:
        """Send a request and wait for its answer."""
        content = None if body is None else json.dumps(body).encode()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)) as connection:
            connection.request(method, path, content, {**self._usual, **(headers or {})})
            response = connection.getresponse()
            text = response.read().decode()
            is_json = response.headers.get_content_type().endswith("json")
            return AdminReply(
                response.status, json.loads(text) if is_json else text, response.headers["etag"]
            )

    def versions(self) -> AdminReply:
        """GET /admin/versions."""
        return self.ask("GET", "/admin/versions")

    def put(self, wanted: object, etag: str) -> AdminReply:
        """PUT /admin/state."""
        return self.ask("PUT", "/admin/state", wanted, {"if-match": etag, "x-changed-by": "ann"})


def admin_of(server: Server, token: str | None = None) -> AdminClient:
    """A caller of a server's admin port."""
    port = server.until(lambda: re.search(r"admin API on http://127\.0\.0\.1:(\d+)", server.log()))[1]
    return AdminClient(int(port), token)
