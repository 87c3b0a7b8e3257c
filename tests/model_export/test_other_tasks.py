"""Tasks that are learnt together: trained, exported each by itself, and served.

One run has tasks with other labels on one encoder; the other has tasks by locale, each with an encoder of its own beside
the one that they share.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from polyparse.bundle import golden
from polyparse.bundle.golden import Golden
from polyparse.contract.frame import Utterance
from polyparse.errors import ConfigError
from polyparse.evaluation.evaluate import measure
from polyparse.runtime.load import load
from tests.model_export.checkpoints import CONFIG, export, started
from tests.train import corpus
from train.checkpoint import Checkpoint
from train.finished import parser_of
from train.models.encoders.base import EncoderConfig
from train.models.sharing import SharingConfig
from train.progress import Progress
from train.training.fit import fit
from train.training.run import OtherTask, Parents, Texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import torch

    from polyparse.corpora.example import Example
    from train.config import RunConfig

LINEAR = EncoderConfig(kind="linear", hidden_size=16, layers=1, dropout=0.0)
GRU = replace(LINEAR, kind="bigru", hidden_size=6)
BY_DOMAIN = replace(CONFIG, sharing=SharingConfig(weights={"music": 0.5}))
BY_LOCALE = replace(
    CONFIG,
    joint=replace(
        CONFIG.joint,
        embedder=replace(CONFIG.joint.embedder, character_gru=3),
        encoder=EncoderConfig(kind="parallel", parts={"shared": LINEAR, "private": GRU}),
    ),
    optim=replace(CONFIG.optim, epochs=10),
    sharing=SharingConfig(parts=("embedder", "encoder.parts.shared", "intent", "slots", "head")),
)


class Learnt(NamedTuple):
    """The checkpoints of the run's own task and of the other one."""

    own: Checkpoint
    other: Checkpoint


def texts(chosen: Callable[[Example], bool]) -> Texts:
    """Dev is what the test partition has, too, for dev has no music."""
    train = [example for example in corpus.examples() if chosen(example)]
    dev = [*corpus.examples("dev"), *corpus.examples("test")]
    return Texts(train, [example for example in dev if chosen(example)])


def learnt(folder: Path, config: RunConfig, own: Texts, name: str, other: Texts) -> Learnt:
    checkpoint = started(folder, config)
    task = OtherTask(name, f"massive:{name}", other, Checkpoint(folder / "also" / name))
    with Progress(quiet=True) as progress:
        fit(checkpoint, config, replace(own, others=[task]), progress)
    return Learnt(checkpoint, task.checkpoint)


@pytest.fixture(scope="module")
def by_domain(tmp_path_factory: pytest.TempPathFactory) -> Learnt:
    own, other = texts(lambda one: one.domain != "music"), texts(lambda one: one.domain == "music")
    return learnt(tmp_path_factory.mktemp("by") / "domain", BY_DOMAIN, own, "music", other)


@pytest.fixture(scope="module")
def by_locale(tmp_path_factory: pytest.TempPathFactory) -> Learnt:
    own, other = texts(lambda one: one.locale == "en-US"), texts(lambda one: one.locale == "es-ES")
    return learnt(tmp_path_factory.mktemp("by") / "locale", BY_LOCALE, own, "spanish", other)


