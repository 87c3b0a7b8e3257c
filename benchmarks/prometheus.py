"""Prometheus and Alertmanager as processes of their own over our rules, on free ports, asked over HTTP."""

import json
import math
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.client import HOST
from benchmarks.process import started
from monitoring.__main__ import files
from monitoring.operation import MEMORY_LIMIT_BYTES

READY = "/-/ready"
TIMEOUT_S = 30
JOB = "polyparse"


class Series(NamedTuple):
    """The labels of a series, its times (seconds since the epoch) and its values."""

    labels: Mapping[str, str]
    times_s: Sequence[float]
    values: Sequence[float]


class Prometheus:
    """One that runs; `port` is where it answers."""

    def __init__(self, port: int) -> None:
        self.port = port

    def now(self, expr: str) -> list[Series]:
        """The series of an expression at this moment, those whose value is no number left out."""
        found = self._ask("query", query=expr)["result"]
        return [each for each in (_series(one["metric"], [one["value"]]) for one in found) if each.values]

    def over(self, expr: str, *, start_s: float, end_s: float, step_s: float) -> list[Series]:
        """The series of an expression over a time, those without any value left out."""
        found = self._ask("query_range", query=expr, start=start_s, end=end_s, step=step_s)["result"]
        return [each for each in (_series(one["metric"], one["values"]) for one in found) if each.values]

    def _ask(self, path: str, **parameters: object) -> Any:
        query = urllib.parse.urlencode({name: str(value) for name, value in parameters.items()})
        url = f"http://{HOST}:{self.port}/api/v1/{path}?{query}"
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
            return json.load(answer)["data"]


def _series(labels: Mapping[str, str], points: Sequence[tuple[float, str]]) -> Series:
    finite = [(time_s, float(value)) for time_s, value in points if math.isfinite(float(value))]
    return Series(labels, [time_s for time_s, _ in finite], [value for _, value in finite])


def write_rules(
    folder: Path, scale: float, *, memory_limit_bytes: int = MEMORY_LIMIT_BYTES
) -> Iterator[Path]:
    """The files of rules for so much memory a process, with windows `scale` times as long."""
    folder.mkdir()
    for name, text in files(scale=scale, memory_limit_bytes=memory_limit_bytes).items():
        if name.startswith("rules/"):
            file = folder / Path(name).name
            file.write_text(text, encoding="utf-8")
            yield file


@contextmanager
def watching(
    folder: Path,
    targets: Sequence[int],
    *,
    rules: Sequence[Path] = (),
    interval_s: float = 0.25,
    alertmanager: int | None = None,
) -> Iterator[Prometheus]:
    """A Prometheus that scrapes services at their ports, evaluates rules, and tells an Alertmanager at its port."""
    interval = f"{round(1000 * interval_s)}ms"
    config = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
        "rule_files": [str(file.absolute()) for file in rules],
        "scrape_configs": [{"job_name": JOB, "static_configs": [_at(*targets)]}],
        "alerting": {"alertmanagers": [{"static_configs": [_at(alertmanager)]}] if alertmanager else []},
    }
    command = [
        "prometheus",
        f"--config.file={_written(folder / 'prometheus.yaml', config)}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
    ]
    with started(command, core=None, ready=READY, listen=_web) as server:
        yield Prometheus(server.port)


@contextmanager
def notifying(folder: Path, webhook: int) -> Iterator[int]:
    """The port of an Alertmanager that sends what fires, and what is resolved, to a webhook at a port within a second."""
    times = {"group_wait": "100ms", "group_interval": "500ms", "repeat_interval": "1h"}
    config = {
        "route": {"receiver": "webhook", "group_by": ["alertname"], **times},
        "receivers": [
            {
                "name": "webhook",
                "webhook_configs": [{"url": f"http://{HOST}:{webhook}/", "send_resolved": True}],
            }
        ],
    }
    command = [
        "prometheus-alertmanager",
        f"--config.file={_written(folder / 'alertmanager.yaml', config)}",
        f"--storage.path={folder / 'alertmanager'}",
        "--cluster.listen-address=",
    ]
    with started(command, core=None, ready=READY, listen=_web) as server:
        yield server.port


def _web(port: int) -> Sequence[str]:
    return (f"--web.listen-address={HOST}:{port}",)


def _at(*ports: int) -> dict[str, Any]:
    return {"targets": [f"{HOST}:{port}" for port in ports]}


def _written(file: Path, config: Mapping[str, Any]) -> Path:
    """JSON is YAML."""
    file.write_text(json.dumps(config), encoding="utf-8")
    return file.absolute()
