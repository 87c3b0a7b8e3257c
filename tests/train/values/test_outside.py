"""Values from outside of a corpus: of their slot and language, as the corpus writes, drawn by the seed alone."""

from __future__ import annotations

from random import Random

import pytest

from polyparse.corpora.augmentation.slot_swap import SlotSwap, SwapConfig
from polyparse.errors import ConfigError
from polyparse.text.tokens import tokenise
from tests.polyparse.corpora.annotated import example_of
from tests.train.corpus import examples
from train.objectives.soft_target_cache import _digested
from train.recipes import RECIPES
from train.values import outside
from train.values.kinds import KINDS, RECOMBINED, SLOTS
from train.values.outside import OutsideValues, check_packages, slot_swap
from train.values.spoken_form import LANGUAGES, spoken_form, spoken_forms

ALWAYS = SwapConfig(utterances=0.99, slots=0.99, foreign=0.0, outside=0.99)


@pytest.mark.parametrize(
    ("name", "language", "form"),
    [
        ("Bosnia & Herzegovina", "en", "bosnia and herzegovina"),
        ("Antigua y Barbuda", "es", "antigua y barbuda"),
        ("Myanmar (Burma)", "en", "myanmar"),
        ("Bajamonti-Jacuzzi s.r.l.", "it", "bajamonti jacuzzi"),
        ("Turner Inc", "en", "turner inc"),
        ("L'Aquila", "it", "l'aquila"),
        ("नई दिल्ली", "hi", "नई दिल्ली"),
        ("तमांग-मिश्रा", "hi", "तमांग मिश्रा"),
        ("तमांग Group", "hi", None),  # two scripts
        ("नई दिल्ली", "en", None),
        ("St. John's", "en", None),  # nobody says the dot
        ("Highway 61", "en", None),
        ("Москва", "en", None),
        ("South Georgia and South Sandwich Islands", "en", None),  # too long
        ("...", "en", None),
    ],
)
def test_a_name_is_written_as_it_is_said_or_not_at_all(name: str, language: str, form: str | None) -> None:
    assert spoken_form(name, language) == form


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_values_in_each_language_of_which_the_tokens_are_all(kind: str, language: str) -> None:
    values = spoken_forms(KINDS[kind].names(language), language)
    assert bool(values) == (kind != "state" or language == "en")
    assert len(set(values)) == len(values)
    for value in Random(1).sample(values, min(50, len(values))):
        assert "".join(token.text for token in tokenise(value)) == value.replace(" ", "")


@pytest.mark.parametrize(
    ("kind", "language", "value"),
    [
        ("country", "es", "alemania"),
        ("language", "hi", "स्पेनिश"),
        ("currency", "en", "us dollars"),
        ("unit of money", "en", "pesos"),
        ("unit of money", "it", "rupia"),
        ("unit of money", "hi", "डॉलर"),
        ("time zone", "en", "pacific time"),
        ("large city", "es", "londres"),
        ("weekday", "it", "lunedì"),
        ("month", "hi", "मार्च"),
        ("day of month", "en", "july twenty first"),
        ("day of month", "es", "primero de abril"),
        ("day of month", "it", "ventuno aprile"),
        ("day of month", "hi", "पंद्रह मार्च"),
        ("time of the clock", "en", "quarter past ten"),
        ("time of the clock", "es", "una menos cuarto"),
        ("time of the clock", "it", "sette e mezza"),
        ("time of the clock", "hi", "पौने पाँच बजे"),
        ("time of the clock", "hi", "डेढ़ बजे"),
        ("span of time", "it", "un quarto d'ora"),
        ("city", "it", "bergamo"),
        ("city", "hi", "वडोदरा"),
        ("state", "en", "new mexico"),
    ],
)
def test_values_are_in_the_words_of_the_language(kind: str, language: str, value: str) -> None:
    assert value in spoken_forms(KINDS[kind].names(language), language)


