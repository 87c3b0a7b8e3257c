"""Recipes: each is whole, survives being written and read, and is what its name says."""

from __future__ import annotations

import pytest

from polyparse.schema import structure, unstructure
from train.config import RunConfig
from train.recipes import RECIPES


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_bears_its_name_and_comes_back_from_json(name: str) -> None:
    config = RECIPES[name]()
    assert config.recipe == name
    assert structure(RunConfig, unstructure(config), where=name) == config


@pytest.mark.parametrize(("name", "kind"), [("word-cnn", "cnn"), ("word-linear", "linear")])
def test_the_word_encoders_of_ain_see_no_characters(name: str, kind: str) -> None:
    joint = RECIPES[name]().joint
    assert (joint.encoder.kind, joint.encoder.layers, joint.encoder.hidden_size) == (kind, 1, 512)
    assert joint.embedder.character_filters == 0
