"""Every setting of the service, once: its name, default, bounds and meaning, from which flags, variables and tables come.

The field `queue_tokens` is the flag `--queue-tokens` and the variable `POLYPARSE_QUEUE_TOKENS`; the flag wins. A field that
had another name in the version before can be set by that name too.
"""

import argparse
import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from polyparse.cli.arguments import ArgumentParser
from polyparse.errors import ConfigError
from service.setting_types import FOLDER, HOST, SWITCH, THREADS, WORD, SettingType, choice, integer, seconds

PREFIX = "POLYPARSE_"

T = TypeVar("T")


class Row(NamedTuple):
    """One line of the table of settings; `former` is the name that it had in the version before."""

    name: str
    type: SettingType
    default: str
    meaning: str
    former: str | None

    @property
    def flag(self) -> str:
        """The flag."""
        return _flag(self.name)

    @property
    def variable(self) -> str:
        """The variable of the environment."""
        return _variable(self.name)


def setting(
    default: T,
    type_: SettingType,
    meaning: str,
    *,
    default_text: str | None = None,
    former: str | None = None,
) -> T:
    """Declare a field; `default_text` is the default as tables show it, `str(default)` unless given."""
    metadata = {"type": type_, "meaning": meaning, "default": default_text or str(default), "former": former}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How this process serves."""

    models: Path = setting(Path("models"), FOLDER, "folder of bundles: NAME/VERSION/ and NAME/state.json")
    model: str | None = setting(None, WORD, "name of the model to serve", default_text="the folder's default")
    host: str = setting("127.0.0.1", HOST, "address to listen on")
    port: int = setting(8080, integer(0, 65535), "port to listen on; 0 takes a free one")
    device: Literal["auto", "cpu", "cuda"] = setting(
        "auto", choice("auto", "cpu", "cuda"), "where the model runs"
    )
    threads: int | None = setting(
        None,
        THREADS,
        "inference threads, which run batches side by side: by default one a usable core, on CUDA two",
        default_text="auto",
        former="lanes",
    )
    keep_previous: bool = setting(
        default=True,
        type_=SWITCH,
        meaning="the stable version of before stays loaded, so that a rollback only switches",
        default_text="on",
    )
    rehearsal: bool = setting(
        default=True,
        type_=SWITCH,
        meaning="a version that is to take over is loaded and tried in a process of its own first",
        default_text="on",
    )
    load_timeout_s: float = setting(300.0, seconds(1, 86_400), "time for a version to load")
    state_poll_s: float = setting(0.25, seconds(0.01, 3600), "time between two looks at state.json")
    max_text_chars: int = setting(512, integer(1, 100_000), "longest text, in characters (code points)")
    max_body_bytes: int = setting(
        16_384, integer(64, 10_000_000), "largest body of /parse, in bytes, as sent and once inflated"
    )
    max_batch_items: int = setting(256, integer(1, 10_000), "most items of /parse/batch")
    max_batch_bytes: int = setting(
        1_048_576,
        integer(64, 100_000_000),
        "largest body of /parse/batch, in bytes, as sent and once inflated",
    )
    queue_tokens: int = setting(
        8192, integer(1, 10_000_000), "tokens that may wait, n-best requests counted n times"
    )
    batch_tokens: int = setting(
        512, integer(1, 1_000_000), "size of a micro-batch: its sequences times its longest one"
    )
    request_timeout_s: float = setting(30.0, seconds(0, 3600), "time for a request: its body and its answer")
    drain_timeout_s: int = setting(20, integer(0, 3600), "seconds to finish what is in flight at the end")
    probe_timeout_s: float = setting(1.0, seconds(0, 60), "time for the golden utterance of /health/ready")
    log_level: str = setting("info", choice("debug", "info", "warning", "error"), "least level of log lines")
    access_log: bool = setting(
        default=False, type_=SWITCH, meaning="a log line for each request", default_text="off"
    )


def table() -> list[Row]:
    """Return the settings as data, in order."""
    return [Row(name=each.name, **each.metadata) for each in fields(Settings)]


def read(argv: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Read flags over environment over defaults; ConfigError names the key and value that cannot be taken."""
    values: dict[str, Any] = {}
    for row, key, text in _texts(argv, environ):
        try:
            values[row.name] = row.type.parse(text)
        except (ValueError, KeyError):
            raise ConfigError(f"{key}: found {text!r}, expected {row.type.expected}") from None
    return Settings(**values)


def parser() -> ArgumentParser:
    """Return the command line's parser, from the table. Values stay text: `read` checks them."""
    arguments = ArgumentParser(
        prog="polyparse serve", description="Serve POST /parse over HTTP.", allow_abbrev=False
    )
    for row in table():
        text = f"{row.meaning}; {row.type.expected} (default: {row.default}; {row.variable})"
        arguments.add_argument(row.flag, metavar="VALUE", help=text, default=None)
        if row.former is not None:
            arguments.add_argument(_flag(row.former), help=argparse.SUPPRESS, default=None)
    return arguments


def _texts(argv: Sequence[str], environ: Mapping[str, str]) -> Iterator[tuple[Row, str, str]]:
    """(row, flag or variable, text of the value) of each one that is set; flags after variables, so that they win."""
    rows = {row.variable: row for row in table()}
    known = {_variable(row.former): row for row in rows.values() if row.former is not None} | rows
    for variable in sorted(name for name in environ if name.startswith(PREFIX)):
        if variable not in known:
            close = difflib.get_close_matches(variable, rows, n=1) or [", ".join(rows)]
            raise ConfigError(
                f"{variable}: found an unknown variable ({environ[variable]!r}), expected {close[0]}"
            )
        yield known[variable], variable, environ[variable]
    flags = vars(parser().parse_args(argv))
    for row in rows.values():
        for name in (row.former, row.name):
            if name is not None and flags[name] is not None:
                yield row, _flag(name), flags[name]


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _variable(name: str) -> str:
    return PREFIX + name.upper()
