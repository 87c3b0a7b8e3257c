"""Log lines: one JSON object each, made by structlog and written by a thread of their own. Health probes and requests write
none unless they are asked for.

To log never waits: where standard error is full or broken, lines are dropped and counted. No line has a secret: what has the
name or the form of one, and the value of each variable of the environment that is named like one, is masked.
"""

import logging
import os
import sys
import threading
from collections.abc import Mapping
from functools import partial
from io import UnsupportedOperation
from types import TracebackType
from typing import Any, TextIO

from structlog.processors import EventRenamer, JSONRenderer, TimeStamper, format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name
from structlog.typing import EventDict

from polyparse.concealed import MASK, concealed, names_a_secret
from service.line_writer import LineWriter, Write, to_descriptor
from service.request_trace import CURRENT

NOISY = ("botocore", "aiobotocore")
"""Libraries that say at level info what is none: of them only warnings count."""
LAST_S = 1.0
"""Time at the end for lines that wait."""
LEAST_SECRET = 8
"""Characters of a variable's value below which it is no secret, but a word that other text may have."""
FIRST = ("time", "level", "logger", "message")
TIME = "%Y-%m-%dT%H:%M:%S.%f+00:00"

logger = logging.getLogger(__name__)


Fields = Mapping[str, object]
NONE: Fields = {}


class JsonFormatter(ProcessorFormatter):
    """Time, level, logger and message, then the fields of every line, of the request, of `extra`, then the traceback."""

    def __init__(self, fields: Fields = NONE, secrets: frozenset[str] = frozenset()) -> None:
        super().__init__(
            foreign_pre_chain=[
                TimeStamper(fmt=TIME, utc=True, key="time"),
                add_log_level,
                add_logger_name,
                _of_request,
                partial(_with_fields, fields),
                ExtraAdder(),
                format_exc_info,
            ],
            processors=[
                ProcessorFormatter.remove_processors_meta,
                EventRenamer("message"),
                partial(_without_secrets, secrets),
                _in_order,
                JSONRenderer(),
            ],
        )


class LineHandler(logging.Handler):
    """Gives lines to a writer. One that cannot be made counts as dropped: Python would complain on standard error."""

    def __init__(self, writer: LineWriter, formatter: logging.Formatter) -> None:
        super().__init__()
        self._writer = writer
        self.setFormatter(formatter)

    @property
    def dropped(self) -> int:
        """How many lines were not written."""
        return self._writer.dropped

    def emit(self, record: logging.LogRecord) -> None:
        """Have the record written, or drop it."""
        try:
            line = self.format(record)
        except Exception:  # A message that does not fit its arguments, or a value that has no text.
            self._writer.refuse()
        else:
            self._writer.put(f"{line}\n".encode())

    def flush(self) -> None:
        """Wait for the lines so far, within a bound; logging does so at the end of the process."""
        self._writer.flush(LAST_S)

    def close(self) -> None:
        """Take no more lines."""
        self._writer.close()
        super().close()


def configure(level: str, stream: TextIO | None = None, *, fields: Fields = NONE) -> None:
    """Send all lines of this level and above to `stream`, by default standard error; tracebacks and warnings among them.

    `fields` are in each line.
    """
    formatter = JsonFormatter(fields, secrets_of(os.environ))
    handler = LineHandler(LineWriter(_write_to(stream or sys.stderr)), formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    sys.excepthook = _crashed
    threading.excepthook = lambda crash: _crashed(crash.exc_type, crash.exc_value, crash.exc_traceback)


def lines_dropped() -> int:
    """How many lines were dropped since `configure`."""
    handlers = logging.getLogger().handlers
    return sum(handler.dropped for handler in handlers if isinstance(handler, LineHandler))


def secrets_of(environ: Mapping[str, str]) -> frozenset[str]:
    """The values of an environment that no line may have, by the names of their variables.

    A variable of headers, as OpenTelemetry has it, holds values of which each is one.
    """
    whole = [value for name, value in environ.items() if names_a_secret(name)]
    headers = [value for name, value in environ.items() if name.endswith("_HEADERS")]
    parts = [part.partition("=")[2].strip() for value in headers for part in value.split(",")]
    return frozenset(value for value in (*whole, *parts) if len(value) >= LEAST_SECRET)


def _of_request(_logger: Any, _method: str, line: EventDict) -> EventDict:
    """Add what identifies the request in whose course the line is written, where it has a trace."""
    if (trace := CURRENT.get()) is not None:
        line.update(request_id=trace.request_id, trace_id=trace.trace_id)
    return line


def _with_fields(fields: Fields, _logger: Any, _method: str, line: EventDict) -> EventDict:
    line.update(fields)
    return line


def _without_secrets(secrets: frozenset[str], _logger: Any, _method: str, line: EventDict) -> EventDict:
    return {name: _masked(name, value, secrets) for name, value in line.items() if name != "color_message"}


def _masked(name: str, value: object, secrets: frozenset[str]) -> object:
    """A value of a line without secrets, as plain data."""
    if names_a_secret(name):
        return MASK
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _masked(str(key), each, secrets) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_masked("", each, secrets) for each in value]
    text = str(value)
    for secret in secrets:
        text = text.replace(secret, MASK)
    return concealed(text)


def _in_order(_logger: Any, _method: str, line: EventDict) -> EventDict:
    """What every line has comes first, and a traceback last."""
    traceback = {"traceback": line.pop("exception")} if "exception" in line else {}
    return {name: line.pop(name) for name in FIRST} | dict(line) | traceback


def _write_to(stream: TextIO) -> Write:
    try:
        return to_descriptor(stream.fileno())
    except UnsupportedOperation:  # It is in memory.
        return lambda line: stream.write(line.decode())


def _crashed(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Write the traceback of what nobody caught as a line: on standard error itself, it might wait for ever."""
    if not issubclass(kind, SystemExit):
        logger.critical("crashed", exc_info=(kind, error or kind(), trace))
