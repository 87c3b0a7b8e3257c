"""The answers in the bytes that came back."""

import json
import re
from typing import Any, NamedTuple

HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) [^\r\n]*\r\n((?:[!-9;-~]+: [^\r\n]*\r\n)*)\r\n")


class Answer(NamedTuple):
    """One of them; `body` is read where it is JSON."""

    status: int
    headers: dict[str, str]
    body: Any


def cut(received: bytes) -> tuple[list[Answer], bytes]:
    """All whole answers but interim ones, and what is left."""
    found = []
    while (head := HEAD.match(received)) is not None:
        lines = head[2].decode("latin-1").split("\r\n")[:-1]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        end = head.end() + int(headers.get("content-length", 0))
        if end > len(received):
            break
        if (status := int(head[1])) >= 200:
            found.append(Answer(status, headers, _read(headers, received[head.end() : end])))
        received = received[end:]
    return found, received


def _read(headers: dict[str, str], body: bytes) -> Any:
    return json.loads(body) if headers.get("content-type", "").endswith("json") and body else body
