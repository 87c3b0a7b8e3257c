"""What cannot be seen or told apart is escaped; what people write is left as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.errors import ConfigError
from polyparse.visible import visible

ESCAPED = {
    "a\nb\tc\x07": r"a\nb\tc\x07",
    "\x1b[31mred": r"\x1b[31mred",
    "wake\u200bup": r"wake\u200bup",
    "\ufeffwake": r"\ufeffwake",
    "abc\u202ecba": r"abc\u202ecba",
    "10\xa0am": r"10\xa0am",
    "a\u2028b": r"a\u2028b",
    "soft\xadhyphen": r"soft\xadhyphen",
    "caf\udce9": r"caf\udce9",
    "play \ufe0f": r"play \ufe0f",
    "a\u034fb\u3164c": r"a\u034fb\u3164c",
    "man\u0303ana": r"man\u0303ana",
    "'\u0303ana'": r"'\u0303ana'",
    "\u0301x": r"\u0301x",
    "5 \u212bngstrom": r"5 \u212bngstrom",
    "\u1112\u1161\u11ab": r"\u1112\u1161\u11ab",
    "e\u043d-US": r"e\u043d-US",
    "p\u03bfst": r"p\u03bfst",
}
LEFT = (
    "",
    "found 'mañana', expected O'Clock",
    "मुझे कल सुबह साढ़े सात बजे जगा दो".replace("\u0922\u093c", "\u0922\u093c"),
    "включи свет, пожалуйста",
    "άναψε τα φώτα",
    "turn on свет",
    "打开灯 音楽 한국어 ภาษาไทย שָׁלוֹם العَرَبِيَّة",
    r"C:\temp\u0303 is escaped already",
    "🙂 → ¿qué?",
)


@pytest.mark.parametrize("text", ESCAPED)
def test_what_the_eye_cannot_tell_apart_is_escaped(text: str) -> None:
    assert visible(text) == ESCAPED[text]


@pytest.mark.parametrize("text", LEFT)
def test_what_people_write_is_left_as_it_is(text: str) -> None:
    assert visible(text) == text


@given(st.text(st.characters()))
def test_all_of_it_is_printable_and_twice_is_once(text: str) -> None:
    assert visible(text).isprintable()
    assert visible(visible(text)) == visible(text)


def test_two_spellings_that_look_the_same_differ_in_a_message() -> None:
    message = str(ConfigError("a\u200b.jsonl: found 'man\u0303ana', expected 'mañana'"))
    assert message == r"a\u200b.jsonl: found 'man\u0303ana', expected 'mañana'"
