"""What the value of a setting may be: in words, for messages and tables, and as the function that reads it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

Number = TypeVar("Number", int, float)


class Kind(NamedTuple):
    """What a value may be, in words, and how to read it; `parse` raises ValueError or KeyError on anything else."""

    expected: str
    parse: Callable[[str], Any]


def integer(low: int, high: int) -> Kind:
    """Return whole numbers, both bounds included."""
    return Kind(f"an integer from {low} to {high}", lambda text: _within(int(text), low, high))


def seconds(low: float, high: float) -> Kind:
    """Return numbers of seconds, both bounds included."""
    return Kind(f"seconds from {low:g} to {high:g}", lambda text: _within(float(text), low, high))


def choice(*options: str) -> Kind:
    """Return one of a few words."""
    return Kind("one of " + ", ".join(options), {option: option for option in options}.__getitem__)


def filled(text: str) -> str:
    """Return the text; ValueError if it is blank."""
    if not text.strip():
        raise ValueError
    return text


LANES = Kind(
    "auto or an integer from 1 to 64", lambda text: None if text == "auto" else _within(int(text), 1, 64)
)
SWITCH = Kind("on or off", {"on": True, "off": False}.__getitem__)
FOLDER = Kind("a folder", lambda text: Path(filled(text)))
WORD = Kind("a name", filled)


def _within(value: Number, low: float, high: float) -> Number:
    if not low <= value <= high:
        raise ValueError
    return value
