"""The processes of several workers are found, and every target has its figure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks import workers
from benchmarks.crew import places
from tests.integration.crew import crew_at, model_at

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_workers_of_a_service_and_what_each_has_answered_are_found(tmp_path: Path) -> None:
    with crew_at(tmp_path) as crew:
        found = places(crew.server.process.pid)
        assert sorted(place.number for place in found.values()) == [0, 1]
        assert {place.supervisor for place in found.values()} == {crew.server.process.pid}
        with crew.server.connections(2) as connections:
            for connection in connections:
                connection.request("POST", "/parse", b'{"text": "wake me"}')
            assert [connection.getresponse().read() for connection in connections]
        assert crew.requests() == {0: 1, 1: 1}


def test_it_measures_a_small_bundle_from_end_to_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "CORES_FOR_RATES", 1000)
    monkeypatch.setattr(workers, "SCRAPED_WORKERS", 2)
    models = model_at(tmp_path).parent
    counts = ["--turns=1", "--utterances=20", "--short=5", "--scrapes=2"]
    arguments = [*counts, f"--bundle={models}", f"--corpus=massive:{tmp_path}/absent"]
    assert workers.main([*arguments, f"--json={tmp_path}/result.json"]) in {0, 1}
    figures = json.loads(tmp_path.joinpath("result.json").read_text())["figures"]
    assert figures.keys() >= workers.TARGETS.keys()
    assert figures["errors"] == 0
    assert "rate_ratio: not verified, found" in capsys.readouterr().out
