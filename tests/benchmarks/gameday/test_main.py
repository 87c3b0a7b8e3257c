"""Two faults from end to end: real processes, callers and Prometheus see a bad promote, and models that are gone."""

from pathlib import Path

import pytest

from benchmarks.gameday.__main__ import FAULTS, TARGETS, main, measure
from polyparse.bundle import release
from tests.bundles import write_bundle


def test_there_are_ten_faults_and_all_must_be_seen() -> None:
    assert len(FAULTS) == TARGETS["seen"].bound == 10


@pytest.mark.needs_tools("prometheus")
def test_a_bad_promote_and_lost_models_are_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "models" / "words"
    write_bundle(model / "1")
    release.promote(model, "1", release.Edit(release.decide_on(model), "ann", "2026-01-01T12:00:00+00:00"))
    result = measure(model.parent, [FAULTS["bad_promote"], FAULTS["lost_repository"]], scale=0.005)
    report = capsys.readouterr().out
    assert result.passed, report
    assert result.figures.keys() == {"seen", "fired_s_bad_promote", "fired_s_lost_repository"}
    assert "names version=damaged" in report
    assert "names instance=sick" in report


def test_without_prometheus_nothing_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["--faults", "bad_promote"]) == 2
    assert "refused: found no prometheus on PATH" in capsys.readouterr().err


def test_a_fault_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--faults", "flood"])
    assert "stalled_loop" in capsys.readouterr().err
