"""How much processor time training took: each run once; unknown where a run is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from model_export.bundle import training_time
from tests.model_export.checkpoints import CONFIG, export, started, untrained
from tests.train.timed import timed

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import Checkpoint


def ran(folder: Path, seconds: float, **changes: object) -> Checkpoint:
    """A run that took so long."""
    return timed(started(folder, CONFIG), seconds, **changes)


def test_a_run_without_a_log_has_no_time(tmp_path: Path) -> None:
    checkpoint = started(tmp_path / "run", CONFIG)
    assert training_time.minutes(checkpoint) is None
    assert training_time.in_words(checkpoint) == "training time: not known, for the run has no log of it"


@pytest.mark.parametrize(
    ("threads", "minutes", "seconds"), [(None, 1.5, "90"), (1, 1.5, "90"), (20, 30.0, "1,800")]
)
def test_wall_clock_counts_for_each_thread(
    threads: int | None, minutes: float, seconds: str, tmp_path: Path
) -> None:
    checkpoint = ran(tmp_path / "run", 90.0, threads=threads)
    assert training_time.minutes(checkpoint) == minutes
    assert training_time.in_words(checkpoint) == f"training time: at most {seconds} CPU seconds"


def test_processor_time_counts_where_it_was_logged(tmp_path: Path) -> None:
    checkpoint = ran(tmp_path / "run", 90.0, threads=2)
    checkpoint.log({"epoch": 2, "seconds": 60.0, "cpu_seconds": 20.0})
    assert training_time.in_words(checkpoint) == "training time: at most 200 CPU seconds"


def test_the_runs_that_it_builds_on_count_too(tmp_path: Path) -> None:
    checkpoint = ran(tmp_path / "run", 90.0, parent_seconds={"/a": 60.0, "/b": 33.0})
    assert training_time.minutes(checkpoint) == 3.0  # 183 s, rounded
    assert training_time.in_words(checkpoint) == (
        "training time: at most 183 CPU seconds, 90 of them after the 2 runs that it builds on"
    )


def test_a_sum_without_a_run_that_is_gone_is_not_given(tmp_path: Path) -> None:
    checkpoint = ran(tmp_path / "run", 90.0, start=str(tmp_path / "gone"))
    assert training_time.minutes(checkpoint) is None
    assert training_time.in_words(checkpoint).startswith("training time: at most 90 CPU seconds, without")
    assert training_time.in_words(checkpoint).endswith("of which one is no longer there")


def test_manifest_and_card_of_a_bundle_have_it(tmp_path: Path) -> None:
    checkpoint = untrained(tmp_path / "run", CONFIG)
    checkpoint.log({"epoch": 1, "seconds": 120.0})
    described = export(checkpoint, tmp_path / "1", precision="float32")
    assert described.provenance.training_minutes == 2.0
    card = (tmp_path / "1" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"- {training_time.in_words(checkpoint)}\n" in card
