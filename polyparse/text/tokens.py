"""Tokens: an utterance in any script, cut into normalised tokens with their offsets.

White space cuts an utterance into chunks. To cut a chunk, each code point is
replaced by one letter that says its kind, and one regular expression cuts the resulting string:

    a-z  a Latin letter: itself where normalising leaves no accent, else "a"
    W    a letter of another script that has spaces
    C    a letter of a script without spaces (Han, Kana, Thai, ...)
    9    a digit or number
    M    a combining mark: it belongs to what stands before it
    X    an invisible character, which normalising leaves out; Z the zero-width joiner
    S    a pictogram; R a regional indicator: two make a flag; T a skin tone
    any other: a mark, by the first character of its kind in `polyparse.text.marks`

A mark is a token only in the contexts that the table there names. A text of nothing but marks keeps all of them.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from polyparse.errors import BlankText, ControlCharacter, EmptyText, LoneSurrogate, TextTooLong
from polyparse.text import marks
from polyparse.text.addresses import ADDRESS, LINK
from polyparse.text.chunks import CHUNK, INITIAL, PLAIN_CHUNK, chunks
from polyparse.text.marks import Context

RULES = 3
"""The number of the rules of text: it rises where some text gives other tokens than before, or looks them up otherwise."""
MAX_CHARACTERS = 10_000
"""The longest text that is parsed where no other bound is set."""


class Token(NamedTuple):
    """One token: its normalised text, and the code points `[start, end)` of the utterance that it is."""

    text: str
    start: int
    end: int


def normalise(text: str) -> str:
    """Remove differences that hardly change the meaning: width, case, kinds of quote, dash and space, invisible characters.

    Applied until nothing changes, so that normalising twice is normalising once.
    """
    if text.isascii():
        return " ".join(text.lower().replace("`", "'").split())
    before, after = "", text
    while before != after:
        before, after = after, " ".join(filter(None, map(_fold, PLAIN_CHUNK.findall(after))))
    return after


def tokenise(text: str) -> list[Token]:
    """Cut the text into tokens, in order and never empty: `token.text == normalise(text[start:end])`."""
    for pieces_of in (pieces, pieces_with_marks):
        tokens = [
            Token(word, start + offset, end + offset)
            for chunk in chunks(text)
            for offset in (chunk.start(),)
            for word, start, end in pieces_of(chunk[0])
        ]
        if tokens:
            break
    return tokens


def pieces(chunk: str) -> tuple[Token, ...]:
    """As `cut`; those of short chunks are cached, in entries not in bytes: for who reads corpora, not callers' texts."""
    return _cached_cut(chunk) if len(chunk) <= _CACHED_CHARS else cut(chunk)


def pieces_with_marks(chunk: str) -> tuple[Token, ...]:
    """As `pieces`, every mark a token: what counts where the whole text has no other."""
    return tuple(token for token, _ in _parts(chunk))


def differs_from_rules_1(text: str) -> bool:
    """Whether rules 1, by which every mark was a token, cut the text otherwise."""
    with_marks = [token for chunk in CHUNK.findall(text) for token in pieces_with_marks(chunk)]
    return with_marks != [token for chunk in CHUNK.findall(text) for token in pieces(chunk)] or "@" in text


def check(text: str, *, max_chars: int) -> None:
    """Raise an InputError, one leaf for each cause, where the text cannot be parsed."""
    if not text:
        raise EmptyText("found an empty text, expected at least one word")
    if len(text) > max_chars:
        raise TextTooLong(f"found a text of {len(text)} characters, expected at most {max_chars}")
    if bad := _FORBIDDEN.search(text):
        place = f"found U+{ord(bad[0]):04X} at offset {bad.start()}"
        if bad[0] >= "\ud800":
            raise LoneSurrogate(f"{place}, expected no half of a surrogate pair")
        raise ControlCharacter(
            f"{place}, expected no control character but tab, line feed and carriage return"
        )
    if not _LETTER_OR_DIGIT.search(text) and not any(pieces_with_marks(chunk[0]) for chunk in chunks(text)):
        raise BlankText(f"found {len(text)} blank characters, expected at least one word")


_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LETTER_OR_DIGIT = re.compile(r"[^\W_\u115f\u1160\u3164\uffa0]")
"""A text that has one has a word, which most need not be cut to know. Fillers of Hangul count as letters, and are none."""

