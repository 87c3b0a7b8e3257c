"""The check of a GPU: it says that there is none, and what it measures with is tried on the CPU against itself."""

import re
from pathlib import Path

import pytest
import torch

from benchmarks.check_gpu import __main__ as check
from benchmarks.check_gpu import speed
from benchmarks.check_gpu.driver import NoGpu
from benchmarks.check_gpu.serving import USED
from benchmarks.check_gpu.training import LOCALE, UTTERANCES, apart, small_corpus
from benchmarks.errors import MeasurementFailed
from polyparse.bundle import golden
from polyparse.bundle.store import Located
from polyparse.contract.frame import Utterance
from polyparse.runtime.load import load

ROOT = Path(__file__).parents[3]
MODELS = ROOT / "models" / "massive"
BUNDLE = MODELS / "1.8.0-viterbi"


def test_without_a_gpu_it_says_so_writes_nothing_and_does_not_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none() -> str:
        raise NoGpu("found no driver")

    monkeypatch.setattr(check, "card", none)
    assert check.main(["--json", str(tmp_path / "result.json")]) == 0
    assert capsys.readouterr().out == "not verified: no GPU: found no driver\n"
    assert not list(tmp_path.iterdir())


def test_both_heads_are_checked() -> None:
    heads = check.bundles(Located(BUNDLE, None))
    assert {head: path.name for head, path in heads.items()} == {
        "viterbi": "1.8.0-viterbi",
        "ain": "1.8.0-ain",
    }


def test_the_sections_fit_into_the_time_and_each_target_is_of_one() -> None:
    sections = check.of({}, MODELS, [Utterance("wake me", "en-US")], "massive:nowhere", {})
    assert sum(section.seconds for section in sections) <= check.BUDGET_S < 480
    assert check.TARGETS.keys() <= {section.name for section in sections}
    assert sections[-1].name == "lost"  # after it the device is lost


def test_a_stage_has_a_median_a_percentile_and_a_rate() -> None:
    parser = load(BUNDLE, device="cpu").parser
    utterances = [Utterance(each.text, each.locale) for each in golden.load(BUNDLE / "golden.jsonl")[:4]]
    found = speed.figures(parser, utterances, "cpu", seconds=0.0, batches=(1, 8))
    assert found.keys() == {
        f"{key}_cpu_{size}"
        for size in (1, 8)
        for key in ("score_p50_us", "score_p99_us", "decode_p50_us", "decode_p99_us", "per_s")
    }
    assert found["score_p50_us_cpu_8"] <= found["score_p99_us_cpu_8"]


def test_the_devices_memory_is_read_of_the_metrics() -> None:
    told = (
        '# TYPE polyparse_accelerator_memory_bytes gauge\npolyparse_accelerator_memory_bytes{kind="total"} 9.0\n'
        'polyparse_accelerator_memory_bytes{kind="used"} 1.5e+09\n'
    )
    found = USED.search(told)
    assert found is not None
    assert float(found[1]) == 1.5e9


def test_a_small_corpus_has_the_first_of_each_partition(tmp_path: Path) -> None:
    lines = [f'{{"id": {i}, "partition": "{p}"}}\n' for i in range(300) for p in ("train", "dev", "test")]
    (tmp_path / f"{LOCALE}.jsonl").write_text("".join(lines), encoding="utf-8")
    spec = small_corpus(tmp_path, tmp_path / "small")
    kept = Path(spec.partition(":")[2], f"{LOCALE}.jsonl").read_text(encoding="utf-8")
    assert {p: kept.count(f'"{p}"') for p in UTTERANCES} == UTTERANCES


def test_weights_are_as_far_apart_as_the_number_that_differs_most() -> None:
    one = {"a": torch.zeros(2, 2), "b": torch.ones(3)}
    other = {"a": torch.tensor([[0.0, 0.25], [0.0, 0.0]]), "b": torch.ones(3)}
    assert apart(one, other) == 0.25
    with pytest.raises(MeasurementFailed, match="found the weights"):
        apart(one, {"a": torch.zeros(2, 2)})
    with pytest.raises(MeasurementFailed, match="found the weights"):
        apart({}, {})


WHEELS = [
    line.split(" ")
    for line in ROOT.joinpath("requirements", "gpu-wheels.list").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def test_every_wheel_has_a_size_and_a_digest_the_largest_first() -> None:
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for _, _, digest in WHEELS)
    sizes = [int(size) for _, size, _ in WHEELS]
    assert sizes == sorted(sizes, reverse=True)


def test_the_wheels_are_those_that_the_pins_name() -> None:
    pins = dict(
        line.split("==")
        for line in ROOT.joinpath("requirements", "constraints.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    )
    listed = {
        name.replace("_", "-"): version for name, version, *_ in (file.split("-") for file, _, _ in WHEELS)
    }
    assert {"torch", "onnxruntime-gpu", "onnx", "rich", "numpy", "fastapi", "setuptools"} <= listed.keys()
    assert {name: pins[name] for name in listed if name in pins} == {
        name: version for name, version in listed.items() if name in pins
    }
