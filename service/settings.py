"""Every setting of the service, once: its name, default, bounds and meaning, from which flags, variables and tables come.

The field `queue_tokens` is the flag `--queue-tokens` and the variable `POLYPARSE_QUEUE_TOKENS`; the flag wins. A field that
had another name in the version before can be set by that name too. Variables that Kubernetes makes for Services are none.
"""

import argparse
import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple

from polyparse.cli.arguments import ArgumentParser
from polyparse.errors import ConfigError
from polyparse.repository.place import CACHE_BYTES, Place
from service.service_links import is_link
from service.setting_types import (
    COLLECTOR,
    CONNECTIONS,
    FILE,
    FOLDER,
    HOST,
    NAMES,
    PLACE,
    PORT_OR_OFF,
    SWITCH,
    THREADS,
    TOKENS,
    WORD,
    SettingType,
    choice,
    integer,
    milliseconds,
    number,
    or_word,
    seconds,
    setting,
)

PREFIX = "POLYPARSE_"
FOLDER_POLL_S = 0.1
REDACTED = ("person", "email_address", "place_name", "business_name")
REPOSITORY_POLL_S = 1.0
"""Each look is a request over a network; a change is here within two looks and the fetch of what it names."""


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


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How this process serves."""

    models: Place = setting(
        Path("models"), PLACE, "folder or repository of bundles: NAME/VERSION/ and NAME/state.json"
    )
    model: str | None = setting(None, WORD, "name of the model to serve", default_text="the folder's default")
    cache: Path | None = setting(
        None,
        or_word("auto", FOLDER),
        "where the bundles of a repository are kept on this machine: by default ~/.cache/polyparse",
        default_text="auto",
    )
    cache_bytes: int = setting(
        CACHE_BYTES, integer(1, 10**15), "bound of the cache; what is wanted or held is never evicted"
    )
    verify_key: Path | None = setting(
        None,
        or_word("none", FILE),
        "public key (PEM): a version that its owner did not sign is refused",
        default_text="none",
    )
    host: str = setting("127.0.0.1", HOST, "address to listen on")
    port: int = setting(8080, integer(0, 65535), "port to listen on; 0 takes a free one")
    admin_port: int | None = setting(
        None,
        PORT_OR_OFF,
        "port of the admin API, with health and metrics: /admin and /v2/repository are on no other then",
        default_text="off",
    )
    admin_host: str = setting("127.0.0.1", HOST, "address of the admin port")
    admin_token_file: Path | None = setting(
        None,
        or_word("none", FILE),
        "tokens, one a line, of which the admin API asks for one; without an admin port it is served on the port for all",
        default_text="none",
    )
    device: Literal["auto", "cpu", "cuda"] = setting(
        "auto", choice("auto", "cpu", "cuda"), "where the model runs"
    )
    threads: int | None = setting(
        None,
        THREADS,
        "inference threads, which run batches side by side: by default one a usable core, at most 4, on CUDA two",
        default_text="auto",
        former="lanes",
    )
    workers: int = setting(
        1, integer(1, 64), "processes that serve on one port, which share the usable cores; on CUDA one"
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
    state_poll_s: float | None = setting(
        None,
        or_word("auto", seconds(0.01, 3600)),
        "time between two looks at state.json: by default 0.1, of a repository 1",
        default_text="auto",
    )
    ood_threshold: float | None = setting(
        None,
        or_word("bundle", number(0, 1)),
        "out-of-domain score above which an utterance is refused; each bundle has one of its own, and its card a table",
        default_text="bundle",
    )
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
    max_bodies_bytes: int = setting(
        67_108_864, integer(64, 10**12), "bodies held at once, in bytes; past it the slowest one is refused"
    )
    queue_tokens: int = setting(
        8192, integer(1, 10_000_000), "tokens that may wait, n-best requests counted n times"
    )
    max_wait_ms: float = setting(
        50.0, milliseconds(1, 60_000), "longest wait that is expected of a request that is taken"
    )
    batch_tokens: int | None = setting(
        None, TOKENS, "size of a micro-batch, sequences times longest: 512, on CUDA 4096", default_text="auto"
    )
    request_timeout_s: float = setting(
        30.0, seconds(0.01, 3600), "time for a request: its body and its answer"
    )
    auto_rollback: bool = setting(
        default=False,
        type_=SWITCH,
        meaning="a canary that is unhealthy gets no more requests, and is stopped everywhere if most processes agree",
        default_text="off",
    )
    canary_min_requests: int = setting(
        100,
        integer(10, 1_000_000),
        "utterances that the canary and the stable version each need for a verdict",
    )
    canary_error_margin: float = setting(
        0.02, number(0, 1), "share of the utterances by which more may fail on a canary"
    )
    canary_latency_ratio: float = setting(
        1.5, number(1, 1000), "how many times as long as on the stable version a run may take on a canary"
    )
    probe_timeout_s: float = setting(1.0, seconds(0.01, 60), "time for the golden utterance of /health/ready")
    hang_timeout_s: float = setting(
        60.0,
        seconds(1, 86_400),
        "time for a batch after which its inference thread hangs; once all do, /health/live fails",
    )
    head_timeout_s: float = setting(10.0, seconds(0.1, 3600), "time for the head of a request")
    idle_timeout_s: float = setting(
        75.0, seconds(0.1, 86_400), "time between two requests; longer than the load balancer's own"
    )
    max_connections: int | None = setting(
        None,
        CONNECTIONS,
        "connections at once; past it the one that has been idle for the longest time makes room: by default what "
        "the limit of file descriptors allows",
        default_text="auto",
    )
    lame_duck_s: float = setting(
        5.0,
        seconds(0, 3600),
        "time after SIGTERM in which requests are still taken, while load balancers notice that it is not ready",
    )
    drain_timeout_s: int = setting(20, integer(0, 3600), "seconds to finish what is in flight after that")
    log_level: str = setting("info", choice("debug", "info", "warning", "error"), "least level of log lines")
    access_log: bool = setting(
        default=False, type_=SWITCH, meaning="a log line for each request", default_text="off"
    )
    log_text: bool = setting(
        default=False,
        type_=SWITCH,
        meaning="each utterance is logged with its text and values, redacted, and a shadow's disagreements show them",
        default_text="off",
    )
    redact_slots: tuple[str, ...] = setting(
        REDACTED,
        NAMES,
        "slots that are never shown; addresses of mail and numbers are not either",
        default_text=",".join(REDACTED),
    )
    trace_endpoint: str | None = setting(
        None, or_word("off", COLLECTOR), "collector that traces go to, by OTLP over HTTP", default_text="off"
    )
    trace_share: float = setting(
        0.01, number(0, 1), "share of the requests that are traced where their caller has not decided"
    )

    @property
    def poll_s(self) -> float:
        """Time between two looks at the state, as it is set or as it fits the place."""
        return self.state_poll_s or (FOLDER_POLL_S if isinstance(self.models, Path) else REPOSITORY_POLL_S)


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
    settings = (
        name for name, value in environ.items() if name.startswith(PREFIX) and not is_link(name, value)
    )
    for variable in sorted(settings):
        if variable not in known:
            close = difflib.get_close_matches(variable, rows, n=1) or [", ".join(rows)]
            # Its value is not told: it may be a secret that was put into a setting of ours by a slip.
            raise ConfigError(f"{variable}: found an unknown variable, expected {close[0]}")
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
