"""Every setting of the service, once: its name, default, bounds and meaning, from which flags, variables and tables come.

The field `queue_tokens` is the flag `--queue-tokens` and the variable `POLYPARSE_QUEUE_TOKENS`; the flag wins.
"""

import argparse
import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

from polyparse.errors import ConfigError
from service.setting_types import FOLDER, LANES, SWITCH, WORD, Kind, choice, integer, seconds

PREFIX = "POLYPARSE_"

T = TypeVar("T")


class Row(NamedTuple):
    """One line of the table of settings."""

    name: str
    flag: str
    variable: str
    kind: Kind
    default: str
    meaning: str


def setting(default: T, kind: Kind, meaning: str, *, shown: str | None = None) -> T:
    """Declare a field; `shown` stands for the default in tables where its text would not do."""
    metadata = {"kind": kind, "meaning": meaning, "shown": shown or str(default)}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How this process serves."""

    models: Path = setting(Path("models"), FOLDER, "folder of bundles: NAME/VERSION/ and NAME/state.json")
    model: str | None = setting(None, WORD, "name of the model to serve", shown="the folder's default")
    host: str = setting("127.0.0.1", WORD, "address to listen on")
    port: int = setting(8080, integer(0, 65535), "port to listen on; 0 takes a free one")
    device: Literal["auto", "cpu", "cuda"] = setting(
        "auto", choice("auto", "cpu", "cuda"), "where the model runs"
    )
    lanes: int | None = setting(
        None, LANES, "runs at once: by default one a usable core, on CUDA two", shown="auto"
    )
    max_text_chars: int = setting(512, integer(1, 100_000), "longest text, in characters (code points)")
    max_body_bytes: int = setting(16_384, integer(64, 10_000_000), "largest request body")
    queue_tokens: int = setting(
        8192, integer(1, 10_000_000), "tokens that may wait, n-best requests counted n times"
    )
    batch_tokens: int = setting(512, integer(1, 1_000_000), "size of a batch: its rows times its longest row")
    request_timeout_s: float = setting(30.0, seconds(0, 3600), "time for a request: its body and its answer")
    drain_timeout_s: int = setting(20, integer(0, 3600), "seconds to finish what is in flight at the end")
    probe_timeout_s: float = setting(1.0, seconds(0, 60), "time for the golden utterance of /health/ready")
    log_level: str = setting("info", choice("debug", "info", "warning", "error"), "least level of log lines")
    access_log: bool = setting(default=False, kind=SWITCH, meaning="a log line for each request", shown="off")


def table() -> list[Row]:
    """Return the settings as data, in order."""
    return [
        Row(
            name=each.name,
            flag="--" + each.name.replace("_", "-"),
            variable=PREFIX + each.name.upper(),
            kind=each.metadata["kind"],
            default=each.metadata["shown"],
            meaning=each.metadata["meaning"],
        )
        for each in fields(Settings)
    ]


def markdown() -> str:
    """Return the table as it stands in the README."""
    head = ["| flag | variable | value | default | meaning |", "|---|---|---|---|---|"]
    rows = [
        f"| `{r.flag}` | `{r.variable}` | {r.kind.expected} | {r.default} | {r.meaning} |" for r in table()
    ]
    return "\n".join(head + rows)


def read(argv: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Read flags over environment over defaults; ConfigError names the key and value that cannot be taken."""
    values: dict[str, Any] = {}
    for row, key, text in _given(argv, environ):
        try:
            values[row.name] = row.kind.parse(text)
        except (ValueError, KeyError):
            raise ConfigError(f"{key}: found {text!r}, expected {row.kind.expected}") from None
    return Settings(**values)


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser, made from the table. Values stay text: `read` judges them."""
    made = argparse.ArgumentParser(
        prog="polyparse serve", description="Serve POST /parse over HTTP.", allow_abbrev=False
    )
    for row in table():
        text = f"{row.meaning}; {row.kind.expected} (default: {row.default}; {row.variable})"
        made.add_argument(row.flag, metavar="VALUE", help=text, default=None)
    return made


def _given(argv: Sequence[str], environ: Mapping[str, str]) -> Iterator[tuple[Row, str, str]]:
    """(row, the key it was given by, its text); flags after variables, so that they win."""
    rows = {row.variable: row for row in table()}
    for variable in sorted(name for name in environ if name.startswith(PREFIX)):
        if variable not in rows:
            known = difflib.get_close_matches(variable, rows, n=1) or [", ".join(rows)]
            raise ConfigError(
                f"{variable}: found an unknown variable ({environ[variable]!r}), expected {known[0]}"
            )
        yield rows[variable], variable, environ[variable]
    flags = vars(parser().parse_args(argv))
    for row in rows.values():
        if flags[row.name] is not None:
            yield row, row.flag, flags[row.name]
