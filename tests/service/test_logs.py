"""A log line is one JSON object, whatever is logged."""

import io
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from service import logs
from service.request_trace import CURRENT, RequestTrace
from tests.service.fakes import BOUND_S

ROOT = Path(__file__).parents[2]


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What the root logger writes, its own handlers put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook
    root.handlers.clear()
    lines = io.StringIO()
    logs.configure("info", lines)
    yield lines
    root.handlers[0].close()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    sys.excepthook, threading.excepthook = hooks


def written(stream: io.StringIO) -> str:
    """What was written, once all of it is."""
    logging.getLogger().handlers[0].flush()
    return stream.getvalue()


def test_a_line_is_one_json_object_with_what_extra_brought(stream: io.StringIO) -> None:
    logging.getLogger("service.api").info("request %s", "done\n", extra={"request_id": "r1", "ms": 0.7})
    line = json.loads(written(stream))
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
    (line,) = written(stream).splitlines()
    assert "ValueError" in json.loads(line)["traceback"]


def test_lower_levels_are_not_written(stream: io.StringIO) -> None:
    logging.getLogger("service").debug("nothing")
    assert stream.getvalue() == ""


def test_a_field_of_every_line_is_in_each(stream: io.StringIO) -> None:
    logs.configure("info", stream, fields={"worker": 1})
    logging.getLogger("service").info("one")
    logging.getLogger("service").info("two", extra={"ms": 1})
    assert [json.loads(line)["worker"] for line in written(stream).splitlines()] == [1, 1]


def test_a_line_that_cannot_be_made_is_counted_and_harms_nobody(stream: io.StringIO) -> None:
    unfit = logging.makeLogRecord({"msg": "%d of them", "args": ("three",)})
    logging.getLogger().handlers[0].handle(unfit)
    logging.getLogger("service").info("next")
    assert json.loads(written(stream))["message"] == "next"
    assert logs.lines_dropped() == 1


def test_warnings_are_lines_too(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", stacklevel=1)
    assert json.loads(written(stream))["logger"] == "py.warnings"


def test_what_nobody_caught_in_a_thread_is_a_line(stream: io.StringIO) -> None:
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    assert "ZeroDivisionError" in json.loads(written(stream))["traceback"]


CRASH = """
import logging
from service import logs
from service.request_trace import CURRENT, RequestTrace
logs.configure("info")
for number in range(COUNT):
    logging.getLogger("service").info("line %d", number)
END
"""


def run(code: str, stderr: int = subprocess.PIPE, **values: str) -> "subprocess.Popen[bytes]":
    for name, value in values.items():
        code = code.replace(name, value)
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=stderr)  # noqa: S603 - our own.


def test_all_lines_and_the_traceback_of_a_crash_come_out_before_the_process_ends() -> None:
    with run(CRASH, COUNT="100", END="1 / 0") as process:
        _, stderr = process.communicate(timeout=BOUND_S)
    lines = [json.loads(line) for line in stderr.splitlines()]
    assert [line["message"] for line in lines] == [f"line {number}" for number in range(100)] + ["crashed"]
    assert "ZeroDivisionError" in lines[-1]["traceback"]
    assert process.returncode == 1


@pytest.mark.parametrize("end", ["pass", "1 / 0", "raise SystemExit(3)"])
def test_a_process_ends_though_nobody_reads_its_lines(end: str) -> None:
    with run(CRASH, COUNT="10_000", END=end) as process:
        try:
            assert process.wait(BOUND_S) == {"pass": 0, "1 / 0": 1}.get(end, 3)
        finally:
            process.kill()


@pytest.mark.parametrize("state", ["full", "closed"])
def test_lines_for_a_full_or_closed_standard_error_are_counted_and_nothing_fails(state: str) -> None:
    count = "logging.getLogger().handlers[0].flush(); assert logs.lines_dropped() == 100"
    code = {"full": CRASH, "closed": "import os; os.close(2)" + CRASH}[state]
    with Path("/dev/full").open("wb") as full, run(code, full.fileno(), COUNT="100", END=count) as process:
        assert process.wait(BOUND_S) == 0


def test_a_line_in_the_course_of_a_traced_request_has_its_ids(stream: io.StringIO) -> None:
    trace = RequestTrace("4bf9", "r1", False, None, float, 0, 0.0, 0.0)
    token = CURRENT.set(trace)
    logging.getLogger("uvicorn.error").error("Exception in ASGI application")
    CURRENT.reset(token)
    logging.getLogger("uvicorn.error").info("later")
    during, later = (json.loads(line) for line in written(stream).splitlines())
    assert (during["request_id"], during["trace_id"]) == ("r1", "4bf9")
    assert "trace_id" not in later


PLANTED = "wJalrXUtnFEMI/K7MDENG"


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> io.StringIO:
    """A log of a process whose environment has secrets."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PLANTED)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"x-key=abc,x-team={PLANTED[::-1]}")
    logs.configure("info", stream)
    return stream


@pytest.mark.parametrize(
    ("message", "extra"),
    [
        (f"the key is {PLANTED}", {}),
        (f"the collector got {PLANTED[::-1]}", {}),
        ("request", {"headers": [(b"authorization", b"Bearer other-secret")]}),
        ("request", {"authorization": "other-secret"}),
        ("request", {"context": {"password": "other-secret", "url": "https://a:other-secret@h/"}}),
        ("GET https://h/k?X-Amz-Signature=other-secret", {}),
    ],
)
def test_no_line_has_a_secret(planted: io.StringIO, message: str, extra: dict[str, object]) -> None:
    logging.getLogger("service").info(message, extra=extra)
    logging.getLogger("service").error("failed", exc_info=OSError(message), extra=extra)
    text = written(planted)
    assert len(text.splitlines()) == 2
    assert not any(secret in text for secret in (PLANTED, PLANTED[::-1], "other-secret"))
    assert "***" in text
