"""Data options: what is held out, which locales, intents and ids are learnt, which labels are withheld from whom."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from polyparse.corpora.example import Example, TextSpan
from polyparse.corpora.selection.config import DataConfig
from polyparse.corpora.selection.select import Selection, ranked, select
from polyparse.errors import ConfigError
from polyparse.schema import override, structure

if TYPE_CHECKING:
    from collections.abc import Iterable

LOCALES = ("en-US", "es-ES", "hi-IN")
INTENTS = ("play", "stop", "wake", "rain")
PATH = Path("corpus")


def corpus(n_ids: int = 100, partition: str = "train") -> list[Example]:
    """Parallel utterances; number i has intent i % 4, and every tenth a slot besides that of its intent."""
    return [
        Example(
            f"{partition} {number}",
            "one two",
            locale,
            partition,
            "home",
            intent := INTENTS[number % 4],
            (TextSpan(f"of_{intent}", 0, 3), *((TextSpan("tenth", 4, 7),) if number % 10 == 0 else ())),
        )
        for locale in LOCALES
        for number in range(n_ids)
    ]


TRAIN, DEV = corpus(), corpus(20, "dev")


def selected(*settings: str, train: list[Example] = TRAIN) -> Selection:
    return select(train, DEV, override(DataConfig(), settings), path=PATH)


def ids(examples: Iterable[Example], locale: str = "en-US") -> set[str]:
    return {example.id for example in examples if example.locale == locale}


def test_without_options_a_corpus_is_taken_as_it_is() -> None:
    assert selected() == (TRAIN, DEV, frozenset(), TRAIN, [])


def test_a_tenth_is_held_out_by_id_and_dev_chooses_nothing() -> None:
    fit, held, left_out, *_ = selected("choose_on=held")
    assert len(ids(held)) == 10
    assert ids(fit) | ids(held) == ids(TRAIN)
    assert left_out == ids(held)
    assert all(ids(held, locale) == ids(held) for locale in LOCALES), "translations stay together"
    assert ids(selected("choose_on=held", train=TRAIN[::-1]).dev) == ids(held), "order says nothing"


def test_subsets_are_nested_whatever_their_size_says() -> None:
    sizes = ("5", "20", "0.4", "77", "1.0")
    subsets = [selected(f"subset.size={size}").train for size in sizes]
    assert [len(ids(subset)) for subset in subsets] == [5, 20, 40, 77, 100]
    assert all(ids(small) < ids(large) for small, large in pairwise(subsets))
    assert all(ids(subset, "hi-IN") == ids(subset) for subset in subsets)
    assert subsets[1] == [example for example in TRAIN if example.id in ids(subsets[1])], "in order"


def test_a_locale_may_have_a_smaller_subset_which_is_in_that_of_the_others() -> None:
    train = selected("subset.size=40", "subset.sizes.hi-IN=0.1").train
    assert [len(ids(train, locale)) for locale in LOCALES] == [40, 40, 10]
    assert ids(train, "hi-IN") < ids(train)


def test_a_subset_of_each_intent_has_as_many_of_each_and_is_nested() -> None:
    small, large = (
        selected("subset.of_each_intent=true", f"subset.size={size}", 'intents=["play", "rain"]').train
        for size in (3, 11)
    )
    for intent in ("play", "rain"):
        of_intent = [example for example in small if example.intent == intent]
        assert len(ids(of_intent)) == 3
        assert ids(of_intent) < ids(large)
    assert {example.intent for example in small} == {"play", "rain"}


def test_another_seed_is_another_subset() -> None:
    assert ids(selected("subset.size=20").train) != ids(selected("subset.size=20", "subset.seed=1").train)


def test_subsets_do_not_lean_on_what_is_held_out() -> None:
    """By one and the same hash, no subset would have what the cut has taken, and the first ids would be those beside it."""
    held = ids(selected("choose_on=held").dev)
    by_rank = ranked(ids(TRAIN), "subset 0")
    assert 0 < len(held & set(by_rank[:50])) < len(held)


def test_locales_have_roles() -> None:
    train, dev, left_out, *_ = selected('locales.source=["en-US"]', 'locales.evaluation=["hi-IN", "es-ES"]')
    assert {example.locale for example in train} == {"en-US"}
    assert {example.locale for example in dev} == {"hi-IN", "es-ES"}
    assert not left_out, "their translations may align words"
    _, dev, *_ = selected('locales.source=["en-US"]', 'locales.target=["hi-IN"]')
    assert {example.locale for example in dev} == {"en-US", "hi-IN"}


def test_of_unlabelled_locales_texts_are_read_of_ids_that_nobody_learns_or_chooses_by() -> None:
    selection = selected("choose_on=held", "subset.size=0.5", 'unlabelled.locales=["hi-IN"]')
    assert {example.locale for example in selection.train} == {"en-US", "es-ES"}
    assert {example.locale for example in selection.dev} == {"en-US", "es-ES"}
    texts = ids(selection.unlabelled, "hi-IN")
    assert len(texts) == len(selection.unlabelled) == 45, "the other half of what is not held out"
    assert not texts & (ids(selection.train) | ids(selection.dev))
    assert all(one.intent is one.domain is None and one.slots == () for one in selection.unlabelled)
    fewer = selected(
        "choose_on=held", "subset.size=0.5", 'unlabelled.locales=["hi-IN"]', "unlabelled.size=20"
    )
    assert len(ids(fewer.unlabelled, "hi-IN")) == 20
    assert ids(fewer.unlabelled, "hi-IN") < texts
    assert fewer.train == selection.train


def test_labels_are_withheld_from_the_role_and_from_no_other() -> None:
    train = selected(
        'locales.source=["en-US", "es-ES"]',
        'locales.target=["hi-IN"]',
        'withheld.intents=["stop"]',
        'withheld.slots=["tenth"]',
    ).train
    rest = {one.id for one in TRAIN if one.intent != "stop" and len(one.slots) == 1}
    assert ids(train, "en-US") == ids(train, "es-ES") == rest
    assert ids(train, "hi-IN") == ids(TRAIN)


def test_labels_are_drawn_among_those_that_are_neither_rare_nor_frequent() -> None:
    """Each intent has 25 utterances, translations counted once; one slot has 10."""

    def gone(*settings: str) -> set[str]:
        left = {str(example.intent) for example in selected(*settings).train}
        return {*INTENTS} - left

    bounds = ("withheld.fewest=25", "withheld.most=25", "withheld.drawn_intents=2")
    assert len(gone(*bounds)) == 2
    assert gone(*bounds) == gone(*bounds, "subset.size=60"), "which ones says the corpus, not the subset"
    assert len({frozenset(gone(*bounds, f"withheld.seed={seed}")) for seed in range(9)}) > 2
    named = 'withheld.intents=["stop"]'
    assert len(gone(*bounds, named)) == 3
    train = selected("withheld.fewest=5", "withheld.most=20", "withheld.drawn_slots=1").train
    assert ids(train) == {example.id for example in TRAIN if len(example.slots) == 1}


def test_translations_of_what_is_not_to_be_known_are_left_out() -> None:
    selection = selected("choose_on=held", "subset.size=30", 'withheld.intents=["stop"]')
    assert ids(selection.translations(TRAIN)) == ids(selection.train)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            ['locales.source=["fr-FR"]'],
            "data.locales.source: found 'fr-FR', expected some of en-US, es-ES, hi-IN",
        ),
        (['locales.target=["x"]'], "data.locales.target: found 'x', expected some of en-US"),
        (['locales.evaluation=["x"]'], "data.locales.evaluation: found 'x', expected some of en-US"),
        (["subset.sizes.fr-FR=3"], "data.subset.sizes: found 'fr-FR', expected some of en-US"),
        (['intents=["sing"]'], "data.intents: found 'sing', expected some of play, rain, stop, wake"),
        (['withheld.intents=["sing"]'], "data.withheld.intents: found 'sing', expected some of play, rain"),
        (['withheld.slots=["song"]'], "data.withheld.slots: found 'song', expected some of of_play"),
        (['unlabelled.locales=["x"]'], "data.unlabelled.locales: found 'x', expected some of en-US"),
        (
            ['locales.source=["hi-IN"]', 'unlabelled.locales=["hi-IN"]'],
            "data.unlabelled.locales: found hi-IN, expected none that is learnt from",
        ),
        (['unlabelled.locales=["hi-IN"]'], "data.unlabelled: found no id of hi-IN that no utterance learnt"),
        (
            ['unlabelled.locales=["hi-IN"]', "unlabelled.size=91", "subset.size=10"],
            "data.unlabelled: found 91 ids of hi-IN, expected at most 90",
        ),
        (["subset.size=101"], "data.subset: found 101 ids of en-US, expected at most 100"),
        (
            ["subset.size=26", "subset.of_each_intent=true"],
            "data.subset: found 26 ids of play in en-US, expected at most 25",
        ),
        (
            ["withheld.fewest=20", "withheld.drawn_intents=5"],
            "withheld.drawn_intents: found 5, expected at most 4, the intents that 20 to 400 training",
        ),
        (
            ['withheld.intents=["stop"]', "withheld.role=target"],
            "data.withheld.role: found 'target', expected a role that has locales",
        ),
        (['withheld.intents=["play", "stop", "wake", "rain"]'], "data: found no utterance of corpus left"),
    ],
)
def test_what_the_corpus_does_not_have_is_refused(settings: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        selected(*settings)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"choose_on": "test"}, "choose_on: found 'test', expected one of 'dev', 'held'"),
        ({"subset": {"size": 0}}, "subset: size: found 0, expected an integer from 1"),
        ({"subset": {"sizes": {"hi-IN": 1.5}}}, "sizes.hi-IN: found 1.5, expected an integer from 1"),
        ({"unlabelled": {"size": 0.0}}, "unlabelled: size: found 0.0, expected an integer from 1"),
        ({"subset": {"size": "many"}}, "subset.size: found 'many', expected an integer or a number"),
        ({"locales": {"source": ["a"], "target": ["a"]}}, "found a as source and as target, expected one"),
        ({"locales": {"sources": ["a"]}}, "found the unknown key 'sources', expected one of source, target"),
        ({"withheld": {"fewest": 9, "most": 8}}, "most: found 8, expected at least fewest, which is 9"),
        ({"withheld": {"drawn_slots": -1}}, "drawn_slots: found -1, expected at least 0"),
    ],
)
def test_options_out_of_bounds_are_refused(data: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        structure(DataConfig, data, where="data")


def test_domains_are_chosen_before_the_subset_of_which_they_have_so_many() -> None:
    train = [replace(one, domain="street" if one.intent == "stop" else "home") for one in TRAIN]
    chosen = selected('domains=["street"]', "subset.size=0.2", train=train)
    assert {one.domain for one in chosen.train} == {"street"}
    assert len(ids(chosen.train)) == 5, "of 25 ids"
    assert not chosen.dev, "dev has none of it"
    with pytest.raises(ConfigError, match=r"data\.domains: found 'sea', expected some of home, street"):
        selected('domains=["sea"]', train=train)


def test_the_inventory_is_of_what_is_learnt_or_of_all_that_is_not_withheld() -> None:
    few = selected("subset.size=3")
    assert few.inventory == few.train
    all_of_it = selected("subset.size=3", "inventory=all", 'withheld.slots=["tenth"]')
    assert len(all_of_it.train) <= 9
    assert all_of_it.inventory == [one for one in TRAIN if len(one.slots) == 1]
    held = selected("inventory=all", "choose_on=held")
    assert ids(held.inventory) == ids(TRAIN) - ids(held.dev), "what chooses is not looked at"
