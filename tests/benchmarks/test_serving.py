"""Serving is measured over real processes: a service that does nothing, the service itself, the runtime alone."""

import asyncio
import json
import os
import sys
from pathlib import Path

import httpx
import pytest

from benchmarks import echo, serving
from benchmarks.client import Traffic
from benchmarks.cores import Cores, pinned, split
from benchmarks.errors import MeasurementFailed
from benchmarks.process import started
from benchmarks.serving import Plan, Round, figures, measure, request, utterances_for
from polyparse.contract.frame import Utterance
from polyparse.corpora.read import read
from service.api.schemas import ParseResponse
from tests.benchmarks.massive import write_massive
from tests.bundles import write_bundle

PLAN = Plan(connections=3, rounds=1, starts=1, unloaded=2)


def traffic(per_s: float, *, p50_ms: float = 1.0, errors: int = 0) -> Traffic:
    """A hundred answers at some rate; the client was busy for a tenth of the time."""
    return Traffic([p50_ms / 1e3] * 100, {"503": errors} if errors else {}, 100 / per_s, 10 / per_s)


def actual(*, errors: int = 0) -> Round:
    """Echo at 6000, model at 3000: the ideal is 2000 a second."""
    unloaded = traffic(500, p50_ms=2.0)
    return Round(traffic(6000), traffic(1600, errors=errors), 3000.0, unloaded, alone_p50_ms=1.5)


class TestFigures:
    def test_efficiency_is_the_rate_over_that_of_a_core_that_echoes_and_parses_by_turns(self) -> None:
        assert actual().efficiency == pytest.approx(1600 / (1 / (1 / 6000 + 1 / 3000)))

    def test_each_figure_is_what_its_name_says(self) -> None:
        assert figures([actual(), actual(), actual()]) == pytest.approx(
            {
                "efficiency": 0.8,
                "echo_share": 1600 / 6000,
                "overhead_p50_ms": 0.5,
                "requests_per_s": 1600,
                "echo_per_s": 6000,
                "model_per_s": 3000,
                "loaded_p50_ms": 1.0,
                "unloaded_p50_ms": 2.0,
                "alone_p50_ms": 1.5,
                "client_per_s": 60000,
                "client_busy": 0.1,
                "errors": 0,
            }
        )

    def test_one_error_in_any_round_fails_the_benchmark(self) -> None:
        errors = figures([actual(), actual(errors=1)])["errors"]
        assert not serving.TARGETS["errors"].is_met_by(errors)


class TestCores:
    def test_server_and_load_run_on_different_cores(self) -> None:
        assert split({0, 1}) == Cores(server=0, load=1)
        assert split({4, 5, 6, 7}) == Cores(server=4, load=7)
        assert split({0, 1}).are_apart

    def test_one_core_is_shared_and_nothing_is_pinned(self) -> None:
        assert split({3}) == Cores(None, None)
        assert not split({3}).are_apart
        before = os.sched_getaffinity(0)
        with pinned(None):
            assert os.sched_getaffinity(0) == before

    def test_a_thread_is_pinned_for_as_long_as_asked(self) -> None:
        before = os.sched_getaffinity(0)
        with pinned(min(before)):
            assert os.sched_getaffinity(0) == {min(before)}
        assert os.sched_getaffinity(0) == before


async def echoed(body: bytes) -> httpx.Response:
    transport = httpx.ASGITransport(echo.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://echo") as client:
        return await client.post("/parse", content=body, headers={"content-type": "application/json"})


class TestEcho:
    def test_it_checks_requests_and_serialises_answers_as_the_service_does(self) -> None:
        _, body = request(Utterance("ciao", "it-IT")).split(b"\r\n\r\n", 1)
        answer = asyncio.run(echoed(body))
        assert answer.status_code == 200
        ParseResponse.model_validate_json(answer.content)
        assert asyncio.run(echoed(b'{"text": 1}')).status_code == 422


class TestProcess:
    def test_a_server_that_ends_by_itself_is_shown_with_its_last_words(self) -> None:
        command = [sys.executable, "-c", "raise SystemExit('no such model')"]
        with pytest.raises(MeasurementFailed, match="no such model"), started(command, core=None):
            pass

    def test_a_request_is_json_with_text_and_locale(self) -> None:
        head, body = request(Utterance("सात", "hi-IN")).split(b"\r\n\r\n", 1)
        assert f"Content-Length: {len(body)}".encode() in head.split(b"\r\n")
        assert json.loads(body) == {"text": "सात", "locale": "hi-IN"}
        assert json.loads(request(Utterance("a")).split(b"\r\n\r\n", 1)[1]) == {"text": "a"}


class TestMeasure:
    def test_a_run_gives_every_agreed_figure_and_no_error(self, tmp_path: Path) -> None:
        """Without the corpus, the bundle's golden utterances stand in."""
        write_bundle(tmp_path / "models" / "words" / "1")
        result = measure(tmp_path / "models", f"massive:{tmp_path / 'absent'}", 4000, PLAN)
        agreed = {
            "efficiency",
            "overhead_p50_ms",
            "ready_s",
            "rss_mb",
            "requests_per_s",
            "echo_per_s",
            "model_per_s",
        }
        assert agreed <= result.figures.keys()
        assert result.figures["errors"] == 0
        assert all(result.figures[key] > 0 for key in agreed - {"overhead_p50_ms"})
        assert result.targets.keys() <= result.figures.keys()

    def test_utterances_are_those_of_the_corpus_in_the_languages_of_the_bundle(self, tmp_path: Path) -> None:
        bundle, spec = write_bundle(tmp_path / "models" / "words" / "1"), write_massive(tmp_path)
        utterances = utterances_for(spec, 3, bundle)
        of_corpus = {example.utterance for example in read(spec, locales=("en-US", "es-ES"), partition="dev")}
        assert len(set(utterances)) == 3
        assert of_corpus.issuperset(utterances)
