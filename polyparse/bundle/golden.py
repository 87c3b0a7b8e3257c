"""Golden frames: the float checkpoint's answers to utterances written for this purpose; a bundle must give the same.

golden.jsonl holds one object a line: text, locale, domain, intent, slots [[name, start, end], ..], confidence.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from polyparse.errors import ConfigError, GoldenMismatch
from polyparse.schema import structure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polyparse.contract.frame import Frame

TOLERANCE = 0.02  # of the frame's confidence


@dataclass(frozen=True)
class Golden:
    """An utterance and the parts of its frame that must not change; slots are (name, start, end)."""

    text: str
    locale: str | None
    domain: str | None
    intent: str | None
    slots: tuple[tuple[str, int, int], ...]
    confidence: float

    @classmethod
    def of(cls, frame: Frame) -> Golden:
        """The parts of a frame that must not change."""
        return cls(
            text=frame.text,
            locale=frame.locale,
            domain=None if frame.domain is None else frame.domain.name,
            intent=None if frame.intent is None else frame.intent.name,
            slots=tuple((slot.name, slot.start, slot.end) for slot in frame.slots),
            confidence=frame.confidence,
        )


def save(path: Path, golden: Sequence[Golden]) -> None:
    """Write golden.jsonl."""
    lines = (json.dumps(asdict(entry), ensure_ascii=False) for entry in golden)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def load(path: Path) -> list[Golden]:
    """Read golden.jsonl; raises ConfigError as `parse` does."""
    return parse(path.read_bytes(), name=path.name)


def parse(content: bytes, *, name: str) -> list[Golden]:
    """Read the bytes of a file; a ConfigError names the line at fault, or says that there is no utterance."""
    lines = content.split(b"\n")
    entries = [_read(line, f"{name}:{number}") for number, line in enumerate(lines, start=1) if line]
    if not entries:
        raise ConfigError(f"{name}: found no utterance, expected at least one")
    return entries


def agree(expected: Golden, frame: Frame, *, within: float) -> bool:
    """Whether domain, intent and spans are the same, and the confidences differ by `within` at most."""
    actual = Golden.of(frame)
    same = (actual.domain, actual.intent, actual.slots) == (expected.domain, expected.intent, expected.slots)
    return same and abs(actual.confidence - expected.confidence) <= within


def compare(expected: Golden, frame: Frame, *, file: str) -> None:
    """Raise GoldenMismatch, naming the file, where domain, intent or spans differ, or confidences by over 0.02."""
    if not agree(expected, frame, within=TOLERANCE):
        raise GoldenMismatch(f"{expected.text!r}: found {Golden.of(frame)}, expected {expected}", file=file)


def _read(line: bytes, where: str) -> Golden:
    try:
        return structure(Golden, json.loads(line.decode()), where=where)
    except ConfigError:
        raise
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{where}: found no JSON ({error}), expected a golden frame") from error
