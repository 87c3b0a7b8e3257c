"""What corpora with a tag for each token have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from polyparse.corpora.example import Example, TextSpan
from polyparse.corpora.readers.tag_scheme import LETTERS, OUTSIDE, begins_every_span, runs, scheme_of
from polyparse.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polyparse.corpora.readers.lines import Line


class Sentence(NamedTuple):
    """Tokens with a tag each, the line where they begin, and the intent if the format has one."""

    line: Line
    tokens: Sequence[str]
    tags: Sequence[str]
    intent: str | None = None


def examples_of(sentences: Sequence[Sentence], locale: str, partition: str) -> list[Example]:
    """The sentences of one file as examples; the scheme of their tags is the one that the file's tags are in."""
    scheme = scheme_of(tag for sentence in sentences for tag in sentence.tags)
    if scheme is None:
        raise _two_schemes(sentences)
    tags = [sentence.tags for sentence in sentences]
    strict = scheme != "IOB" or begins_every_span(tags)
    return [_example(sentence, locale, partition, scheme, strict=strict) for sentence in sentences]


def checked_tag(tag: str, line: Line) -> str:
    """The tag, if it names a slot or is O; else raises CorpusError."""
    letter, hyphen, name = tag.partition("-")
    if not tag or (hyphen and not name and letter in set("BIESLU")):
        raise line.error(f"found tag {tag!r}, expected O, B-name, I-name or a plain name")
    line.check_name("tag", tag)
    if hyphen:
        line.check_name("slot", name)
    if tag in _LIKE_OUTSIDE or not any(map(str.isalnum, name if hyphen else tag)):
        raise line.error(f"found tag {tag!r}, expected {OUTSIDE}, B-name, I-name or a plain name")
    return tag


def only_locale(locales: Sequence[str] | None, path: Path) -> str:
    """The locale of a corpus that does not name it: the one asked for, or "und" (BCP 47: undetermined)."""
    distinct = list(dict.fromkeys(locales or ["und"]))
    if len(distinct) > 1:
        raise CorpusError(
            f"found locales {', '.join(distinct)}, expected one for the whole corpus", path=path
        )
    return distinct[0]


def _example(sentence: Sentence, locale: str, partition: str, scheme: str, *, strict: bool) -> Example:
    """The tokens joined by one space, and the spans that their tags mark in that text."""
    starts = [0]
    for token in sentence.tokens:
        starts.append(starts[-1] + len(token) + 1)
    spans, remarks = runs(sentence.tags, scheme, strict=strict)
    return Example(
        id=str(sentence.line.number),
        text=" ".join(sentence.tokens),
        locale=locale,
        partition=partition,
        domain=None,
        intent=sentence.intent,
        slots=tuple(TextSpan(run.name, starts[run.first], starts[run.end] - 1) for run in spans),
        origin=sentence.line.origin(*remarks),
    )


def _two_schemes(sentences: Sequence[Sentence]) -> CorpusError:
    """The error for a file whose spans end now with E-, now with L-."""
    ends = {
        tag[0]: (sentence.line, tag)
        for sentence in reversed(sentences)
        for tag in sentence.tags
        if tag != OUTSIDE and tag[:2] in {"E-", "L-"}
    }
    (first, tag), (second, other) = (ends[letter] for letter in "EL")
    expected = " or ".join(f"{name} ({', '.join(LETTERS[name])})" for name in ("IOBES", "BILOU"))
    return second.error(
        f"found tag {other!r}, and {tag!r} in line {first.number}, expected the tags of one scheme: {expected}"
    )


_LIKE_OUTSIDE = frozenset("o0\u039f\u041e")
"""Tags that look like O, or are O in lower case: as names they would be a slot of nearly every token."""
