"""`polyparse serve` as a process of its own, on a free port, asked over HTTP. Every wait has a bound."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
PAUSE_S = 0.05
ATTEMPTS = 1200  # with a pause after each, a minute
TIMEOUT_S = 60


class Answer(NamedTuple):
    """What came back; the body is read where it is JSON."""

    status: int
    body: Any


class Server:
    """A process that serves; `port` is known once it listens."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log
        self.port = int(self.until(lambda: re.search(r"running on http://[\d.]+:(\d+)", self.log()))[1])

    def log(self) -> str:
        """What the process wrote to standard error."""
        return self._log.read_text(encoding="utf-8")

    def until(self, actual: Callable[[], Any]) -> Any:
        """What `found` returns, once it is true; fails when the process ends, or after a minute."""
        for _ in range(ATTEMPTS):
            if value := actual():
                return value
            try:
                self.process.wait(PAUSE_S)
            except subprocess.TimeoutExpired:
                continue
            break
        raise AssertionError(f"status {self.process.poll()}: {self.log()}")

    @contextmanager
    def connections(self, number: int) -> Iterator[list[http.client.HTTPConnection]]:
        """Connections for as many requests at once, for the length of a `with`."""
        with ExitStack() as stack:
            built = (
                http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S) for _ in range(number)
            )
            yield [stack.enter_context(closing(connection)) for connection in built]

    def get(self, path: str) -> Answer:
        """GET a document."""
        return self._ask("GET", path, None)

    def parse(self, text: str, **fields: object) -> Answer:
        """POST to /parse."""
        return self.post(json.dumps({"text": text, **fields}).encode())

    def post(self, body: bytes) -> Answer:
        """POST any bytes to /parse."""
        return self._ask("POST", "/parse", body)

    def _ask(self, method: str, path: str, body: bytes | None) -> Answer:
        with self.connections(1) as (connection,):
            send(connection, method, path, body)
            return receive(connection)


def send(connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None) -> None:
    """Send a request, and do not wait for its answer."""
    connection.request(method, path, body, {"content-type": "application/json"})


def receive(connection: http.client.HTTPConnection) -> Answer:
    """Wait for the answer."""
    response = connection.getresponse()
    body = response.read().decode()
    is_json = response.headers.get_content_type().endswith("json")
    return Answer(response.status, json.loads(body) if is_json else body)


@contextmanager
def serving(models: Path | str, log: Path, *flags: str) -> Iterator[Server]:
    """Serve models of a folder or a URL until ready, for the length of a `with`; it is killed if it is still there then.

    It ends without a lame duck, which nobody waits for, unless a flag gives it one.
    """
    serve = [sys.executable, "-m", "polyparse", "serve", "--port=0", "--device=cpu", "--lame-duck-s=0"]
    command = [*serve, "--models", str(models), *flags]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("POLYPARSE_")}
    with (
        log.open("wb") as stderr,
        subprocess.Popen(command, cwd=ROOT, env=environment, stderr=stderr) as process,  # noqa: S603  our own command
    ):
        try:
            server = Server(process, log)
            server.until(lambda: server.get("/health/ready").status == 200)
            yield server
        finally:
            process.kill()