# What NFKC does not fold. "´" is here because NFKC would make it a space and a mark.
_FOLDS = str.maketrans(
    dict.fromkeys("‘’‚‛ʼ′´`‹›׳", "'")
    | dict.fromkeys("“”„‟«»״", '"')
    | dict.fromkeys("‐‒–—―−", "-")
    | {"٫": ".", "٬": ",", "٪": "%"}  # of Arabic numbers
    # Ignorable, though not of category Cf: grapheme joiner, fillers, inherent vowels, variation selectors, keycaps.
    | dict.fromkeys("\u20e3\u034f\u115f\u1160\u3164\u17b4\u17b5\u180b\u180c\u180d\u180f", "")
    | dict.fromkeys(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))), "")
)


def _fold(chunk: str) -> str:
    folded = unicodedata.normalize("NFKC", chunk.translate(_FOLDS)).lower()
    # "İ" is lower-cased to "i" and a combining dot, which no other spelling of the word has.
    folded = folded.replace("i\u0307", "i")
    # NFKC spells some signs with a space ("¨"): a chunk has none.
    return "".join(char for char in folded if not char.isspace() and unicodedata.category(char) != "Cf")


# Inclusive low, exclusive high. The first table overrules a character's category, the second refines letters.
_SIGNS = (
    (0x115F, 0x1161, "X"),  # Hangul fillers
    (0x200D, 0x200E, "Z"),
    (0x3164, 0x3165, "X"),
    (0xFF9E, 0xFFA0, "M"),  # voicing marks of half-width Katakana
    (0xFFA0, 0xFFA1, "X"),
    (0x1F1E6, 0x1F200, "R"),
    (0x1F3FB, 0x1F400, "T"),
    (0xE0020, 0xE0080, "M"),  # tags that spell a region's flag
)
_LETTERS = (
    (0x0000, 0x0250, "a"),  # Latin
    (0x0E00, 0x1000, "C"),  # Thai, Lao, Tibetan
    (0x1000, 0x10A0, "C"),  # Myanmar
    (0x1780, 0x1800, "C"),  # Khmer
    (0x1950, 0x1AB0, "C"),  # Tai Le, New Tai Lue, Tai Tham
    (0x1E00, 0x1F00, "a"),  # Latin
    (0x2E80, 0x3130, "C"),  # Han radicals, Kana, Bopomofo
    (0x31A0, 0xA000, "C"),  # Bopomofo, Kana, Han
    (0xA9E0, 0xAA00, "C"),  # Myanmar
    (0xAA60, 0xAAE0, "C"),  # Myanmar, Tai Viet
    (0xF900, 0xFB00, "C"),  # Han
    (0xFF66, 0xFF9E, "C"),  # half-width Katakana
    (0x1AFF0, 0x1B170, "C"),  # Kana
    (0x20000, 0x40000, "C"),  # Han
)
_LATIN = frozenset("abcdefghijklmnopqrstuvwxyz")
_BY_CATEGORY = {"L": "W", "N": "9", "M": "M"}


@lru_cache(maxsize=4096)
def _kind(char: str) -> str:
    folded = normalise(char)
    if folded in _LATIN:
        return folded
    category = unicodedata.category(char)
    kind = "X" if not folded else _BY_CATEGORY.get(category[0]) or marks.kind_of(folded, char)
    kind = _in_range(char, _SIGNS, kind)
    return _in_range(char, _LETTERS, kind) if kind == "W" else kind


def _in_range(char: str, ranges: tuple[tuple[int, int, str], ...], otherwise: str) -> str:
    code = ord(char)
    return next((kind for low, high, kind in ranges if low <= code < high), otherwise)


_LETTER = "[a-zW]"
_END = "(?![XZ]*[a-zW9M])"  # the word does not go on
_CLITIC = f"'(?:s|re|ve|ll|m|d){_END}"
_PATTERN = rf"""
    # abbreviations: p.m.  u.s.a.  7a.m
    (?: 9 (?:9 | [.,:]9)* )?  {_LETTER}M*  (?: \.{_LETTER}M* )+  {_END}  (?: \.(?![XZ]*M) )?
    # words and numbers: caffè  7:30  1,000.5  7am  צה"ל
  | [a-zW9M]  (?: [XZ]*[a-zW9M]  |  (?<=9)[.,:](?=9)  |  (?<=[WM])['"](?=W) )*
    # ... with n't, or with the apostrophe of an elision: don't  dell'|ufficio  l'|11, but john|'s
    (?: (?<=n)'t{_END}  |  (?<=[a-zM])(?!{_CLITIC})'(?=[a-z9]) )?
    # clitics: 's  're
  | (?<=[a-zW9M]){_CLITIC}
    # scripts without spaces: a letter and its marks
  | C (?: [XZ]*M )*
    # flags
  | RR? (?: [XZ]*M )*
    # emoji with their joiners and tones, other marks
  | S (?: [XZ]*[MT] | X*ZS )*
  | [^a-zW9MCXZRS] (?: [XZ]*M )*
"""
_SHAPE = re.compile(_PATTERN, re.VERBOSE)
_CACHED_CHARS = 32


