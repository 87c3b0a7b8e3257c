"""The benchmark takes two versions of a model, and an even number of swaps."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.errors import MeasurementFailed
from benchmarks.swap import __main__ as swap
from benchmarks.swap import peer, service
from benchmarks.swap.load import Plan
from benchmarks.swap.service import copied
from benchmarks.swap.timeline import Models
from polyparse.bundle import store
from polyparse.cli import models
from tests.bundles import write_bundle

PLAN = Plan(swaps=2, rollbacks=1, share=0.5, arrivals="poisson", capacity_s=1, baseline_s=1, quiet_s=1)


def test_an_odd_number_of_swaps_is_refused_for_the_part_that_has_it() -> None:
    swap.check({swap.OURS: PLAN, swap.LARGE: PLAN})
    with pytest.raises(MeasurementFailed, match="swaps_200mb: found 3"):
        swap.check({swap.OURS: PLAN, swap.LARGE: replace(PLAN, swaps=3)})


class TestCopied:
    def test_the_version_that_serves_is_the_first_and_another_one_the_second(self, tmp_path: Path) -> None:
        model = tmp_path / "models" / "words"
        for version in ("1", "2"):
            write_bundle(model / version)
        assert models.main(["promote", "words", "2", "--models", str(model.parent)]) == 0
        made = copied(model.parent, tmp_path / "copy")
        assert (made.name, made.first, made.second) == ("words", "2", "1")
        assert (made.other("1"), made.other("2")) == ("2", "1")
        for version in ("1", "2"):
            store.verify(tmp_path / "copy" / "words" / version)

    def test_one_version_alone_cannot_be_swapped(self, tmp_path: Path) -> None:
        write_bundle(tmp_path / "models" / "words" / "1")
        with pytest.raises(MeasurementFailed, match="found 1 alone, expected another version"):
            copied(tmp_path / "models", tmp_path / "copy")


def test_each_part_gives_its_figures_under_keys_of_its_own_and_a_peer_that_is_not_there_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("1", "2"):
        write_bundle(tmp_path / "models" / "words" / version)
    assert models.main(["promote", "words", "1", "--models", str(tmp_path / "models")]) == 0
    seen: list[str] = []

    def measured(made: Models, requests: Sequence[bytes], plan: Plan) -> dict[str, float]:
        del requests, plan
        seen.append(made.first)
        return dict.fromkeys(swap.TARGETS[swap.OURS], float(len(seen)))

    large = Models(tmp_path, "words", "1-large", "2-large")
    monkeypatch.setattr(service, "measure", measured)
    monkeypatch.setattr(service, "enlarged", lambda *_, **__: large)
    monkeypatch.setattr(peer, "installed", lambda _: None)
    plans = {swap.OURS: PLAN, swap.LARGE: PLAN, swap.PEER: PLAN}
    result = swap.measure(tmp_path / "models", "massive:", plans, runs=3, work=tmp_path)
    assert seen == ["1", "1-large"] * 3
    assert result.figures["failed"] == 1 + 3 + 5
    assert (result.figures["max_ms"], result.figures["max_ms_200mb"]) == (3.0, 4.0)
    assert result.targets.keys() == {*swap.TARGETS[swap.OURS], "failed_200mb", "p99_ratio_200mb"}
    assert not result.passed
