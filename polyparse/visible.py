"""Text for messages, in which whatever the eye cannot see or cannot tell apart is written as an escape.

    wake\u200bup   a character that is not seen, or that moves others: controls, zero-width and direction marks, line ends
    man\u0303ana   a mark that makes, with the letter before it, what one character makes too ("ñ")
    \u0301x        a mark with no letter before it
    \u0441all      a Cyrillic or Greek letter among Latin ones: it looks like one of them

Ordinary text of any language stays as it is. What is escaped already stays so: doing it twice is doing it once.
"""

import re
import unicodedata

_CONJOINING = (
    "\u1161-\u11ff"  # vowels and finals of Hangul: letters that join the one before them, as marks do
)
_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
"""Unicode's default-ignorable characters of categories that count as printable."""
_WORD = re.compile(r"\w+")
_LOOK_ALIKE = ("CYRILLIC ", "GREEK ", "COPTIC ", "ARMENIAN ", "CHEROKEE ")
"""How the names of letters begin that look like Latin ones."""


def visible(text: str) -> str:
    """The text with escapes, as in the table above."""
    if text.isascii() and text.isprintable():
        return text
    text = _WORD.sub(lambda word: _of_one_script(word[0]), text)
    return "".join(map(_cluster, _clusters(text)))


def _of_one_script(word: str) -> str:
    """The word, letters that look like Latin ones escaped where it has Latin ones too."""
    names = [unicodedata.name(char, "") for char in word]
    if not any(name.startswith("LATIN ") for name in names):
        return word
    return "".join(
        _escape(char) if name.startswith(_LOOK_ALIKE) else char
        for char, name in zip(word, names, strict=True)
    )


def _clusters(text: str) -> list[str]:
    """The text cut before each character that is no mark."""
    clusters: list[str] = []
    for char in text:
        if clusters and _is_mark(char):
            clusters[-1] += char
        else:
            clusters.append(char)
    return clusters


def _cluster(cluster: str) -> str:
    """A character and its marks; all but ASCII is escaped if another spelling looks the same, or nothing bears the marks."""
    first, marks = cluster[0], cluster[1:]
    nothing_bears = _is_mark(first) or (bool(marks) and first.isascii() and not first.isalnum())
    ambiguous = nothing_bears or unicodedata.normalize("NFC", cluster) != cluster
    return "".join(
        _escape(char) if not _is_seen(char) or (ambiguous and not char.isascii()) else char
        for char in cluster
    )


def _is_mark(char: str) -> bool:
    return unicodedata.category(char).startswith("M") or bool(re.match(f"[{_CONJOINING}]", char))


def _is_seen(char: str) -> bool:
    return char.isprintable() and not _IGNORABLE.match(char)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
