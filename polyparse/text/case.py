"""The case in which a word is written, which normalising takes away: a mark before its characters, for models that read it.

Named entities live on case; what people say to a voice assistant has none.
"""

from __future__ import annotations

LOWER, TITLE, UPPER, MIXED, NONE = MARKS = "\ue000\ue001\ue002\ue003\ue004"
"""Characters for private use, which no spelling of a word has: all letters small; the first one large; all of several large;
large and small in another order; no letter with a case, as in numbers, marks, and scripts such as Devanagari and Han."""


def case_mark(written: str) -> str:
    """The mark of a word as it is written: "die" LOWER, "Die" TITLE, "IBM" UPPER, "iPhone" MIXED, "7" NONE."""
    letters = [char for char in written if char.isupper() or char.islower() or char.istitle()]
    if not letters:
        return NONE
    large = [not char.islower() for char in letters]
    if not any(large):
        return LOWER
    if all(large) and len(large) > 1:
        return UPPER
    return TITLE if large[0] and not any(large[1:]) else MIXED
