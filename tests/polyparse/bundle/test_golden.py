"""Golden frames: what is written is read back; a frame passes with the same decisions and nearly the same confidence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.bundle import golden
from polyparse.bundle.golden import TOLERANCE, Golden
from polyparse.contract.frame import Choice, Frame, Slot
from polyparse.errors import ConfigError, GoldenMismatch
from tests.strategies import texts

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "सुबह सात बजे जगाना"
FRAME = Frame(
    text=TEXT,
    locale="hi-IN",
    domain=Choice("alarm", 0.95),
    intent=Choice("alarm_set", 0.9),
    slots=(Slot("time", TEXT[:12], 0, 12, 0.8),),
    confidence=0.7,
)
EXPECTED = Golden.of(FRAME)

entries = st.builds(
    Golden,
    text=texts,
    locale=st.none() | st.just("en-US"),
    domain=st.none() | st.just("a"),
    intent=st.none() | st.text("abc\u2028\x85", min_size=1),
    slots=st.lists(st.tuples(st.just("time"), st.integers(0, 9), st.integers(0, 9))).map(tuple),
    confidence=st.floats(0, 1),
)


@given(st.lists(entries, min_size=1))
def test_what_is_saved_is_read_back(tmp_path_factory: pytest.TempPathFactory, saved: list[Golden]) -> None:
    file = tmp_path_factory.getbasetemp() / "golden.jsonl"
    golden.save(file, saved)
    assert golden.load(file) == saved


def test_a_golden_frame_keeps_what_must_not_change() -> None:
    assert Golden.of(FRAME) == Golden(TEXT, "hi-IN", "alarm", "alarm_set", (("time", 0, 12),), 0.7)


def test_a_frame_without_domain_and_intent_keeps_none() -> None:
    actual = Golden.of(replace(FRAME, domain=None, intent=None, slots=()))
    assert actual == Golden(TEXT, "hi-IN", None, None, (), 0.7)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"confidence": 0.7 + TOLERANCE * 0.99},
        {"confidence": 0.7 - TOLERANCE * 0.99},
        {"domain": Choice("alarm", 0.1), "intent": Choice("alarm_set", 0.1)},
        {"slots": (replace(FRAME.slots[0], confidence=0.1),)},
    ],
)
def test_a_frame_near_enough_passes(changes: dict[str, object]) -> None:
    golden.compare(EXPECTED, replace(FRAME, **changes), file="golden.jsonl")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"confidence": 0.7 + TOLERANCE * 1.01},
        {"confidence": 0.7 - TOLERANCE * 1.01},
        {"domain": Choice("news", 0.95)},
        {"domain": None},
        {"intent": Choice("alarm_remove", 0.9)},
        {"slots": ()},
        {"slots": (replace(FRAME.slots[0], end=8),)},
        {"slots": (replace(FRAME.slots[0], name="date"),)},
        {"slots": (*FRAME.slots, replace(FRAME.slots[0], start=13, end=18))},
    ],
)
def test_a_frame_that_differs_is_refused_with_file_and_text(changes: dict[str, object]) -> None:
    frame = replace(FRAME, **changes)  # type: ignore[arg-type]
    with pytest.raises(GoldenMismatch) as refusal:
        golden.compare(EXPECTED, frame, file="golden.jsonl")
    expected = f"golden.jsonl: {TEXT!r}: found {Golden.of(frame)}, expected {EXPECTED}"
    assert str(refusal.value) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "golden.jsonl:1: found no JSON"),
        ("\n[]\n", "golden.jsonl:2: found .*, expected an object"),
        ('{"text": "a"}\n', "golden.jsonl:1: found no key 'locale'"),
        ("\n", "golden.jsonl: found no utterance, expected at least one"),
    ],
)
def test_what_is_no_golden_file_is_refused_with_its_line(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "golden.jsonl"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        golden.load(file)


@pytest.mark.parametrize(
    "line",
    [
        b"\xff",
        b'{"text": "\xed\xa0\x80"}',
        b"\xff\xfe{\x00}\x00",
        b"[" * 990,
        b"[" * 990 + b"]" * 990,
        b"[" * 100_000,
    ],
)
def test_bytes_that_are_no_json_in_utf_8_are_refused_with_their_line(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "golden.jsonl"
    golden.save(file, [EXPECTED])
    file.write_bytes(file.read_bytes() + line + b"\n")
    with pytest.raises(ConfigError, match=r"^golden\.jsonl:2: found "):
        golden.load(file)
