"""Callers who ask a server all the time, each over one connection, and count what comes back."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from tests.integration.server import TIMEOUT_S, receive, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.server import Answer

BODY = json.dumps({"text": "wake me at seven", "locale": "en-US"}).encode()
INTENT = "alarm_set"
PAUSE_S = 0.02
"""After each answer, so that other processes have a turn too."""


class Callers:
    """Answers by the version and digest that gave them, and what went wrong."""

    def __init__(self, port: int, number: int, *, pause_s: float = PAUSE_S) -> None:
        self.answers: Counter[tuple[str, str]] = Counter()
        self.failures: list[str] = []
        self._pause_s = pause_s
        self._ended = Event()
        self._lock = Lock()
        self._threads = [Thread(target=self._ask, args=(port,)) for _ in range(number)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Ask no more, once the last answers are there."""
        self._ended.set()
        for thread in self._threads:
            thread.join(TIMEOUT_S)

    def _ask(self, port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        while not self._ended.wait(self._pause_s):
            try:
                send(connection, "POST", "/parse", BODY)
                self._count(receive(connection))
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
        connection.close()

    def _count(self, answer: Answer) -> None:
        if answer.status != 200 or answer.body["intent"]["name"] != INTENT:
            self.failures.append(str(answer))
            return
        with self._lock:
            self.answers[answer.body["model"]["version"], answer.body["model"]["digest"]] += 1


@contextmanager
def calling(port: int, number: int = 2, *, pause_s: float = PAUSE_S) -> Iterator[Callers]:
    """Callers for the length of a `with`, none of whose requests may fail."""
    callers = Callers(port, number, pause_s=pause_s)
    try:
        yield callers
    finally:
        callers.end()
    assert callers.failures == []
    assert callers.answers.total() > 0