def weights(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    read: dict[str, torch.Tensor] = checkpoint.read("network-0")
    return read


def alike(one: Learnt) -> set[str]:
    """The names of the weights that both networks have to the bit."""
    own, other = weights(one.own), weights(one.other)
    return {name for name in own if name in other and own[name].equal(other[name])}


def check_served(checkpoint: Checkpoint, out: Path) -> None:
    """The bundle answers what the checkpoint does: all intents right, and most slots."""
    export(checkpoint, out, precision="float32")
    bundle = load(out, device="cpu")
    bundle.check_golden()
    dev = checkpoint.dev()
    utterances = [Utterance(example.text, example.locale) for example in dev]
    frames, expected = bundle.parser.parse(utterances), parser_of(checkpoint).parse(utterances)
    for frame, twin in zip(frames, expected, strict=True):  # confidences differ: the bundle's are calibrated
        assert golden.agree(Golden.of(twin), frame, within=1.0)
    mean = measure(dev, frames)["mean"]
    assert mean["intent_accuracy"] == 1.0
    assert mean["slot_f1"] > 0.7


def test_tasks_with_other_labels_share_an_encoder_and_have_decoders_of_their_own(by_domain: Learnt) -> None:
    own, other = (each.labels() for each in by_domain)
    assert not set(own.intents) & set(other.intents)
    shared = {name for name in weights(by_domain.own) if name.startswith(("embedder.", "encoder."))}
    assert alike(by_domain) >= shared
    assert weights(by_domain.other)["intent.output.bias"].shape == (len(other.intents),)


def test_tasks_by_locale_share_all_but_an_encoder_beside_the_common_one(by_locale: Learnt) -> None:
    private = {name for name in weights(by_locale.own) if name.startswith("encoder.parts.private.")}
    assert private
    assert alike(by_locale) == set(weights(by_locale.own)) - private


@pytest.mark.parametrize("task", Learnt._fields)
@pytest.mark.parametrize("run", ["by_domain", "by_locale"])
def test_each_task_is_served_from_a_bundle_of_its_own(
    run: str, task: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    check_served(getattr(request.getfixturevalue(run), task), tmp_path / "1")


def test_a_run_that_was_stopped_learns_the_same_of_all_tasks(by_domain: Learnt, tmp_path: Path) -> None:
    class StoppedError(Exception):
        pass

    class Stopping(Progress):
        def close_epoch(self, line: dict[str, object]) -> None:
            if line["epoch"] == 3:
                raise StoppedError

    own, other = texts(lambda one: one.domain != "music"), texts(lambda one: one.domain == "music")
    checkpoint = started(tmp_path / "run", BY_DOMAIN)
    task = OtherTask("music", "massive:music", other, Checkpoint(tmp_path / "music"))
    both = replace(own, others=[task])
    with pytest.raises(StoppedError), Stopping(quiet=True) as stopping:
        fit(checkpoint, BY_DOMAIN, both, stopping)
    with Progress(quiet=True) as progress:
        fit(checkpoint, BY_DOMAIN, both, progress)
    for resumed, whole in zip((checkpoint, task.checkpoint), by_domain, strict=True):
        expected = weights(whole)
        assert all(value.equal(expected[name]) for name, value in weights(resumed).items())


def test_what_would_be_left_undone_for_other_tasks_is_refused(by_domain: Learnt, tmp_path: Path) -> None:
    own = texts(lambda one: one.domain != "music")
    task = OtherTask("music", "massive:music", own, Checkpoint(tmp_path / "music"))
    both = replace(own, others=[task])
    with Progress(quiet=True) as progress:
        for config, reason in (
            (replace(CONFIG, folds=3), "folds: found 3, expected 0 with other tasks"),
            (replace(CONFIG, topology="per-domain"), "topology: found 'per-domain', expected 'shared'"),
            (
                replace(CONFIG, sharing=SharingConfig(weights={"x": 1.0})),
                "sharing.weights: found x, expected some of music",
            ),
        ):
            with pytest.raises(ConfigError, match=reason):
                fit(Checkpoint(tmp_path / "run"), config, both, progress)
        with pytest.raises(ConfigError, match="--start: found True, expected False with other tasks"):
            fit(Checkpoint(tmp_path / "run"), CONFIG, both, progress, Parents(start=by_domain.own))


def test_a_weight_is_more_than_nothing() -> None:
    with pytest.raises(ConfigError, match=r"weights.a: found 0.0, expected more than 0"):
        SharingConfig(weights={"a": 0.0})
