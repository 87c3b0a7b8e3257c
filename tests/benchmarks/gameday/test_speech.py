"""Callers say much now and then, of a length at which faulty versions do harm; after a drift they say other things."""

import pytest

from benchmarks.gameday import speech
from benchmarks.gameday.faulty_bundle import LONG
from polyparse.text.tokens import tokenise

LOCALES = ("en-US", "es-ES", "it-IT", "hi-IN")


@pytest.mark.parametrize("locale", LOCALES)
def test_a_long_text_has_as_many_tokens_as_faulty_versions_wait_for(locale: str) -> None:
    text = speech.long_text(speech.USUAL[locale])
    assert len(tokenise(text)) in LONG
    assert len(text) <= 512


def test_callers_speak_the_languages_that_are_served_and_some_say_much() -> None:
    bodies = speech.usual(LOCALES)
    assert {body["locale"] for body in bodies} == set(LOCALES)
    assert {body["locale"] for body in speech.usual(["es-ES"])} == {"es-ES"}
    long = [body for body in bodies if len(tokenise(body["text"])) in LONG]
    assert len(long) == len(bodies) / speech.LONG_IN


def test_after_a_drift_some_speak_of_other_things_or_in_other_languages_and_most_do_not() -> None:
    bodies = speech.usual(LOCALES)
    foreign = [body for body in speech.with_foreign(bodies) if body["text"] in speech.FOREIGN]
    unserved = [body for body in speech.with_unserved(bodies) if body["locale"] in speech.UNSERVED]
    assert {body["locale"] for body in foreign} == {"en-US"}
    for drifted in (foreign, unserved):
        assert 0.3 < len(drifted) / len(bodies) < 0.5
