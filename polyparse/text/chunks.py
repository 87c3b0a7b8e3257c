"""Chunks: what white space leaves of a text, and what belongs together across it: "t. v.", "5 - 3"."""

import re
from collections.abc import Iterator

_HINDI = "ए ऐ बी सी डी ई एफ एफ़ ऍफ ऍफ़ जी एच आई जे के एल एम एन ओ पी क्यू आर एस टी यू वी डब्ल्यू डबल्यू एक्स वाई जेड ज़ेड"
INITIAL = "|".join([*sorted(_HINDI.split(), key=len, reverse=True), r"[^\W\d_]"])
"""A letter as it is dotted in abbreviations; Hindi writes the names of Latin letters."""
CHUNK = re.compile(
    rf"[^\w\s]*(?:(?:{INITIAL})\.\s+)+(?:(?:{INITIAL})\.[^\w\s]*(?!\S)|(?=\S))"  # t. v.   and the "w. " of: george w. bush
    r"|(?:\d+\s[-\u2212*/]\s)+\d+(?!\S)"  # 5 - 3
    r"|[^\s\u200b]+"
)
PLAIN_CHUNK = re.compile(r"[^\s\u200b]+")
"""CHUNK for most texts, which have no dot and no sign of arithmetic: only its last alternative can match there."""
_JOINING = re.compile(r"(?:\s*[&+＆＋](?=\s))+")
"""Signs that join words, each between white space, or between it and the end of the text."""


def chunks(text: str) -> Iterator[re.Match[str]]:
    """The matches of CHUNK, in order; a sign that joins words ("rock & roll") joins nothing at the edge of a text."""
    is_plain = not ("." in text or "-" in text or "\u2212" in text or "*" in text or "/" in text)
    pattern = PLAIN_CHUNK if is_plain else CHUNK
    if not ("&" in text or "+" in text or "＆" in text or "＋" in text):
        return pattern.finditer(text)
    at_start, at_end = _JOINING.match(text), _JOINING.match(text[::-1])
    start, end = (at_start.end() if at_start else 0), len(text) - (at_end.end() if at_end else 0)
    return pattern.finditer(text, start, end) if text[start:end].strip() else pattern.finditer(text)
