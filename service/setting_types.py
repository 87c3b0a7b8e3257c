"""The types of settings: the allowed values in words, for messages and tables, and the function that reads one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

Number = TypeVar("Number", int, float)


class SettingType(NamedTuple):
    """The allowed values in words, and how to read one; `parse` raises ValueError or KeyError on anything else."""

    expected: str
    parse: Callable[[str], Any]


def integer(low: int, high: int) -> SettingType:
    """The type of integers, both bounds included."""
    return SettingType(f"an integer from {low} to {high}", lambda text: _within(int(text), low, high))


def seconds(low: float, high: float) -> SettingType:
    """The type of seconds, both bounds included."""
    return SettingType(f"seconds from {low:g} to {high:g}", lambda text: _within(float(text), low, high))


def choice(*options: str) -> SettingType:
    """The type of one of a few words."""
    return SettingType("one of " + ", ".join(options), {option: option for option in options}.__getitem__)


def not_blank(text: str) -> str:
    """Return the text; ValueError if it is blank."""
    if not text.strip():
        raise ValueError
    return text


def host_name(text: str) -> str:
    """Return the text; ValueError if no host can have this name: a part of it is empty or too long."""
    text.encode("idna")
    return text


THREADS = SettingType(
    "auto or an integer from 1 to 64", lambda text: None if text == "auto" else _within(int(text), 1, 64)
)
SWITCH = SettingType("on or off", {"on": True, "off": False}.__getitem__)
FOLDER = SettingType("a folder", lambda text: Path(not_blank(text)))
WORD = SettingType("a name", not_blank)
HOST = SettingType("a name", lambda text: host_name(not_blank(text)))


def _within(value: Number, low: float, high: float) -> Number:
    if not low <= value <= high:
        raise ValueError
    return value
