"""Callers who ask for much, again and again, whatever they are told: many hypotheses of long texts that nobody has seen."""

import asyncio
import json
import random
from collections.abc import Iterator

from benchmarks.client import HOST, post

CALLERS = 64
CHARS = 512
N_BEST = 10
SEED = 5
LAST_CODE_POINT = 0x2FA1D
SURROGATES = range(0xD800, 0xE000)


def requests(seed: int = SEED) -> Iterator[bytes]:
    """Requests without end, each with other code points."""
    drawn = random.Random(seed)  # noqa: S311 - not cryptography
    while True:
        text = "".join(_letter(drawn) for _ in range(CHARS))
        yield post("/parse", json.dumps({"text": text, "n_best": N_BEST}).encode())


def _letter(drawn: random.Random) -> str:
    while True:
        code = drawn.randrange(0x21, LAST_CODE_POINT)
        if code not in SURROGATES and chr(code).isprintable():
            return chr(code)


class HeavyCallers:
    """So many of them, each on a connection of its own, for the length of an `async with`."""

    def __init__(self, port: int) -> None:
        self.answers: dict[bytes, int] = {}
        """How many answers had which status."""
        self._port = port
        self._requests = requests()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "HeavyCallers":
        self._tasks = [asyncio.create_task(self._ask()) for _ in range(CALLERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ask(self) -> None:
        prepared = [next(self._requests) for _ in range(4)]
        reader, writer = await asyncio.open_connection(HOST, self._port)
        try:
            while True:
                for request in prepared:
                    writer.write(request)
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
                    await reader.readexactly(int(length))
                    status = head[9:12]
                    self.answers[status] = self.answers.get(status, 0) + 1
        finally:
            writer.close()