_DOTTED = re.compile(
    rf"[^\w\s]*(?:(?:(?:{INITIAL})\.+\s*){{2,}}[^\w\s]*|(?:(?:{INITIAL})\.+\s*)+(?:{INITIAL})|(?:{INITIAL})\.+\s+)"
)
"""Several dotted letters, or one with a word after it."""


class _Piece(NamedTuple):
    """A token, and the kind of the mark that it is: "" for what is none."""

    token: Token
    kind: str


def cut(chunk: str) -> tuple[Token, ...]:
    """Return the tokens of one chunk, a match of CHUNK, with offsets into the chunk."""
    parts = _parts(chunk)
    is_dotted = _DOTTED.fullmatch(chunk) is not None
    following = [""] * len(parts)  # the next word behind each part
    for index in range(len(parts) - 1, 0, -1):
        following[index - 1] = following[index] if parts[index].kind else parts[index].token.text
    tokens: list[Token] = []
    word = dotted = ""
    for (token, kind), after in zip(parts, following, strict=True):
        ends_initial = is_dotted and kind == "." and dotted and not dotted.endswith(".")
        if not kind or ends_initial or marks.is_kept(kind, _context(word, after)):
            tokens.append(token)
        word, dotted = word if kind else token.text, token.text
    return tuple(tokens)


def _parts(chunk: str) -> list[_Piece]:
    """All tokens of a chunk, marks included."""
    parts: list[_Piece] = []
    link = LINK.match(chunk)
    at = link.end() if link else 0
    if "." in chunk or "-" in chunk or "//" in chunk:
        for address in ADDRESS.finditer(chunk, at):
            parts += _words(chunk, at, address.start())
            parts.append(_Piece(Token(normalise(address[0]), *address.span()), ""))
            at = address.end()
    return parts + _words(chunk, at, len(chunk))


def _words(chunk: str, first: int, last: int) -> list[_Piece]:
    """The words and marks of `chunk[first:last]`; what stands before may be a word that has a clitic."""
    seen = max(0, first - 1)
    shape = "".join(map(_kind, chunk[seen:last]))
    parts: list[_Piece] = []
    for match in _SHAPE.finditer(shape, first - seen):
        start, end = seen + match.start(), seen + match.end()
        word = normalise(chunk[start:end])
        if (
            word == "'"
            and parts
            and parts[-1].token.end == start
            and _ELISIONS.fullmatch(parts[-1].token.text)
        ):
            word, start = f"{parts[-1].token.text}'", parts.pop().token.start
            parts.append(_Piece(Token(word, start, end), ""))
        elif word:
            is_mark = _WORDS.isdisjoint(match[0]) and match[0][0] != "M"
            parts.append(_Piece(Token(word, start, end), match[0][0] if is_mark else ""))
    return parts


_ELISIONS = re.compile(
    "un|dall|nell|sull|coll|quell|quest|bell|sant|c|d|com|dov|cos|n?e?anch|nessun|alcun|ciascun|mezz|tutt|senz|quand|qu|j|jusqu"
)
"""Words that lose their last vowel before a vowel, here before a space: un' ora. The networks that ship have learnt l',
dell' and all' before a space as they stand, without the apostrophe: those stay so."""
_WORDS = frozenset("abcdefghijklmnopqrstuvwxyzW9C")


def _context(before: str, after: str) -> Context:
    """Where a run of marks stands: between these words of its chunk, "" being none."""
    if before and after:
        return Context.INSIDE
    if after:
        return Context.BEFORE_DIGIT if after[0].isdigit() else Context.BEFORE_LETTER
    if not before:
        return Context.ALONE
    if before[-1].isdigit():
        return Context.AFTER_DIGIT
    return Context.AFTER_INITIAL if len(before) == 1 else Context.AFTER_LETTER


_cached_cut = lru_cache(maxsize=1 << 15)(cut)
