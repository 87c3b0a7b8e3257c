"""Log lines: one JSON object each, on standard error. Nothing is written for a request unless access lines are on."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import TextIO

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "color_message"}
"""Attributes that every record has; the others come from `extra` and become fields of the line."""


class JsonFormatter(logging.Formatter):
    """Time, level, logger and message, then the fields of `extra`, then the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in STANDARD}
        if record.exc_info and record.exc_info[1]:
            line["traceback"] = "".join(traceback.format_exception(record.exc_info[1]))
        return json.dumps(line, default=str)


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send all loggers' lines of this level and above to `stream`, standard error by default."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
