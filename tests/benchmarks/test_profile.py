"""The profile charges each stage its own time and no other's, and finds every stage where it says it is."""

import json
from pathlib import Path
from pkgutil import resolve_name
from time import thread_time

import pytest

from benchmarks import profile
from benchmarks.profile import STAGES, Stopwatch, figures, watched
from polyparse.contract.frame import Utterance
from polyparse.runtime.load import load
from tests.benchmarks.massive import write_massive
from tests.bundles import GOLDEN, write_bundle

UTTERANCES = [Utterance(entry.text, entry.locale) for entry in GOLDEN]


def busy(seconds: float) -> None:
    """Compute for so long, in CPU time."""
    end_s = thread_time() + seconds
    while thread_time() < end_s:
        pass


def test_a_stage_is_not_charged_what_a_stage_inside_it_does() -> None:
    watch = Stopwatch()
    inner = watch.charge("inner", lambda: busy(0.02))
    outer = watch.charge("outer", lambda: (inner(), inner()))
    outer()
    assert watch.seconds["inner"] >= 0.04
    assert watch.seconds["outer"] < watch.seconds["inner"]


def test_a_stage_that_raises_is_charged_and_ends() -> None:
    watch = Stopwatch()
    failing = watch.charge("failing", lambda: next(iter(())))
    with pytest.raises(StopIteration):
        failing()
    watch.charge("next", lambda: busy(0.001))()
    assert set(watch.seconds) == {"failing", "next"}


def test_functions_are_as_before_once_they_are_no_longer_watched() -> None:
    before = [resolve_name(place) for place in STAGES.values()]
    with watched(STAGES):
        assert all(resolve_name(place) is not was for place, was in zip(STAGES.values(), before, strict=True))
    assert [resolve_name(place) for place in STAGES.values()] == before


def test_every_stage_of_a_real_parser_is_seen(tmp_path: Path) -> None:
    parser = load(write_bundle(tmp_path / "words" / "1"), device="cpu").parser
    actual = figures(parser, UTTERANCES, rounds=1)
    assert actual["utterances_per_s"] > 0 < actual["text_to_frame_p50_ms"]
    assert actual["alone_grouping_us"] == 0  # there is nothing to group
    assert all(actual[f"{kind}_{stage}_us"] > 0 for kind in ("batched", "mixed") for stage in STAGES)


def test_the_command_writes_its_figures(tmp_path: Path) -> None:
    write_bundle(tmp_path / "models" / "words" / "1")
    corpus = write_massive(tmp_path)
    out = tmp_path / "profile.json"
    bundle = str(tmp_path / "models" / "words" / "1")
    argv = ["--bundle", bundle, "--corpus", corpus, "--json", str(out), "--rounds", "1"]
    assert profile.main(argv) in (0, 1)
    assert set(profile.TARGETS) <= set(json.loads(out.read_bytes())["figures"])
