"""What the service's own OpenAPI document allows, and what it forbids, as schemathesis makes it of the document."""

from importlib import import_module
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from benchmarks.errors import MeasurementFailed
from benchmarks.fuzz.case import Case, End


def cases(document: dict[str, Any]) -> st.SearchStrategy[Case]:
    """Of every operation; MeasurementFailed without schemathesis."""
    try:
        schemathesis = import_module("schemathesis")
    except ImportError as error:
        raise MeasurementFailed(
            "schemathesis: found none, expected it as requirements/integration.txt has it: pip install it, or leave the "
            "kind out with --kinds"
        ) from error
    schema = schemathesis.openapi.from_dict(document)
    modes = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
    operations = [found.ok() for found in schema.get_all_operations()]
    asked = [operation.as_strategy(generation_mode=mode) for operation in operations for mode in modes]
    return st.one_of(asked).map(_case)


def _case(asked: Any) -> Case:
    """The request as the library would send it."""
    requests = import_module("requests")
    arguments = asked.as_transport_kwargs(base_url="http://fuzz")
    try:
        prepared = requests.Request(**arguments).prepare()
        lines = [f"{prepared.method} {prepared.path_url} HTTP/1.1", "host: fuzz", "connection: close"]
        lines += [
            f"{name}: {_text(value)}"
            for name, value in prepared.headers.items()
            if name.lower() != "connection"
        ]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    except (ValueError, requests.RequestException):
        reject()
    body = prepared.body or b""
    return Case((head + (body.encode() if isinstance(body, str) else body),), End.LEAVE)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
