"""What holds of every text, then what is expected of real ones, script by script."""

import sys
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polyparse.errors import BlankText, ControlCharacter, EmptyText, InputError, LoneSurrogate, TextTooLong
from polyparse.text.chunks import CHUNK, chunks
from polyparse.text.tokens import check, normalise, pieces, pieces_with_marks, tokenise

# Letters of clitics, signs, marks, joiners, bidi marks, spaces; then what each script makes special.
TRICKY = (
    "aNtsMdre'’´\".,:!?-9½é\u0301\u0307\u0323\ufe0f\u200b\u200c\u200d\u200e\u200f\ufeff\u00ad \t\n\u3000\x1f"
)
SCRIPTS = "İıßΣςﬁ¨ﷺ㎏５：ק\u05b0קमा्क\u093cกำที่東ガｶﾞ한👍🏽👩🏳🇮🇹❤\U000e0067\u115f\x00\ud800"
texts = st.text(st.sampled_from(TRICKY + SCRIPTS) | st.characters(exclude_categories=()), max_size=40)


@given(texts)
@example("i\u0307\u0301 A\u030a\u200d\u0307")
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


def test_normalising_twice_changes_nothing_for_any_assigned_code_point() -> None:
    for char in filter(is_assigned, map(chr, range(sys.maxunicode + 1))):
        once = normalise(char)
        assert normalise(once) == once, f"U+{ord(char):04X}"


@given(texts)
def test_the_normalised_slice_is_the_token(text: str) -> None:
    for token in tokenise(text):
        assert normalise(text[token.start : token.end]) == token.text


@given(texts)
def test_tokens_are_in_order_and_never_empty_and_hold_no_space(text: str) -> None:
    tokens = tokenise(text)
    assert all(token.text and not CHUNK.sub("", token.text) and token.start < token.end for token in tokens)
    assert all(left.end <= right.start for left, right in pairwise(tokens))


@given(texts)
def test_no_letter_and_no_digit_is_lost(text: str) -> None:
    inside = {offset for token in tokenise(text) for offset in range(token.start, token.end)}
    lost = [char for offset, char in enumerate(text) if offset not in inside]
    assert not [char for char in lost if unicodedata.category(char)[0] in "LN" and normalise(char)]


@given(texts)
def test_with_its_marks_nothing_visible_of_a_chunk_is_lost(text: str) -> None:
    for chunk in CHUNK.findall(text):
        tokens = pieces_with_marks(chunk)
        inside = {offset for token in tokens for offset in range(token.start, token.end)}
        assert not "".join(normalise(char) for offset, char in enumerate(chunk) if offset not in inside)


@given(texts)
@example("p.m.\u0301 a'\u0301b 'St\u200d\u0301 !\u200c\u0301 क\u200d\u093c")
def test_no_mark_is_split_from_what_it_stands_on(text: str) -> None:
    starts = {token.start for token in tokenise(text)}
    for mark in filter(lambda start: is_mark(text[start]), starts):
        before = CHUNK.findall(text[: mark + 1])[-1][:-1]
        assert not normalise(before), "a token may only begin with a mark where nothing visible precedes it"


@given(texts)
def test_tokens_begin_and_end_with_what_can_be_seen(text: str) -> None:
    for token in tokenise(text):
        assert not is_hidden(text[token.start])
        assert not is_hidden(text[token.end - 1]) or text[token.end - 1] >= "\U000e0020"  # tags of a flag


@given(texts)
def test_a_chunk_is_cut_the_same_alone_and_in_a_text(text: str) -> None:
    chunks = CHUNK.findall(text)
    cut = pieces if any(map(pieces, chunks)) else pieces_with_marks
    alone = [token.text for chunk in chunks for token in cut(chunk)]
    assert alone == [token.text for token in tokenise(text)]


@given(texts | st.text(st.sampled_from("a. p-5*/−7म\t"), max_size=12))
def test_the_short_way_to_chunks_gives_those_of_the_pattern(text: str) -> None:
    assert [match.span() for match in chunks(text)] == [match.span() for match in CHUNK.finditer(text)]


def is_assigned(char: str) -> bool:
    return unicodedata.category(char) != "Cn"


def is_mark(char: str) -> bool:
    return unicodedata.category(char).startswith("M")


def is_hidden(char: str) -> bool:
    return unicodedata.category(char) == "Cf"


