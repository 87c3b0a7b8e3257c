"""New words: an utterance has one if no training utterance of its own locale has the word, however it is written."""

from __future__ import annotations

from polyparse.contract.frame import Frame
from polyparse.corpora.example import Example
from polyparse.evaluation.evaluate import Case
from polyparse.evaluation.new_words import with_new_words, words_by_locale

TRAIN = [("en-US", "wake me at seven"), ("en-US", "mail it to ana@example.com"), ("es-ES", "apaga la luz")]
CASES = {
    ("en-US", "Wake me, at SEVEN"): False,
    ("en-US", "wake me at dawn"): True,
    ("en-US", "mail it to jo@example.org"): False,
    ("es-ES", "apaga la luz"): False,
    ("es-ES", "wake me"): True,
    ("it-IT", "luz"): True,
}


def example(locale: str, text: str) -> Example:
    return Example("1", text, locale, "dev", None, None, ())


def test_an_utterance_has_a_new_word_if_none_of_its_locale_has_it() -> None:
    known = words_by_locale(example(*row) for row in TRAIN)
    cases = [Case(example(*row), Frame(row[1], row[0], None, None, (), 0.0)) for row in CASES]
    found = {(case.example.locale, case.example.text) for case in with_new_words(cases, known)}
    assert found == {row for row, is_new in CASES.items() if is_new}
