"""Hindi in Latin letters as people type it: "मुझे कल सुबह जगाओ" -> "mujhe kal subah jagao".

A word is read as syllables: consonants, a vowel, and a nasal or breath after it. A consonant without a vowel's sign
carries a short a, the schwa. It is silent at a word's end, and inside a word where one consonant stands between it and
a vowel on either side, read from the right (Ohala 1983). Nobody standardised the rest: a `Style` says which of the
common spellings a writer prefers.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

from polyparse.corpora.noise.loanwords import LOANWORDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random


DEVANAGARI = re.compile("[\u0900-\u097f\u200c\u200d]+")
"""A word of Devanagari, its digits and stops included."""


class Style(NamedTuple):
    """The spellings that a writer prefers; the defaults are the shorter ones."""

    long_a: bool = False  # samaachaar, not samachar
    long_i: bool = False  # sangeet, not sangit
    long_u: bool = False  # doosra, not dusra
    w: bool = False  # wala, not vala
    ph: bool = False  # phir, not fir
    chh: bool = True  # kuchh, not kuch
    nasal: bool = True  # main and nahin, not mai and nahi
    eh: bool = False  # pehle, not pahle
    english: bool = False  # calendar, not kailendar
    schwas: bool = False  # every schwa written, also the silent ones: kala, not kal


def draw_style(random: Random) -> Style:
    """A random style: each preference by the toss of a coin, but `schwas` for one style in sixteen."""
    coins = random.getrandbits(13)
    return Style._make([*(bool(coins >> bit & 1) for bit in range(9)), coins >> 9 == 0])


def romanise(text: str, style: Style = Style()) -> str:  # noqa: B008 - immutable
    """The text with its Devanagari words in Latin letters; the rest stays."""
    return _WORD.sub(lambda match: _romanised(match[0], style), text)


class _Syllable(NamedTuple):
    onset: Sequence[str]  # its consonants, nukta included
    vowel: str  # the vowel as it stands alone; "" where a virama ends the word, "अ" of a schwa
    is_schwa: bool
    after: str  # anusvara, chandrabindu, visarga, or nothing


_WORD = re.compile("[\u0900-\u0963\u0970-\u097f\u200c\u200d]+|[\u0964\u0965\u0966-\u096f]")
_CONSONANT = "[क-ह]\u093c?"
_SYLLABLE = re.compile(
    f"(?P<onset>(?:{_CONSONANT}\u094d[\u200c\u200d]*)*{_CONSONANT})(?P<sign>[\u093e-\u094d]?)(?P<after>[\u0901-\u0903]?)"
    "|(?P<vowel>[ऄ-औ])(?P<after_vowel>[\u0901-\u0903]?)"
)


def _split(words: str) -> list[str]:
    return words.split()


_SIGNS = dict(
    zip(
        "\u093e\u093f\u0940\u0941\u0942\u0943\u0945\u0946\u0947\u0948\u0949\u094a\u094b\u094c",
        "आइईउऊऋऍऎएऐऑऒओऔ",
        strict=True,
    )
)
_VOWELS = dict(zip("अआइईउऊऋऍऎएऐऑऒओऔ", _split("a a i i u u ri e e e ai o o o au"), strict=True))
_CONSONANTS = dict(
    zip(
        "कखगघङचछजझञटठडढणतथदधनऩपफबभमयरऱलळऴवशषसह",
        _split("k kh g gh n ch chh j jh n t th d dh n t th d dh n n p f b bh m y r r l l l v sh sh s h"),
        strict=True,
    )
) | {"क\u093c": "q", "ज\u093c": "z"}
_DIGITS_AND_STOPS: dict[str, str] = dict(zip("।॥०१२३४५६७८९", "..0123456789", strict=True))
_IRREGULAR = {"यह": ("ye", "yeh"), "वह": ("vo", "woh"), "छः": ("che", "chhe"), "छह": ("che", "chhe")}


@lru_cache(maxsize=1 << 16)
def _romanised(word: str, style: Style) -> str:
    if word in _DIGITS_AND_STOPS:
        return _DIGITS_AND_STOPS[word]
    word = normalize("NFC", word)
    if style.english and word in LOANWORDS:
        return LOANWORDS[word]
    if word in _IRREGULAR:
        return _IRREGULAR[word][style.chh]
    syllables = [_syllable(match) for match in _SYLLABLE.finditer(word)]
    # a stray mark alone spells nothing: it stays, so that no text becomes empty
    return _spelled(syllables, style) or word


def _syllable(match: re.Match[str]) -> _Syllable:
    if match["vowel"]:
        return _Syllable((), match["vowel"], is_schwa=False, after=match["after_vowel"])
    onset, sign = re.findall(_CONSONANT, match["onset"]), match["sign"]
    vowel = "" if sign == "\u094d" else _SIGNS[sign] if sign else "अ"
    return _Syllable(onset, vowel, is_schwa=not sign, after=match["after"])


def _heard(syllables: Sequence[_Syllable]) -> list[bool]:
    """Whether the vowel of each syllable is pronounced."""
    heard = [bool(syllable.vowel) for syllable in syllables]
    last = len(syllables) - 1
    for place in range(last, 0, -1):
        syllable = syllables[place]
        if not syllable.is_schwa or syllable.after:
            continue
        if place == last:  # clusters such as -tra and -nya cannot be said without it
            heard[place] = len(syllable.onset) > 1 and syllable.onset[-1] in {"य", "र", "व"}
        else:
            following = syllables[place + 1]
            single = len(syllable.onset) == len(following.onset) == 1
            heard[place] = not (single and heard[place - 1] and heard[place + 1])
    return heard


def _spelled(syllables: Sequence[_Syllable], style: Style) -> str:
    heard = [bool(syllable.vowel) for syllable in syllables] if style.schwas else _heard(syllables)
    spelled = ""
    for place, syllable in enumerate(syllables):
        is_last = place == len(syllables) - 1
        following = () if is_last else syllables[place + 1].onset
        spelled += _onset(syllable.onset, style)
        if heard[place]:
            closed = not is_last or bool(syllable.after and style.nasal)
            vowel = _vowel(syllable, style, is_closed=closed, is_only=sum(heard) == 1 and len(following) < 2)
            if style.eh and syllable.is_schwa and _before_weak_h(syllables, heard, place):
                vowel = "e"
            if syllable.vowel == "ए" and not syllable.onset and spelled.endswith(("i", "a")):
                vowel = "ye"  # liye, gaye
            spelled += vowel
        spelled += _after(syllable, following, style)
    return spelled


def _onset(consonants: Sequence[str], style: Style) -> str:
    letters = "".join(_consonant(consonant, style) for consonant in consonants)
    # jn is said gy; a doubled ch is written once in full
    return (
        letters.replace("jn", "gy").replace("chchh", "cch").replace("chch", "cch")
        if len(consonants) > 1
        else letters
    )


def _consonant(consonant: str, style: Style) -> str:
    if consonant == "व" and style.w:
        return "w"
    if consonant == "फ" and style.ph:
        return "ph"
    if consonant == "छ" and not style.chh:
        return "ch"
    return _CONSONANTS.get(consonant) or _CONSONANTS[consonant[0]]


def _vowel(syllable: _Syllable, style: Style, *, is_closed: bool, is_only: bool) -> str:
    vowel = syllable.vowel
    if vowel == "आ" and is_closed and (style.long_a or is_only):
        return "aa"
    if vowel == "ई" and is_closed and style.long_i:
        return "ee"
    if vowel == "ऊ" and is_closed and style.long_u:
        return "oo"
    return _VOWELS.get(vowel, "e")


def _before_weak_h(syllables: Sequence[_Syllable], heard: Sequence[bool], place: int) -> bool:
    """Whether an h with a schwa, heard or not, follows inside the word: it colours the schwa before it."""
    after = place + 1
    if after >= len(syllables) or syllables[after].onset != ["ह"] or not syllables[after].is_schwa:
        return False
    return after < len(syllables) - 1 or heard[after]


def _after(syllable: _Syllable, following: Sequence[str], style: Style) -> str:
    if not syllable.after:
        return ""
    if syllable.after == "\u0903":
        return "" if following else "h"
    if following:
        return "m" if following[0][0] in "पफबभम" else "n"
    if not style.nasal:
        return ""
    return "in" if syllable.vowel == "ए" else "n"  # mein, karein
