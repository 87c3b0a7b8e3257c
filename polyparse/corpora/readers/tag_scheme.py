"""Tag schemes of corpora: which letters before a name say where in its span a token stands, read off a file's own tags.

All of them have O. IOB1 writes B- only where a span follows one of the same name, IOB2 before every span; both are read
the same way. BIOES and IOBES are one scheme, and so are BILOU and IOBLU. Without letters, a tag is the name itself.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

OUTSIDE = "O"
LETTERS: Mapping[str, str] = {"plain names": "", "IOB": "BI", "IOBES": "BIES", "BILOU": "BILU"}
"""Scheme -> its letters."""
LASTS: Mapping[str, str] = {"E": "IOBES", "L": "BILOU"}
"""The letter of a span's last token -> the scheme that a file with it is in."""
SINGLES: Mapping[str, str] = {"S": "IOBES", "U": "BILOU"}
"""The letter of a span's only token -> the scheme of a file that has no other."""
GOES_ON = frozenset("IEL")
ENDS = frozenset("ESLU")


class Run(NamedTuple):
    """A span over the tokens `[first, end)`."""

    name: str
    first: int
    end: int


def scheme_of(tags: Iterable[str]) -> str | None:
    """The scheme of a file, a key of LETTERS; None where its tags are of two schemes.

    E-name and L-name close a span only where B-name opens one: "E-mail" and "L-shape" are names too.
    """
    names: defaultdict[str, set[str]] = defaultdict(set)
    for tag in set(tags) - {OUTSIDE}:
        letter, name = split(tag, "BIESLU")
        names[letter].add(name)
    closed = {scheme for letter, scheme in LASTS.items() if names["B"] & names[letter]}
    if len(closed) > 1:
        return None
    if closed:
        return closed.pop()
    if names["B"] or names["I"]:
        return "IOB"
    used = "".join(letter for letter in names if names[letter]) if not names[""] else ""
    return SINGLES.get(used, "plain names")


def split(tag: str, letters: str) -> tuple[str, str]:
    """(letter, name) of a tag with one of these letters, else ("", the tag)."""
    letter, hyphen, name = tag.partition("-")
    return (letter, name) if hyphen and name and len(letter) == 1 and letter in letters else ("", tag)


def begins_every_span(sentences: Iterable[Sequence[str]]) -> bool:
    """Whether B- stands where IOB1 would write I-: then a span that starts with I- is a mistake."""
    return any(
        tag.startswith("B-") and before[1:] != tag[1:]
        for tags in sentences
        for before, tag in zip([OUTSIDE, *tags], tags, strict=False)
    )


def runs(tags: Sequence[str], scheme: str, *, strict: bool) -> tuple[list[Run], list[str]]:
    """The spans of a sentence, and what is wrong with its tags; a broken tag keeps its name.

    `strict`: a span may not start with I-.
    """
    spans: list[Run] = []
    remarks: list[str] = []
    before = ""  # the letter of the token before; O where that is in no span
    for index, tag in enumerate([*tags, OUTSIDE]):
        letter, name = (OUTSIDE, "") if tag == OUTSIDE else split(tag, LETTERS[scheme])
        open_name = spans[-1].name if spans and spans[-1].end == index and before not in ENDS else None
        goes_on = open_name == name and (letter in GOES_ON or letter == "")
        if open_name is not None and not goes_on and scheme in LASTS.values():
            remarks.append(
                f"found {tags[index - 1]} at the end of a slot, expected one of {_closing(scheme)}"
            )
        if letter == OUTSIDE:
            before = OUTSIDE
            continue
        if goes_on:
            spans[-1] = spans[-1]._replace(end=index + 1)
        else:
            spans.append(Run(name, index, index + 1))
            if letter in GOES_ON and strict:
                remarks.append(f"found {tag} at the start of a slot, expected {_opening(scheme)}")
        if letter == "" and LETTERS[scheme]:
            remarks.append(f"found {tag}, read as the name of a slot, expected {_expected(scheme)}")
        before = letter
    return spans, remarks


def _closing(scheme: str) -> str:
    return ", ".join(f"{letter}-" for letter in LETTERS[scheme] if letter in ENDS)


def _opening(scheme: str) -> str:
    return " or ".join(f"{letter}-" for letter in LETTERS[scheme] if letter == "B" or letter in SINGLES)


def _expected(scheme: str) -> str:
    return ", ".join([OUTSIDE, *(f"{letter}-name" for letter in LETTERS[scheme])])
