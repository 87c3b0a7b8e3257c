"""Recipes of transfer: what is frozen stays, what is stepped waits, and what is the same gives the same frames."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from polyparse.errors import ConfigError
from tests.train.corpus import examples
from tests.train.tiny import parts
from tests.train.training.test_fit import Interrupting
from tests.train.training.test_initialisation import QUIET, opened
from train.finished import parser_of
from train.models.maxent import MaxEntConfig
from train.plan import read_plan
from train.recipes import RECIPES
from train.recipes.transfer import stm_study
from train.training.fit import fit
from train.training.initialisation import source_of
from train.training.run import Parents, Texts
from train.training.trainer import Trainer, build_network, train_epochs
from train.training.transfer import RowNames, transfer

if TYPE_CHECKING:
    from polyparse.corpora.example import Example
    from train.checkpoint import Checkpoint
    from train.config import RunConfig

PLAN = read_plan(Path(__file__).parents[3] / "plans" / "transfer-small.toml")
STARTED = ("enctl", "encvlrtl", "encdectl")
UPDATES = 100
CLASSIFIER = MaxEntConfig(classes="domains", min_feature_count=1, l2=1e-4)
ALL = Texts(examples(), examples("dev"))


def tiny(config: RunConfig) -> RunConfig:
    """The config with small layers, and two epochs that have half of the updates each."""
    embedder = replace(config.joint.embedder, word_size=6, character_filters=2, min_word_count=1)
    joint = replace(
        config.joint, embedder=embedder, encoder=replace(config.joint.encoder, hidden_size=8), mlp_size=8
    )
    optim = replace(config.optim, epochs=2, min_steps=UPDATES // 2)
    return replace(config, classifier=CLASSIFIER, joint=joint, optim=optim)


def seldom() -> list[Example]:
    """Without an intent, and without a slot."""
    return [
        example
        for example in examples()
        if example.intent != "music_louder" and all(span.name != "place" for span in example.slots)
    ]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A finished run that has not seen all labels, with its words frozen."""
    config = tiny(stm_study())
    embedder = replace(config.joint.embedder, freeze_words=True)
    config = replace(config, joint=replace(config.joint, embedder=embedder))
    checkpoint = opened(tmp_path_factory.mktemp("source") / "run", config)
    fit(
        checkpoint,
        config,
        Texts(seldom(), seldom(), [one for one in ALL.train if one not in seldom()]),
        QUIET,
    )
    return checkpoint


def run_of(folder: Path, config: RunConfig, source: Checkpoint, texts: Texts = ALL) -> Checkpoint:
    checkpoint = opened(folder, config)
    fit(checkpoint, config, texts, QUIET, Parents(source))
    return checkpoint


@pytest.mark.parametrize("recipe", ["enctl", "encvlrtl"])
def test_after_a_hundred_updates_a_frozen_block_is_the_source_s_to_the_bit(
    recipe: str, source: Checkpoint, tmp_path: Path
) -> None:
    before = source.read("network-0")
    after = run_of(tmp_path / "run", tiny(RECIPES[recipe]()), source).read("network-0")
    encoder = [name for name in before if name.startswith("encoder.")]
    assert encoder
    assert all(after[name].equal(before[name]) for name in encoder)
    free = [name for name in before if name.startswith(("embedder.characters", "embedder.filters"))]
    assert free
    assert not any(after[name].equal(before[name]) for name in free)


@pytest.mark.parametrize(
    ("row", "stepped"),
    [("6-encvlrtl", ("embedder.words.",)), ("6b-encvlrtl", ("embedder.words.", "encoder."))],
)
def test_a_stepped_block_stays_until_its_first_rise_and_has_its_share_of_the_rate_from_then_on(
    row: str, stepped: tuple[str, ...], source: Checkpoint
) -> None:
    config = tiny(PLAN[row].config())
    config = replace(config, optim=replace(config.optim, warmup_share=0.0))
    task, tables = parts(config, examples())
    network = build_network(task, tables, config)
    transfer(network, RowNames(tables.vocabulary, task.labels), source_of(source), config.init)
    names = [name for name, _ in network.named_parameters() if name.startswith(stepped)]
    before = {name: network.get_parameter(name).detach().clone() for name in names}
    trainer = Trainer(network, task, config)
    moved, shares = [], []

    def look(done: int, of: int) -> None:
        assert trainer.network.encoder.training  # its dropout stays on where it is frozen
        progress = (trainer.epoch + done / of) / config.optim.epochs
        moved.append(
            (progress, [name for name in names if not network.get_parameter(name).equal(before[name])])
        )
        words = next(group for group in trainer.learner.optimiser.param_groups if group.get("ramp"))
        fresh = next(
            group for group in trainer.learner.optimiser.param_groups if group.get("rate", 1.0) == 1.0
        )
        shares.append((progress, words["lr"] / fresh["lr"] if fresh["lr"] else None))

    for _ in train_epochs(trainer, on_step=look):
        pass
    assert len(moved) >= UPDATES
    assert all((now == names) == (progress > 1 / 8) for progress, now in moved)
    assert all(not now for progress, now in moved if progress <= 1 / 8)
    for progress, share in shares[:-1]:  # the last update has no rate at all
        expected = next(
            of for begin, of in ((3 / 8, 0.5), (2 / 8, 0.25), (1 / 8, 0.125), (0.0, 0.0)) if progress > begin
        )
        assert share == pytest.approx(expected)


