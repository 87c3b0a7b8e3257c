"""Somebody who means well: asks the same sound questions all the time, and knows the answers."""

import http.client
import json
from collections.abc import Mapping, Sequence
from threading import Event, Thread
from types import TracebackType
from typing import Any

from benchmarks.client import HOST
from benchmarks.fuzz.judge import PROBLEM

PAUSE_S = 0.005
TIMEOUT_S = 20.0
NEAR = 1e-3
"""An answer's confidences depend on nothing else, to within the order of sums."""


class Neighbour:
    """Asks for the length of a `with`, over one connection."""

    def __init__(self, port: int, utterances: Sequence[Mapping[str, Any]]) -> None:
        self._bodies = [json.dumps(each).encode() for each in utterances]
        self._connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_S)
        self._expected = [self._ask(body) for body in self._bodies]
        self._is_over = Event()
        self._thread = Thread(target=self._ask_on)
        self.answers = 0
        self.faults: list[str] = []

    def __enter__(self) -> "Neighbour":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()
        self._connection.close()

    def _ask_on(self) -> None:
        while not self._is_over.wait(PAUSE_S):
            position = self.answers % len(self._bodies)
            try:
                actual = self._ask(self._bodies[position])
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.faults.append(f"found {error!r}, expected an answer")
                self._connection.close()
            else:
                if not _is_alike(actual, self._expected[position]):
                    self.faults.append(f"found {actual}, expected {self._expected[position]}")
            self.answers += 1

    def _ask(self, body: bytes) -> Any:
        self._connection.request("POST", "/parse", body, {"content-type": "application/json"})
        response = self._connection.getresponse()
        answer = json.loads(response.read())
        if response.status != 200:
            raise ValueError(f"{PROBLEM}: {answer}")
        del answer["request_id"]
        return answer


def _is_alike(actual: Any, expected: Any) -> bool:
    """Whether two documents are equal, but for numbers that are near."""
    if isinstance(actual, float) and isinstance(expected, float):
        return abs(actual - expected) <= NEAR
    if isinstance(actual, dict) and isinstance(expected, dict):
        return actual.keys() == expected.keys() and all(
            _is_alike(actual[key], expected[key]) for key in actual
        )
    if isinstance(actual, list) and isinstance(expected, list):
        return len(actual) == len(expected) and all(map(_is_alike, actual, expected))
    return bool(actual == expected)