def test_the_kinds_of_every_slot_are_known() -> None:
    assert {kind for kinds in SLOTS.values() for kind in kinds} == {*KINDS, RECOMBINED}


@pytest.fixture(scope="module")
def values() -> OutsideValues:
    events = ("car wash", "tea party", "the match", "day of rest", "lunch")
    return OutsideValues([example_of(f"move the [event_name : {event}]", "en-US") for event in events])


def test_a_recombined_value_has_the_first_word_of_one_and_the_second_of_another(
    values: OutsideValues,
) -> None:
    """A word that only joins others is none."""
    drawn = {values.draw("en-US", "event_name", Random(seed)) for seed in range(40)}
    assert drawn == {"car wash", "tea party", "car party", "tea wash"}


def test_a_slot_takes_the_kinds_of_the_table_alone(values: OutsideValues) -> None:
    kinds = ("currency", "unit of money")
    currencies = {value for kind in kinds for value in spoken_forms(KINDS[kind].names("en"), "en")}
    assert {values.draw("en-US", "currency_name", Random(seed)) for seed in range(40)} <= currencies
    assert values.draw("en-US", "alarm_type", Random(1)) is None
    assert values.draw("en-US", "game_name", Random(1)) is None  # nothing to recombine
    assert values.draw("fr-FR", "currency_name", Random(1)) is None  # of no table


def test_swapping_draws_from_outside_for_the_share_where_a_slot_has_such_values() -> None:
    corpus = [
        example_of(f"is it [timeofday : {word}] in [place_name : {word}]", "en-US")
        for word in ("one", "two", "ten")
    ]
    drawn = slot_swap(corpus, ALWAYS).draw(corpus * 40, seed=2)
    texts = {
        example.text[span.start : span.end]
        for example in drawn
        for span in example.slots
        if span.name == "timeofday"
    }
    assert texts == {"one", "two", "ten"}  # no kind of the table
    places = [example.text[span.start : span.end] for example in drawn for span in example.slots[1:]]
    assert all(example.text.startswith("is it ") and " in " in example.text for example in drawn)
    assert len(set(places) - texts) > 60
    some = slot_swap(corpus, SwapConfig(utterances=0.99, slots=0.99, outside=0.3)).draw(corpus * 40, seed=2)
    known = [each for each in some if each.text.rpartition(" in ")[2] in texts]
    assert 0.5 < len(known) / len(some) < 0.9


def test_the_seed_decides_and_epochs_differ() -> None:
    corpus = [example_of("weather in [place_name : rome]", "en-US")] * 20
    swap = slot_swap(corpus, ALWAYS)
    assert swap.draw(corpus, seed=1) == slot_swap(corpus, ALWAYS).draw(corpus, seed=1)
    assert swap.draw(corpus, seed=1) != swap.draw(corpus, seed=2)


def test_without_a_share_of_outside_the_draws_are_those_of_older_runs() -> None:
    corpus, config = examples(), SwapConfig(utterances=0.9, slots=0.9)
    source = OutsideValues([])
    assert SlotSwap(corpus, config, source).draw(corpus, 3) == SlotSwap(corpus, config).draw(corpus, 3)


def test_an_absent_package_is_named_with_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    check_packages(ALWAYS, "swap")
    monkeypatch.setattr(outside, "find_spec", lambda name: None if name == "faker" else object())
    check_packages(SwapConfig(utterances=0.9), "swap")
    with pytest.raises(
        ConfigError, match=r"^swap\.outside: found 0\.99 without faker, expected .*polyparse\[train\]"
    ):
        check_packages(ALWAYS, "swap")


def test_a_share_of_outside_needs_a_source() -> None:
    with pytest.raises(ConfigError, match="expected one"):
        SlotSwap([], ALWAYS)


def test_recipes_without_such_values_name_their_soft_targets_as_before() -> None:
    data = _digested(RECIPES["student"]())
    assert "outside" not in data["swap"]
    assert "outside" not in data["distil"]["swap"]
