"""The dictionaries of a run: of which pairs of locales, from where, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from polyparse.corpora.augmentation.code_switching import SwitchConfig
from polyparse.errors import ConfigError, CorpusError
from tests.train.corpus import examples
from tests.train.tiny import TINY
from tests.train.training.test_transfer_planted import grammar, second
from train.config import DistilConfig
from train.models.discriminator import LanguagesConfig
from train.training.run import Texts
from train.training.switching import dictionaries

if TYPE_CHECKING:
    from pathlib import Path

    from train.config import RunConfig

ENGLISH = [one for one in examples() if one.locale == "en-US"]
HINDI = [replace(one, domain=None, intent=None, slots=()) for one in examples() if one.locale == "hi-IN"]
TEXTS = Texts(ENGLISH, ENGLISH, unlabelled=HINDI)


def config(**switch: Any) -> RunConfig:
    return replace(TINY, switch=SwitchConfig(**{"words": 0.5, **switch}))


def test_words_are_translated_into_each_other_locale_of_the_run_and_no_further_one() -> None:
    """Of a locale without labels too; an induced dictionary has the words that stand in the same ids alone."""
    learnt = grammar(60, seed=1)
    spanish = second(60, seed=1)
    italian = [replace(one, locale="it-IT") for one in spanish]
    text = [replace(one, intent=None, slots=()) for one in second(5, seed=2)]
    found = dictionaries(config(), Texts(learnt, (), [*spanish, *italian], unlabelled=text))
    assert set(found) == {"en-US"}
    (words,) = found["en-US"]
    assert len(words) > 10
    assert all(others == (f"{word}ik",) for word, others in words.items())


def test_a_file_has_a_word_and_its_translation_in_each_line(tmp_path: Path) -> None:
    """A word is no translation of itself, nor is what has several tokens, whose tags nobody knows."""
    file = tmp_path / "en-hi.txt"
    file.write_text("alarm अलार्म\nAlarm घंटी\nrome rome\nrain बारिश\nwake\tजगा-दो\n", encoding="utf-8")
    found = dictionaries(config(files={"en-US hi-IN": str(file)}), TEXTS)
    assert found == {"en-US": [{"alarm": ("अलार्म", "घंटी"), "rain": ("बारिश",)}]}


def test_without_switching_there_are_none() -> None:
    assert dictionaries(TINY, TEXTS) == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"files": {"en-US it-IT": "x"}},
            "switch.files: found 'en-US it-IT', expected some of 'en-US hi-IN'",
        ),
        ({}, "switch.words: found no word with a translation into another locale of the run"),
    ],
)
def test_what_switches_nothing_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        dictionaries(config(**changes), TEXTS)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="expected a dictionary"):
        dictionaries(config(files={"en-US hi-IN": str(tmp_path / "none.txt")}), TEXTS)


def test_a_run_by_languages_switches_nothing() -> None:
    run = replace(config(), languages=LanguagesConfig())
    with pytest.raises(ConfigError, match=r"switch\.words: found 0\.5 in a run with languages, expected 0"):
        dictionaries(run, TEXTS)


def test_translations_are_read_where_a_dictionary_is_induced_and_where_labels_are_projected() -> None:
    assert config().reads_translations
    assert not config(files={"a b": "c"}).reads_translations
    assert replace(TINY, data=replace(TINY.data, projected=("hi-IN",))).reads_translations
    assert not replace(TINY, distil=DistilConfig(texts="unlabelled")).reads_translations