def test_the_same_labels_and_no_updates_give_the_source_s_frames(source: Checkpoint, tmp_path: Path) -> None:
    config = tiny(RECIPES["encdectl"]())
    still = replace(config, optim=replace(config.optim, learning_rate=0.0, epochs=1, min_steps=1))
    run = run_of(tmp_path / "run", still, source, Texts(seldom(), seldom()))
    utterances = [example.utterance for example in seldom()]
    expected = parser_of(source).parse(utterances)
    assert parser_of(run).parse(utterances) == expected
    assert any(frame.slots for frame in expected)


@pytest.mark.parametrize("expands", [True, False], ids=["expanded", "not expanded"])
def test_without_expansion_a_run_has_the_labels_of_its_source(
    expands: bool, source: Checkpoint, tmp_path: Path
) -> None:
    config = replace(tiny(RECIPES["encdectl"]()), expands_labels=expands)
    run = run_of(tmp_path / "run", config, source)
    known, new = source.labels(), {"music_louder", "place"}
    assert new.isdisjoint({*known.intents, *known.slots})
    labels = run.labels()
    assert new <= {*labels.intents, *labels.slots} if expands else labels == known
    withheld = [example for example in examples() if example not in seldom()]
    frames = parser_of(run).parse([example.utterance for example in withheld])
    names = {frame.intent.name for frame in frames if frame.intent} | {
        slot.name for frame in frames for slot in frame.slots
    }
    assert expands or new.isdisjoint(names)


def test_labels_that_are_not_expanded_have_their_scheme(source: Checkpoint, tmp_path: Path) -> None:
    config = replace(tiny(RECIPES["encdectl"]()), expands_labels=False, scheme="BIO")
    with pytest.raises(
        ConfigError, match="scheme: found BIO without expands_labels, expected the start's IO"
    ):
        run_of(tmp_path / "run", config, source)
    with pytest.raises(
        ConfigError, match="expands_labels: found False, expected True without a transfer plan"
    ):
        replace(config, init=())


@pytest.mark.parametrize(
    ("recipe", "expands"), [*((recipe, True) for recipe in STARTED), ("encdectl", False)]
)
def test_a_run_that_was_stopped_ends_as_an_uninterrupted_one(
    recipe: str, expands: bool, source: Checkpoint, tmp_path: Path
) -> None:
    config = tiny(RECIPES[recipe]())
    config = replace(config, expands_labels=expands, optim=replace(config.optim, min_steps=1))
    whole = run_of(tmp_path / "whole", config, source)
    stopped = opened(tmp_path / "stopped", config)
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, config, ALL, Interrupting("batch", 11), Parents(source))
    assert not stopped.complete
    fit(stopped, config, ALL, QUIET, Parents(source))
    first, second = whole.read("network-0"), stopped.read("network-0")
    assert first.keys() == second.keys()
    assert all(first[name].equal(second[name]) for name in first)
    assert whole.read("measures") == stopped.read("measures")


def test_the_plan_has_the_rows_of_the_study() -> None:
    starts = {name: (step.recipe, step.start) for name, step in PLAN.items()}
    sources = {name for name, (recipe, start) in starts.items() if start is None}
    alone = {f"{model}-{locale}" for model in "13" for locale in ("en", "es", "it", "hi")}
    together = {"2-maxent-crf", "3-hi-whole", "4-stm", "4-stm-hi-whole", "4-per-domain"}
    from_which = {"source-en", "source-en-it", "source-en-es", "source-en-withheld"}
    assert sources == alone | together | from_which
    assert {recipe for recipe, _ in starts.values()} == {"stm-study", "maxent-crf", "per-domain", *STARTED}
    for name in from_which:
        config = PLAN[name].config()
        assert config.joint.embedder.freeze_words
        assert bool(config.data.withheld.drawn_intents) == (name == "source-en-withheld")
    assert {name for name, (_, start) in starts.items() if start == "source-en-withheld"} == {
        "5w-enctl",
        "7w-encdectl",
        "7x-encdectl",
    }
    six, six_b = (PLAN[name].config() for name in ("6-encvlrtl", "6b-encvlrtl"))
    assert replace(six, optim=replace(six.optim, groups=six_b.optim.groups)) == six_b


def test_targets_read_all_locales_and_withheld_labels_are_withheld_from_the_source_alone() -> None:
    configs = {name: step.config() for name, step in PLAN.items() if step.start}
    for name, config in configs.items():
        assert config.data.withheld.drawn_intents == config.data.withheld.drawn_slots == 0
        assert config.data.locales.source == (("hi-IN",) if name == "3t-enctl" else ())
        assert config.expands_labels == (name != "7w-encdectl")
        assert config.optim.average_decay == 0.0