WORDS = {
    # Spanish, Italian elisions, English clitics, abbreviations and numbers
    "¿Qué tiempo hará man\u0303ana?": "qué tiempo hará mañana",
    "dell'ufficio all’11 un po' c'è": "dell' ufficio all' 11 un po c' è",
    "L'ÉCOLE qu'il aujourd'hui": "l' école qu' il aujourd' hui",
    "John's they're I'll I'd 90's": "john 's they 're i 'll i 'd 90 's",
    "don't CAN’T 'quoted' rock-'n'": "don't can't quoted rock - ' n",
    "7:30 3.5kg 1,000.50. 7am 20h": "7:30 3.5kg 1,000.50 7am 20h",
    "7 p.m. 7p.m., a.m U.S.A. j.r.smith": "7 p.m. 7p.m. a.m u.s.a. j.r. smith",
    "$5, 20% wi-fi a.bc me@x.org": "$ 5 20 % wi - fi a bc me@x.org",
    "« hola »… “sí”": "hola sí",
    # upper case, Turkish, Greek, full width
    "İSTANBUL I ı İstanbul'da": "istanbul i ı istanbul' da",
    "ΟΔΟΣ STRASSE straße": "οδος strasse straße",
    "５：３０ ＡＢＣ ｊｏｈｎ＇ｓ": "5:30 abc john 's",
    # Hindi: matras, a nukta apart or not, joiners
    "मुझे काफ़ी चाहिए।": "मुझे काफ\u093cी चाहिए",
    "\u0958लम क\u093cलम": "क\u093cलम क\u093cलम",
    "क्\u200dष क्\u200cष क्ष": "क्ष क्ष क्ष",
    "७:३० बजे": "७:३० बजे",
    # scripts without spaces
    "นำไปที่ร้าน 5โมง": "น ํา ไ ป ที่ ร้ า น 5 โ ม ง",
    "東京タワー、7時30分に": "東 京 タ ワ ー 7 時 30 分 に",
    "ｶﾞiphoneを": "ガ iphone を",
    "မြန်မာ": "မြ န် မာ",
    "안녕하세요 한국": "안녕하세요 한국",
    # right to left, with bidi marks
    '\u200fמה השעה\u200e? \u202bצה"ל\u202c ארה״ב ג׳': 'מה השעה צה"ל ארה"ב ג',
    "كم السَّاعَة؟ ٣٫٥": "كم السَّاعَة ٣.٥",
    "می\u200cخواهم": "میخواهم",
    # emoji: joiners, skin tones, flags, keycaps
    "ok👍🏽!": "ok",
    "👨\u200d👩\u200d👧👋": "👨👩👧 👋",
    "🇮🇹🇪🇸🇮": "🇮🇹 🇪🇸 🇮",
    "a 🏳\ufe0f\u200d🌈 ❤\ufe0f 1\ufe0f\u20e3": "a 1",
    # what cannot be seen
    "\ufeffzero\u200bwidth soft\u00adhyphen\u200d": "zero width softhyphen",
    "\u200d \u3164 \ufe0f": "",
}


@pytest.mark.parametrize(("text", "words"), WORDS.items())
def test_words(text: str, words: str) -> None:
    assert [token.text for token in tokenise(text)] == words.split()


def test_offsets_are_those_of_the_callers_text() -> None:
    text = "\ufeffＤｅｌｌ’ufficio: \u200fक़लम\u200d 👍🏽"
    words = ["Ｄｅｌｌ’", "ufficio", "क़लम"]
    assert [text[start:end] for _, start, end in tokenise(text)] == words


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a" * 10_000, 1),
        ("ก" * 10_000, 10_000),
        ("a." * 5_000, 1),
        ("x\u200c" * 5_000, 1),
        ("ab c " * 2_000, 4_000),
    ],
)
def test_ten_thousand_characters_are_cut_like_few(text: str, count: int) -> None:
    tokens = tokenise(text)
    assert len(tokens) == count
    assert all(normalise(text[token.start : token.end]) == token.text for token in tokens)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", EmptyText, "empty text"),
        (" \t\r\n\u3000", BlankText, "5 blank characters"),
        ("\u200d\u200b\ufeff", BlankText, "3 blank characters"),
        ("twelve chars", TextTooLong, "12 characters, expected at most 11"),
        ("ab\x00", ControlCharacter, r"U\+0000 at offset 2"),
        ("a\x7f", ControlCharacter, r"U\+007F at offset 1"),
        ("\x85", ControlCharacter, r"U\+0085 at offset 0"),
        ("ab\ud83d", LoneSurrogate, r"U\+D83D at offset 2"),
    ],
)
def test_what_cannot_be_parsed_is_refused_with_its_place(
    text: str, error: type[InputError], message: str
) -> None:
    with pytest.raises(error, match=message):
        check(text, max_chars=11)


@pytest.mark.parametrize("text", ["a", "?", "tab\tline\r\n", "eleven char", "👍"])
def test_what_has_a_token_passes(text: str) -> None:
    check(text, max_chars=11)


def test_every_letter_and_digit_but_the_fillers_of_hangul_makes_a_word() -> None:
    """So a text that has one need not be cut to know that it is not blank."""
    fillers = "\u115f\u1160\u3164\uffa0"
    for char in filter(str.isalnum, map(chr, range(sys.maxunicode + 1))):
        assert bool(pieces_with_marks(char)) == (char not in fillers), f"U+{ord(char):04X}"
