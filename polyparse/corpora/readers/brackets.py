"""Bracketed annotation: `wake me at [time : nine am]`, read into spans of the plain text."""

import re
from unicodedata import category, normalize

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
            line.check_name("slot", piece["name"])
            name, first = piece["name"], here
        elif letters.startswith(piece["char"], here):
            here += 1
        elif name and piece["char"] == "]":
            if first == here:
                raise line.error(f"found slot {name!r} without words, expected '[{name} : words]'")
            spans.append(TextSpan(name, places[first], places[here - 1] + 1))
            name = ""
        else:
            raise line.error(_difference(annotation[piece.start() :], text[[*places, len(text)][here] :]))
    _check_end(name, letters[here:], line)
    return tuple(spans)


def _check_end(name: str, left: str, line: Line) -> None:
    if name:
        raise line.error(f"found slot {name!r} open at the end of the annotation, expected ']'")
    if left:
        raise line.error(f"found the end of the annotation, expected {_excerpt(left, 0)} as in the text")


def _difference(annotation: str, text: str) -> str:
    """The message for where both go on differently; what looks the same is shown by its code points."""
    annotated, plain = _excerpt(annotation, 0), _excerpt(text, 0)
    message = "found {} in the annotation, expected {} as in the text"
    if not _looks_alike(annotation, text):
        return message.format(annotated, plain)
    reason = "one is written with a combining character or another invisible difference: write both in Unicode's form NFC"
    return f"{message.format(ascii(annotation[:12]), ascii(text[:12]))}; {reason}"


def _looks_alike(one: str, other: str) -> bool:
    """Whether both begin with what shows as the same letter, or one with what shows nothing by itself."""
    first, second = (normalize("NFC", part)[:1] for part in (one, other))
    return first == second or any(category(char)[0] in "MC" for char in (one[:1], other[:1]) if char)


def _excerpt(text: str, start: int) -> str:
    return repr(text[start : start + 24]) if start < len(text) else "the end"
