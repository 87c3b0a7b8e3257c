"""A request taken apart has the forms that its language asks for after a word that negates."""

from __future__ import annotations

import pytest

from polyparse.corpora.augmentation.negation.requests import forms_of

ENGLISH = {"v": "turn off the lights", "ving": "turning off the lights"}
CASES = [
    ("en", "please turn off the lights", ENGLISH),
    ("en", "can you set an alarm", {"ving": "setting an alarm"}),
    ("en", "make a note", {"ving": "making a note", "np": "a note", "bare": "note"}),
    ("en", "play smooth jazz", {"kind": "smooth jazz"}),
    ("es", "apaga la luz", {"sub": "apagues la luz", "inf": "apagar la luz", "pre": "apagas la luz"}),
    ("es", "ponme jazz", {"sub": "me pongas jazz", "inf": "ponerme jazz", "pre": "me pones jazz"}),
    ("es", "enciende la lámpara", {"sub": "enciendas la lámpara", "subu": "encienda la lámpara"}),
    ("es", "empieza ya", {"sub": "empieces ya"}),
    ("es", "busca cines", {"sub": "busques cines", "imp": "busca cines"}),
    ("es", "envíame el correo", {"sub": "me envíes el correo", "inf": "enviarme el correo"}),
    ("es", "poner una alarma", {"imp": "pon una alarma", "np": "una alarma", "bare": "alarma"}),
    ("it", "spegni la luce", {"inf": "spegnere la luce", "sub": "spenga la luce", "pre": "spegni la luce"}),
    ("it", "ricordami la riunione", {"inf": "ricordarmi la riunione", "sub": "mi ricordi la riunione"}),
    ("it", "cerca un film", {"sub": "cerchi un film", "pre": "cerchi un film"}),
    ("it", "cambia colore", {"pre": "cambi colore"}),
    ("it", "fammi un caffè", {"inf": "farmi un caffè", "sub": "mi faccia un caffè", "bare": "caffè"}),
    ("it", "riprodurmi jazz", {"inf": "riprodurmi jazz", "imp": "riproducimi jazz"}),
    ("hi", "गाना चलाओ", {"pre": "गाना", "na": "चलाना", "en": "चलाएं", "iye": "चलाइए"}),
    ("hi", "लाइट बंद कर दो", {"pre": "लाइट बंद", "o": "करो", "iye": "कीजिए", "ne": "करने"}),
    ("hi", "अलार्म सेट करें", {"pre": "अलार्म सेट", "o": "करो", "te": "करते"}),
    ("hi", "ईमेल भेजें", {"o": "भेजो", "en": "भेजें", "iye": "भेजिए"}),
]


@pytest.mark.parametrize(("language", "text", "expected"), CASES)
def test_a_request_has_its_forms(language: str, text: str, expected: dict[str, str]) -> None:
    forms = forms_of(text, language)
    assert forms is not None
    assert {name: forms.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "what time is it"),
        ("en", "turn"),
        ("en", "don't turn off the lights"),
        ("es", "qué hora es"),
        ("it", "che ore sono"),
        ("hi", "क्या समय है"),
        ("hi", "करो"),
    ],
)
def test_what_is_no_request_or_is_negated_already_has_none(language: str, text: str) -> None:
    assert forms_of(text, language) is None
