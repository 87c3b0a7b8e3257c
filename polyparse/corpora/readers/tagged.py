"""What corpora with a tag for each token have in common."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from polyparse.corpora.example import TextSpan
from polyparse.corpora.readers.lines import Line
from polyparse.errors import CorpusError


def join(tokens: Sequence[str], tags: Sequence[str]) -> tuple[str, tuple[TextSpan, ...]]:
    """The tokens joined by one space, and the spans that their tags mark in that text."""
    starts = [0]
    for token in tokens:
        starts.append(starts[-1] + len(token) + 1)
    spans = (TextSpan(name, starts[first], starts[last] - 1) for name, first, last in _runs(tags))
    return " ".join(tokens), tuple(spans)


def checked_tag(tag: str, line: Line) -> str:
    """The tag, if it names a slot or is O; else raises CorpusError."""
    if tag in {"", "B-", "I-"}:
        raise line.error(f"found tag {tag!r}, expected O, B-name, I-name or a plain name")
    return tag


def only_locale(locales: Sequence[str] | None, path: Path) -> str:
    """The locale of a corpus that does not name it: the one asked for, or "und" (BCP 47: undetermined)."""
    if not locales:
        return "und"
    if len(locales) > 1:
        raise CorpusError(f"found locales {', '.join(locales)}, expected one for the whole corpus", path=path)
    return locales[0]


def _runs(tags: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """(name, first, last + 1) of each span; a plain name, or I- after something else, starts one like B-."""
    name, first = "", 0
    for index, tag in enumerate([*tags, "O"]):
        begins = tag.startswith("B-")
        inside = "" if tag == "O" else tag[2:] if begins or tag.startswith("I-") else tag
        if begins or inside != name:
            if name:
                yield name, first, index
            name, first = inside, index
