"""What a peer is given and gives back: examples and answers, as JSON lines. Offsets are code points, end exclusive."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Span:
    """A slot and where it stands in the text."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Answer:
    """What a system made of a text."""

    intent: str
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Example:
    """A text with its truth."""

    text: str
    locale: str
    truth: Answer


def write_examples(examples: Iterable[Example], file: Path) -> None:
    """One line an example."""
    _write((asdict(example) for example in examples), file)


def read_examples(file: Path) -> list[Example]:
    """What `write_examples` wrote."""
    return [Example(row["text"], row["locale"], _answer(row["truth"])) for row in _rows(file)]


def write_answers(answers: Iterable[Answer], file: Path) -> None:
    """One line an answer, in the order of the examples."""
    _write((asdict(answer) for answer in answers), file)


def read_answers(file: Path) -> list[Answer]:
    """What `write_answers` wrote."""
    return [_answer(row) for row in _rows(file)]


def _answer(row: Any) -> Answer:
    return Answer(row["intent"], tuple(Span(**span) for span in row["spans"]))


def _write(rows: Iterable[dict[str, Any]], file: Path) -> None:
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _rows(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:  # splitlines would cut at other line ends of Unicode
        return [json.loads(line) for line in lines]
