"""Callers who ask all the time, as a load balancer would spread them over the processes; what they say can change."""

import http.client
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from itertools import count, cycle
from threading import Event

from benchmarks.client import HOST
from benchmarks.gameday.speech import Body
from benchmarks.in_threads import in_threads

CALLERS = 4
PAUSE_S = 0.02
TIMEOUT_S = 60
HEADERS = {"content-type": "application/json"}


class SteadyCallers:
    """They go through `bodies`, and begin anew; whoever sets it changes what they say."""

    def __init__(self, bodies: Sequence[Body]) -> None:
        self.bodies = bodies

    @contextmanager
    def saying(self, bodies: Sequence[Body]) -> Iterator[None]:
        """Let them say something else for the length of a `with`."""
        before, self.bodies = self.bodies, bodies
        try:
            yield
        finally:
            self.bodies = before

    @contextmanager
    def calling(self, ports: Sequence[int]) -> Iterator[None]:
        """Let them ask the processes at these ports by turns, for the length of a `with`."""
        with in_threads([partial(self._ask_all, ports, first) for first in range(CALLERS)]):
            yield

    def _ask_all(self, ports: Sequence[int], first: int, ended: Event) -> None:
        with ExitStack() as stack:
            made = [http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_S) for port in ports]
            connections = cycle([stack.enter_context(closing(connection)) for connection in made])
            for number in count(first, CALLERS):
                if ended.wait(PAUSE_S):
                    return
                self._ask(next(connections), number)

    def _ask(self, connection: http.client.HTTPConnection, number: int) -> None:
        """Ask once; a connection that was closed meanwhile is opened again for the next request."""
        bodies = self.bodies
        body = json.dumps(bodies[number % len(bodies)]).encode()
        with suppress(OSError, http.client.HTTPException):
            connection.request("POST", "/parse", body, HEADERS)
            connection.getresponse().read()
            return
        connection.close()
