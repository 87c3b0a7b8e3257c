"""A fault is paged, and the page ends: a real service, Prometheus, Alertmanager and webhook, with windows of seconds."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.panels import Ask, calling
from benchmarks.prometheus import notifying, watching, write_rules
from tests.bundles import write_bundle
from tests.integration.faulty_bundles import ODD, raise_on_a_word
from tests.integration.server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALERT = "PolyparseErrorBudgetBurnsFast"
SCALE = 0.01
"""Five minutes are three seconds."""
GOOD = [Ask("/parse", json.dumps({"text": "wake me at seven"}).encode(), {})]
FAILS = [Ask("/parse", json.dumps({"text": ODD}).encode(), {})]


@contextmanager
def webhook() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """A port at which notices may be left, and the alerts of all that came, for the length of a `with`."""
    notices: list[dict[str, Any]] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            notices.extend(json.loads(body)["alerts"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Webhook) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1], notices
        finally:
            server.shutdown()
            thread.join()


def of(notices: list[dict[str, Any]], status: str) -> list[dict[str, Any]]:
    """Notices of the alert with a status."""
    return [each for each in notices if each["labels"]["alertname"] == ALERT and each["status"] == status]


def is_quiet(notices: list[dict[str, Any]]) -> bool:
    """Whether each page has ended; a machine that stalls may cause one of its own."""
    return len(of(notices, "firing")) == len(of(notices, "resolved"))


@pytest.mark.needs_tools("prometheus", "prometheus-alertmanager")
def test_a_service_that_fails_is_paged_and_the_page_ends_when_it_does_well_again(tmp_path: Path) -> None:
    raise_on_a_word(write_bundle(tmp_path / "models" / "tiny" / "1"))
    with ExitStack() as stack:
        port, notices = stack.enter_context(webhook())
        alertmanager = stack.enter_context(notifying(tmp_path, port))
        server = stack.enter_context(serving(tmp_path / "models", tmp_path / "log", "--max-wait-ms=60000"))
        rules = list(write_rules(tmp_path / "rules", SCALE))
        prometheus = stack.enter_context(
            watching(tmp_path, [server.port], rules=rules, alertmanager=alertmanager)
        )
        with calling(server.port, GOOD):
            server.until(lambda: is_quiet(notices) and prometheus.now("polyparse:slo_burn:rate_5m == 0"))
            before = len(of(notices, "firing"))
            with calling(server.port, FAILS):
                server.until(lambda: len(of(notices, "firing")) > before)
            server.until(lambda: is_quiet(notices))
    page = of(notices, "firing")[-1]
    assert page["labels"] == {"alertname": ALERT, "job": "polyparse", "severity": "page"}
    assert page["annotations"]["runbook_url"] == f"docs/runbooks/{ALERT}.md"
