"""Runs by languages: resumed to the same bytes, of texts without labels, refused where something would be left undone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from polyparse.errors import ConfigError
from polyparse.evaluation.evaluate import measure
from tests.model_export.checkpoints import started
from tests.train.corpus import examples
from tests.train.tiny import TINY
from train.finished import parser_of
from train.models.discriminator import DiscriminatorConfig, LanguagesConfig
from train.models.encoders.base import EncoderConfig
from train.progress import Progress
from train.training.fit import fit
from train.training.run import Parents, Texts

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.corpora.example import Example
    from train.checkpoint import Checkpoint
    from train.config import RunConfig

SOURCES, TARGET = ("en-US", "es-ES"), "hi-IN"
SHARED = EncoderConfig(hidden_size=6, layers=1, dropout=0.2)
CONFIG = replace(
    TINY,
    classifier=None,
    joint=replace(
        TINY.joint,
        embedder=replace(TINY.joint.embedder, word_size=12),
        encoder=EncoderConfig(
            kind="parallel",
            parts={"shared": SHARED, "private": replace(SHARED, kind="expert-bilstm", experts=2)},
        ),
        head="softmax",
        experts=2,
        mlp_size=8,
    ),
    optim=replace(TINY.optim, batch_size=4, epochs=3, patience=3, average_decay=0.0),
    languages=LanguagesConfig(discriminator=DiscriminatorConfig(filters=4, hidden_size=4)),
)


def row(*, experts: int, against: bool = True) -> RunConfig:
    """Like the rows of MAN-MoE, with so many experts (0 for no private encoder either)."""
    encoder = CONFIG.joint.encoder
    parts = {**encoder.parts, "private": replace(encoder.parts["private"], experts=max(1, experts))}
    encoder = replace(encoder, parts=parts) if experts else SHARED
    joint = replace(CONFIG.joint, encoder=encoder, experts=max(1, experts))
    return replace(CONFIG, joint=joint, languages=CONFIG.languages if against else LanguagesConfig())


ROWS = {
    "man-without-experts": row(experts=1),
    "moe-without-man": row(experts=2, against=False),
    "sources-only": row(experts=0, against=False),
}


def of(*locales: str) -> list[Example]:
    return [example for example in examples() if example.locale in locales]


def without_labels(given: list[Example]) -> list[Example]:
    return [replace(example, domain=None, intent=None, slots=()) for example in given]


TEXTS = Texts(of(*SOURCES), of(*SOURCES), unlabelled=without_labels(of(TARGET)))


def run(folder: Path, config: RunConfig = CONFIG, texts: Texts = TEXTS) -> Checkpoint:
    checkpoint = started(folder, config)
    fit(checkpoint, config, texts, Progress(quiet=True))
    return checkpoint


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return run(tmp_path_factory.mktemp("runs") / "whole")


def entries(checkpoint: Checkpoint, key: str) -> list[dict[str, Any]]:
    return [entry for entry in checkpoint.run_log.entries() if key in entry]


class Stopping(Progress):
    def close_epoch(self, line: dict[str, object]) -> None:
        if line["epoch"] == 1:
            raise InterruptedError


def resumed(folder: Path, config: RunConfig) -> Checkpoint:
    """A run that was stopped after its first epoch, and went on."""
    checkpoint = started(folder, config)
    with pytest.raises(InterruptedError), Stopping(quiet=True) as stopping:
        fit(checkpoint, config, TEXTS, stopping)
    fit(checkpoint, config, TEXTS, Progress(quiet=True))
    return checkpoint


def test_a_run_that_was_stopped_ends_in_the_same_networks(learnt: Checkpoint, tmp_path: Path) -> None:
    """The discriminator and its optimiser go on from where they were: to the bit, also in what they do to the network."""
    checkpoint = resumed(tmp_path / "run", CONFIG)
    expected = learnt.read("network-0")
    assert all(value.equal(expected[name]) for name, value in checkpoint.read("network-0").items())
    state, whole = (one.read("training-0")["opponent"]["module"] for one in (checkpoint, learnt))
    assert all(value.equal(whole[name]) for name, value in state.items())
    lines = [[entry["language_accuracy"] for entry in entries(one, "epoch")] for one in (checkpoint, learnt)]
    assert lines[0] == lines[1]


@pytest.mark.parametrize("name", ROWS)
def test_so_does_a_run_without_experts_or_without_a_discriminator(name: str, tmp_path: Path) -> None:
    expected = run(tmp_path / "whole", ROWS[name]).read("network-0")
    actual = resumed(tmp_path / "run", ROWS[name]).read("network-0")
    assert all(value.equal(expected[key]) for key, value in actual.items())


def test_words_of_the_target_are_known_and_its_frames_are_measured_though_it_chose_nothing(
    learnt: Checkpoint,
) -> None:
    words = learnt.tables().vocabulary.word_ids
    assert {"अलार्म", "alarm", "alarma"} <= set(words)
    assert {example.locale for example in learnt.dev()} == set(SOURCES)
    target = of(TARGET)
    frames = parser_of(learnt).parse([example.utterance for example in target])
    assert set(measure(target, frames)["locales"]) == {TARGET}


def test_what_each_gate_takes_of_each_source_is_logged_by_the_language_of_the_text(
    learnt: Checkpoint,
) -> None:
    (entry,) = entries(learnt, "gates")
    assert entry["of"] == list(SOURCES)
    assert set(entry["gates"]) == {"encoder.parts.private.mixture", "intent.mixture", "slots.mixture"}
    for means in entry["gates"].values():
        assert set(means) == {*SOURCES, TARGET}
        assert all(sum(weights) == pytest.approx(1.0, abs=1e-3) for weights in means.values())


def test_labels_of_the_target_have_no_part_in_a_run(learnt: Checkpoint, tmp_path: Path) -> None:
    """A run that was given them ends in the same bytes."""
    given = run(tmp_path / "run", texts=replace(TEXTS, unlabelled=of(TARGET)))
    expected = learnt.read("network-0")
    assert all(value.equal(expected[name]) for name, value in given.read("network-0").items())


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (
            replace(CONFIG, joint=replace(CONFIG.joint, experts=3)),
            r"joint.experts: found 3, expected 1 or 2, the number of source languages \(en-US, es-ES\)",
        ),
        (
            replace(
                CONFIG,
                joint=replace(
                    CONFIG.joint, encoder=EncoderConfig(kind="parallel", parts={"a": SHARED, "b": SHARED})
                ),
            ),
            "joint.encoder.parts: found a, b, expected shared among them",
        ),
        (replace(CONFIG, topology="per-domain", classifier=TINY.classifier), "topology: found 'per-domain'"),
        (replace(CONFIG, optim=replace(CONFIG.optim, min_steps=9)), "optim.min_steps: found 9, expected 1"),
        (
            replace(CONFIG, optim=replace(CONFIG.optim, epoch_steps=9)),
            "optim.epoch_steps: found 9, expected None",
        ),
        (replace(CONFIG, languages=None), "data.unlabelled: found locales, expected none without languages"),
    ],
)
def test_what_a_run_by_languages_would_leave_undone_is_refused(
    config: RunConfig, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=reason):
        run(tmp_path / "run", config)


def test_such_a_run_starts_from_no_other_one(learnt: Checkpoint, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--start: found True, expected False with languages"):
        fit(started(tmp_path / "run", CONFIG), CONFIG, TEXTS, Progress(quiet=True), Parents(start=learnt))
