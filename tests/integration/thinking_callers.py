"""Callers who keep their connection, think between two requests, and try nothing twice: whatever is lost, they notice."""

from __future__ import annotations

import http.client
import json
import time
from threading import Event, Thread

BODY = json.dumps({"text": "wake me up at nine", "locale": "en-US"}).encode()
THINK_S = 0.02
BOUND_S = 60


class Caller(Thread):
    """Asks over a keep-alive connection, thinks, and asks again; tries nothing twice, and opens another if it is told to."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port
        self.answered = 0
        self.lost: list[str] = []
        self.has_begun = Event()

    def run(self) -> None:
        while self._connected():
            pass

    def _connected(self) -> bool:
        """Ask over one connection until it ends; whether there may be another one."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=BOUND_S)
        try:
            connection.connect()
        except ConnectionRefusedError:
            return False
        except OSError as error:
            self.lost.append(f"connect: {error!r}")
            return False
        try:
            return self._ask_until_told_to_close(connection)
        except (OSError, http.client.HTTPException) as error:
            self.lost.append(repr(error))
            return False
        finally:
            connection.close()

    def _ask_until_told_to_close(self, connection: http.client.HTTPConnection) -> bool:
        while True:
            connection.request("POST", "/parse", BODY, {"content-type": "application/json"})
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                self.lost.append(f"status {response.status}")
            self.answered += 1
            self.has_begun.set()
            if response.will_close:
                return True
            time.sleep(THINK_S)
