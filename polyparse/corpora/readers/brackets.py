"""Bracketed annotation: `wake me at [time : nine am]`, read into spans of the plain text."""

import re

from polyparse.corpora.example import TextSpan
from polyparse.corpora.readers.lines import Line

# White space before and after the colon tells an opening from "[12:30]" written in an utterance.
_PIECE = re.compile(r"\[\s*(?P<name>[^\s:\[\]]+)\s+:(?=[\s\]])|(?P<char>\S)")


def spans_of(annotation: str, text: str, line: Line) -> tuple[TextSpan, ...]:
    """Spans of `text`, found by walking both strings at once; they may differ in white space only.

    A bracket that the text has at the same place belongs to the words; any other closes the slot.
    Raises CorpusError for a slot that is open at the end, empty or inside another, and for differing words.
    """
    places = [place for place, char in enumerate(text) if not char.isspace()]
    letters = "".join(text.split())
    spans: list[TextSpan] = []
    name, first, here = "", 0, 0  # the open slot, its first letter, and the next letter of the text
    for piece in _PIECE.finditer(annotation):
        if piece["name"]:
            if name:
                raise line.error(f"found slot {piece['name']!r} inside slot {name!r}, expected ']' before it")
            name, first = piece["name"], here
        elif letters.startswith(piece["char"], here):
            here += 1
        elif name and piece["char"] == "]":
            if first == here:
                raise line.error(f"found slot {name!r} without words, expected '[{name} : words]'")
            spans.append(TextSpan(name, places[first], places[here - 1] + 1))
            name = ""
        else:
            annotated, plain = _excerpt(annotation, piece.start()), _excerpt(text, [*places, len(text)][here])
            raise line.error(f"found {annotated} in the annotation, expected {plain} as in the text")
    _check_end(name, letters[here:], line)
    return tuple(spans)


def _check_end(name: str, left: str, line: Line) -> None:
    if name:
        raise line.error(f"found slot {name!r} open at the end of the annotation, expected ']'")
    if left:
        raise line.error(f"found the end of the annotation, expected {_excerpt(left, 0)} as in the text")


def _excerpt(text: str, start: int) -> str:
    return repr(text[start : start + 24]) if start < len(text) else "the end"
