"""A log line is one JSON object, whatever is logged."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from service import logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What the root logger writes, its own handlers put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    lines = io.StringIO()
    logs.configure("info", lines)
    yield lines
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_is_one_json_object_with_what_extra_brought(stream: io.StringIO) -> None:
    logging.getLogger("service.api").info("request %s", "done\n", extra={"request_id": "r1", "ms": 0.7})
    line = json.loads(stream.getvalue())
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info",
        "logger": "service.api",
        "message": "request done\n",
        "request_id": "r1",
        "ms": 0.7,
    }


def test_a_traceback_stays_in_its_line(stream: io.StringIO) -> None:
    try:
        int("nowhere")
    except ValueError:
        logging.getLogger("service").exception("failed")
    (line,) = stream.getvalue().splitlines()
    assert "ValueError" in json.loads(line)["traceback"]


def test_lower_levels_are_not_written(stream: io.StringIO) -> None:
    logging.getLogger("service").debug("nothing")
    assert stream.getvalue() == ""
