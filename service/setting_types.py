"""The types of settings: the allowed values in words, for messages and tables, and the function that reads one.

A setting is a field of a dataclass, with its type, meaning and default in its metadata.
"""

from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit, urlunsplit

from polyparse.repository.place import place

Number = TypeVar("Number", int, float)
T = TypeVar("T")


class SettingType(NamedTuple):
    """The allowed values in words, and how to read one; `parse` raises ValueError or KeyError on anything else."""

    expected: str
    parse: Callable[[str], Any]


def setting(
    default: T,
    type_: SettingType,
    meaning: str,
    *,
    default_text: str | None = None,
    former: str | None = None,
) -> T:
    """Declare a field; `default_text` is the default as tables show it, `str(default)` unless given."""
    metadata = {"type": type_, "meaning": meaning, "default": default_text or str(default), "former": former}
    return field(default=default, metadata=metadata)


def integer(low: int, high: int) -> SettingType:
    """The type of integers, both bounds included."""
    return SettingType(f"an integer from {low} to {high}", lambda text: _within(int(text), low, high))


def seconds(low: float, high: float) -> SettingType:
    """The type of seconds, both bounds included."""
    return SettingType(f"seconds from {low:g} to {high:g}", lambda text: _within(float(text), low, high))


def number(low: float, high: float) -> SettingType:
    """The type of numbers, both bounds included."""
    return SettingType(f"a number from {low:g} to {high:g}", lambda text: _within(float(text), low, high))


def milliseconds(low: float, high: float) -> SettingType:
    """The type of milliseconds, both bounds included."""
    return SettingType(f"milliseconds from {low:g} to {high:g}", lambda text: _within(float(text), low, high))


def choice(*options: str) -> SettingType:
    """The type of one of a few words."""
    return SettingType("one of " + ", ".join(options), {option: option for option in options}.__getitem__)


def or_word(word: str, type_: SettingType) -> SettingType:
    """The type whose values are those of another one, and a word that stands for None."""
    return SettingType(
        f"{word} or {type_.expected}", lambda text: None if text == word else type_.parse(text)
    )


def not_blank(text: str) -> str:
    """Return the text; ValueError if it is blank."""
    if not text.strip():
        raise ValueError
    return text


def host_name(text: str) -> str:
    """Return the text; ValueError if no host can have this name: a part of it is empty or too long."""
    text.encode("idna")
    return text


def collector(text: str) -> str:
    """Return the URL of a collector of traces, with its usual path where it has none; ValueError if it is none.

    One with a user's name in it is none: a command line is no place for a secret.
    """
    url = urlsplit(text)
    if url.scheme not in {"http", "https"} or not url.hostname or "@" in url.netloc or url.fragment:
        raise ValueError
    return urlunsplit(url._replace(path=url.path if url.path.strip("/") else "/v1/traces"))


def names(text: str) -> tuple[str, ...]:
    """Return names that stand between commas; ValueError if one is empty."""
    return tuple(not_blank(name).strip() for name in text.split(","))


THREADS = or_word("auto", integer(1, 64))
CONNECTIONS = or_word("auto", integer(1, 1_000_000))
TOKENS = or_word("auto", integer(1, 1_000_000))
PORT_OR_OFF = or_word("off", integer(0, 65535))
SWITCH = SettingType("on or off", {"on": True, "off": False}.__getitem__)
FOLDER = SettingType("a folder", lambda text: Path(not_blank(text)))
FILE = SettingType("a file", lambda text: Path(not_blank(text)))
PLACE = SettingType("a folder or a URL", lambda text: place(not_blank(text)))
COLLECTOR = SettingType("an http or https URL without credentials", collector)
NAMES = SettingType(
    "names with commas between them, or none", lambda text: () if text == "none" else names(text)
)
WORD = SettingType("a name", not_blank)
HOST = SettingType("a name", lambda text: host_name(not_blank(text)))


def _within(value: Number, low: float, high: float) -> Number:
    if not low <= value <= high:
        raise ValueError
    return value
