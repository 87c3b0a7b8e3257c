"""Recipes: each is whole, survives being written and read, and is what its name says."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from polyparse.cli.main import main
from polyparse.schema import structure, unstructure
from train.config import RunConfig
from train.models.discriminator import LanguagesConfig
from train.recipes import RECIPES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_bears_its_name_and_comes_back_from_json(name: str) -> None:
    config = RECIPES[name]()
    assert config.recipe == name
    assert structure(RunConfig, unstructure(config), where=name) == config


def test_the_baseline_takes_intents_from_the_maxent_alone_and_slots_from_a_crf_over_features() -> None:
    config = RECIPES["maxent-crf"]()
    assert config.joint_weight == 0.0
    assert config.classifier is not None
    assert config.classifier.classes == "intents"
    assert config.token_crf is not None


def test_the_document_has_the_table_of_all_recipes(capsys: pytest.CaptureFixture[str]) -> None:
    plan = f"--plan={ROOT / 'plans' / 'massive-student.toml'}"
    assert main(["train", "--table", plan]) == 0
    table = capsys.readouterr().out
    assert table in ROOT.joinpath("docs", "recipes.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in table for name in RECIPES)


def test_no_recipe_reads_outside_vectors_but_those_that_are_named_after_them() -> None:
    reading = [name for name, recipe in RECIPES.items() if recipe().joint.embedder.outside_size]
    assert reading == ["teacher-outside", "teacher-pretrained", "student-outside", "second-pretrained"]


@pytest.mark.parametrize(("name", "kind"), [("word-cnn", "cnn"), ("word-linear", "linear")])
def test_the_word_encoders_of_ain_see_no_characters(name: str, kind: str) -> None:
    joint = RECIPES[name]().joint
    assert (joint.encoder.kind, joint.encoder.layers, joint.encoder.hidden_size) == (kind, 1, 512)
    assert joint.embedder.character_filters == 0


def test_the_rows_of_man_moe_differ_from_it_in_what_they_are_named_after() -> None:
    whole = RECIPES["man-moe"]()
    parts = whole.joint.encoder.parts
    assert (whole.joint.experts, parts["private"].experts) == (3, 3)
    assert whole.languages is not None
    assert whole.languages.discriminator is not None
    single = replace(parts["private"], experts=1)
    encoder = replace(whole.joint.encoder, parts={"shared": parts["shared"], "private": single})
    without_experts = replace(whole.joint, encoder=encoder, experts=1)
    alone = replace(whole.joint, encoder=parts["shared"], experts=1, mlp_size=100)
    expected = {
        "man-without-experts": replace(whole, joint=without_experts),
        "moe-without-man": replace(whole, languages=LanguagesConfig()),
        "sources-only": replace(whole, joint=alone, languages=LanguagesConfig()),
    }
    assert {name: replace(RECIPES[name](), recipe="man-moe") for name in expected} == expected


TAGGERS = [*product(("bilstm", "cnn", "words"), ("softmax", "crf", "ain", "ain-f2o"))]


@pytest.mark.parametrize(("encoder", "head"), TAGGERS)
def test_a_tagger_is_one_of_ains_cells(encoder: str, head: str) -> None:
    """Emissions are linear in what the encoder gives, potentials start from N(0, 1), and intents have no part."""
    config = RECIPES[f"{encoder}-{head}"]()
    kinds = {"bilstm": "bilstm", "cnn": "projected-cnn", "words": "identity"}
    assert (config.joint.encoder.kind, config.joint.head) == (kinds[encoder], head)
    assert (config.joint.mlp_size, config.joint.start_spread) == (0, 1.0)
    assert config.slots_only
    assert config.select == "slot_f1"
    assert bool(config.joint.embedder.character_filters) == (encoder == "bilstm")


@pytest.mark.parametrize("encoder", ["bilstm", "cnn", "words"])
def test_the_papers_tagger_is_trained_by_sgd_whose_rate_is_halved(encoder: str) -> None:
    optim = RECIPES[f"{encoder}-paper"]().optim
    assert (optim.optimiser, optim.schedule, optim.halve_after) == ("sgd", "halving", 10)
    assert (optim.learning_rate, optim.batch_size, optim.epochs) == (0.1, 32, 300)


@pytest.mark.parametrize("name", ["t-none", "t-a", "t-b", "t-c"])
def test_transfer_by_tasks_differs_in_what_is_shared_alone(name: str) -> None:
    """The rows of the table of Yang et al. 2017; sizes and updates are the same for all."""
    config, alone = RECIPES[name](), RECIPES["t-none"]()
    assert replace(config, recipe="t-none", sharing=alone.sharing) == alone
    shared = {part for part in PARTS if config.sharing.shares(part)} if name != "t-none" else set()
    expected = {"t-none": 0, "t-c": 2, "t-b": 4, "t-a": 6}[name]
    assert shared == set(PARTS[:expected])
    assert (config.sharing.slot_map is not None) == (name == "t-a")


PARTS = ("embedder.characters", "embedder.character_gru", "embedder.words", "encoder", "slots", "head")


def test_transfer_by_tasks_has_the_numbers_of_its_small_profile() -> None:
    config = RECIPES["t-none"]()
    embedder, encoder, optim = config.joint.embedder, config.joint.encoder, config.optim
    assert (embedder.character_size, embedder.word_size, embedder.character_gru) == (25, 50, 30)
    assert (encoder.kind, encoder.layers, encoder.hidden_size) == ("bigru", 2, 100)
    assert (optim.optimiser, optim.learning_rate, optim.batch_size) == ("adagrad", 0.02, 16)
    assert (optim.epoch_steps, optim.epochs, optim.patience) == (250, 10, 5)
    joint = config.joint
    dropouts = (joint.embedding_dropout, joint.mlp_dropout, embedder.word_dropout, encoder.dropout)
    assert (joint.head, joint.mlp_size, *dropouts) == ("margin-crf", 0, 0.0, 0.0, 0.0, 0.0)
