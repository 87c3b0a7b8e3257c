"""A picture of the dashboard's panels: a service answers all kinds of requests, Prometheus watches, and each query is drawn.

    python -m benchmarks.panels --seconds 120 --out monitoring/panels.png

In the first third the stable version serves alone; then another one is its canary and its shadow, and is promoted at last.
"""

import http.client
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from pathlib import Path
from threading import Event
from typing import NamedTuple

from benchmarks import command
from benchmarks.client import HOST
from benchmarks.in_threads import in_threads
from benchmarks.process import Server, started
from benchmarks.prometheus import Prometheus, watching, write_rules
from benchmarks.serving import PARSE
from monitoring import picture
from polyparse.bundle import release, store
from polyparse.errors import PolyparseError

SCALE = 0.01
"""Of the windows of the rules: three days are 43 minutes, five minutes three seconds."""
CALLERS = 4
PAUSE_S = 0.01
TIMEOUT_S = 60
FLAGS = ("--rehearsal", "off", "--lame-duck-s", "0")
TEXTS = (
    {"text": "wake me up at seven tomorrow", "locale": "en-US"},
    {"text": "pon una alarma a las siete de la mañana", "locale": "es-ES"},
    {"text": "spegni le luci della cucina", "locale": "it-IT"},
    {"text": "play some música de shakira"},
    {"text": "rebase the feature branch before you merge the pull request", "locale": "en-US"},
    {"text": "wecke mich um sieben", "locale": "de-DE"},
    {"text": ""},
)
"""Several languages and none, what no domain covers, a locale that is not served, and a mistake of the caller's."""


class Ask(NamedTuple):
    """A path, a body and headers."""

    path: str
    body: bytes
    headers: Mapping[str, str]


def asks() -> list[Ask]:
    """What callers send, one after the other: single utterances, a batch, one that is too late before it begins."""
    single = [Ask("/parse", json.dumps(text).encode(), {}) for text in TEXTS]
    batch = Ask("/parse/batch", json.dumps({"items": list(TEXTS)}).encode(), {})
    return [*single, *single, batch, Ask("/parse", single[0].body, {"x-deadline-ms": "1"})]


@contextmanager
def calling(port: int, sequence: Sequence[Ask]) -> Iterator[None]:
    """Let some callers ask all the time for the length of a `with`."""
    with in_threads([partial(_ask_all, port, sequence)] * CALLERS):
        yield


def _ask_all(port: int, sequence: Sequence[Ask], ended: Event) -> None:
    with closing(http.client.HTTPConnection(HOST, port, timeout=TIMEOUT_S)) as connection:
        for ask in cycle(sequence):
            if ended.wait(PAUSE_S):
                return
            connection.request(
                "POST", ask.path, ask.body, {"content-type": "application/json", **ask.headers}
            )
            connection.getresponse().read()


class Stage(NamedTuple):
    """A service of which all callers ask, the model that it follows, and a Prometheus that watches it by scaled rules."""

    server: Server
    model: Path
    prometheus: Prometheus

    def try_another(self) -> str:
        """Let a version that does not serve be canary and shadow; returns its number."""
        serves = store.locate(self.model.parent).bundle.name
        other = next(version for version in store.versions_in(self.model) if version != serves)
        release.canary(self.model, other, 20.0, self._edit())
        release.shadow(self.model, other, 0.5, self._edit())
        return other

    def promote(self, version: str) -> None:
        """Let it serve."""
        release.promote(self.model, version, self._edit())

    def _edit(self) -> release.Edit:
        return release.Edit(
            release.decide_on(self.model), "panels", datetime.now(UTC).isoformat(timespec="seconds")
        )


@contextmanager
def staged(folder: Path, models: Path, *, scale: float = SCALE) -> Iterator[Stage]:
    """Everything that runs, for the length of a `with`; the model of the folder of models is copied."""
    source = store.locate(models).bundle.parent
    model = folder / "models" / source.name
    shutil.copytree(source, model, ignore=shutil.ignore_patterns(".*"))
    with ExitStack() as stack:
        server = stack.enter_context(started([*PARSE, *FLAGS, "--models", str(model.parent)], core=None))
        rules = list(write_rules(folder / "rules", scale))
        prometheus = stack.enter_context(watching(folder, [server.port], rules=rules))
        stack.enter_context(calling(server.port, asks()))
        yield Stage(server, model, prometheus)


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.panels", __doc__)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="where to write the picture, a PNG"
    )
    command.counts(parser, ("--seconds", 120, "how long the service is watched"))
    options = parser.parse_args(argv)
    try:
        with tempfile.TemporaryDirectory() as folder, staged(Path(folder), options.bundle) as stage:
            _draw(stage, options.seconds, options.out)
    except PolyparseError as error:
        print(f"refused: {error}", file=sys.stderr)
        return 2
    return 0


def _draw(stage: Stage, seconds: int, out: Path) -> None:
    start_s = time.time()
    time.sleep(seconds / 3)
    version = stage.try_another()
    time.sleep(seconds / 3)
    stage.promote(version)
    time.sleep(seconds / 3)
    end_s = time.time()

    def over(expr: str) -> list[picture.Drawn]:
        series = stage.prometheus.over(expr, start_s=start_s, end_s=end_s, step_s=max(seconds / 120, 0.5))
        return [(each.labels, [time_s - start_s for time_s in each.times_s], each.values) for each in series]

    picture.draw(over, out, length_s=end_s - start_s)


if __name__ == "__main__":
    sys.exit(main())
