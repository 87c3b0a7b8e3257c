"""The line of a run says what its checkpoint says: config, locales, minutes, size, and measures over the served locales."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import ablation
from benchmarks.ablation_line import AblationLine, read
from benchmarks.ablation_run import Words, line_of
from benchmarks.corpus import LOCALES
from polyparse.errors import ConfigError
from tests.model_export.checkpoints import CONFIG, trained, untrained
from tests.train import corpus
from train import recipes
from train.checkpoint import Checkpoint
from train.models.maxent import MaxEntConfig

SHORT = replace(CONFIG, optim=replace(CONFIG.optim, epochs=2))
MEASURES = ("domain_accuracy", "intent_accuracy", "slot_f1", "exact_match")


@pytest.fixture(autouse=True)
def _tiny_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(recipes.RECIPES, CONFIG.recipe, lambda: CONFIG)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return trained(tmp_path_factory.mktemp("runs") / "short", SHORT)


def actual(checkpoint: Checkpoint) -> AblationLine:
    return line_of(checkpoint.folder, Words("fewer epochs"))


def log(checkpoint: Checkpoint) -> list[dict[str, object]]:
    lines = checkpoint.folder.joinpath("log.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_the_line_of_a_run(run: Checkpoint) -> None:
    line = line_of(run.folder, Words("fewer epochs"))
    assert (line.name, line.recipe, line.overrides) == ("short", "tiny", {"optim.epochs": 2})
    assert (line.epochs, line.locales_trained, line.git_commit) == (2, corpus.LOCALES, "0" * 40)
    mean = run.read("measures")["mean"]
    assert {key: getattr(line.dev, key) for key in MEASURES} == pytest.approx(
        {key: mean[key] for key in MEASURES}, abs=1e-6
    )


def test_the_network_alone_is_measured_at_its_best_epoch(run: Checkpoint) -> None:
    best = [entry["dev"] for entry in log(run) if entry.get("best")][-1]
    assert isinstance(best, dict)
    line = actual(run)
    assert line.network_alone is not None
    assert line.network_alone.exact_match == pytest.approx(best["exact_match"], abs=1e-6)


def test_minutes_are_those_of_all_epochs(run: Checkpoint, tmp_path: Path) -> None:
    copy = _copy(run, tmp_path)
    entries = [entry | {"seconds": 90.0} if "epoch" in entry else entry for entry in log(copy)]
    text = "".join(json.dumps(entry) + "\n" for entry in entries)
    copy.folder.joinpath("log.jsonl").write_text(text, encoding="utf-8")
    assert actual(copy).train_minutes == 3.0


def test_parameters_are_those_of_network_and_classifier(run: Checkpoint, tmp_path: Path) -> None:
    weights = run.find("network-0")
    classifier = run.classifier()
    assert weights is not None
    assert classifier is not None
    expected = sum(tensor.numel() for tensor in weights.values())
    assert (
        actual(run).parameters == expected + classifier.maxent.weights_VC.size + classifier.maxent.bias_C.size
    )


def test_only_served_locales_are_measured_whatever_was_trained_on(run: Checkpoint, tmp_path: Path) -> None:
    """The log's means are then over more than those, so that they say nothing of the network alone."""
    copy = _copy(run, tmp_path)
    measures = copy.read("measures")
    worse = dict.fromkeys(measures["mean"], 0.0)
    copy.save("measures", {"locales": {**measures["locales"], "ja-JP": worse}, "mean": worse})
    line = actual(copy)
    assert line.dev == actual(run).dev
    assert line.network_alone is None


def test_a_run_without_a_classifier_says_so(tmp_path: Path) -> None:
    config = replace(SHORT, classifier=None, joint=replace(SHORT.joint, mlp_size=8))
    line = actual(trained(tmp_path / "alone", config))
    assert line.overrides == {"classifier": None, "joint.mlp_size": 8, "optim.epochs": 2}
    assert line.dev == line.network_alone


def test_a_run_says_what_it_started_from(run: Checkpoint, tmp_path: Path) -> None:
    copy = _copy(run, tmp_path)
    copy.save("run", replace(run.run(), start="elsewhere", start_recipe="stm"))
    assert actual(copy).note == "started from a finished run of stm"
    assert line_of(copy.folder, Words("way", note="mine")).note == "mine"


def test_a_run_of_several_networks_has_no_network_alone(tmp_path: Path) -> None:
    config = replace(
        SHORT, topology="per-domain", routing="hard", classifier=replace(_classifier(), classes="domains")
    )
    assert actual(trained(tmp_path / "apart", config)).network_alone is None


def test_a_run_that_has_not_ended_is_refused(run: Checkpoint, tmp_path: Path) -> None:
    copy = _copy(run, tmp_path)
    copy.folder.joinpath("measures.json").unlink()
    with pytest.raises(ConfigError, match="found a run that has not ended"):
        actual(copy)


def test_a_run_measured_on_too_few_locales_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"found no measures of {', '.join(LOCALES)}"):
        actual(untrained(tmp_path / "random", SHORT))


def test_an_unknown_recipe_is_refused(run: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(recipes.RECIPES, "tiny")
    with pytest.raises(ConfigError, match="recipe: found 'tiny', expected one of stm"):
        actual(run)


def test_a_run_is_added_by_the_command(run: Checkpoint, tmp_path: Path) -> None:
    file = tmp_path / "ablation.jsonl"
    requested = ["--file", str(file), "--add", str(run.folder)]
    assert ablation.main([*requested, "--way", "plain"]) == 0
    assert ablation.main([*requested, "--way", "again", "--name", "again", "--against", "short"]) == 0
    assert [(line.name, line.against) for line in read(file)] == [("short", None), ("again", "short")]


def _copy(checkpoint: Checkpoint, tmp_path: Path) -> Checkpoint:
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in checkpoint.folder.iterdir():
        copy.joinpath(path.name).write_bytes(path.read_bytes())
    return Checkpoint(copy)


def _classifier() -> MaxEntConfig:
    assert CONFIG.classifier is not None
    return CONFIG.classifier
