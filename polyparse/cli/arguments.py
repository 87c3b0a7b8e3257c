"""What all subcommands read their arguments with: a refusal is raised, as any other, and takes one line."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Number = TypeVar("Number", int, float)

SURROGATES_OF_BYTES = range(0xDC80, 0xDD00)
"""Code points by which Python stands for the bytes 0x80 to 0xFF of an argument that is not UTF-8."""


class ArgumentParser(argparse.ArgumentParser):
    """argparse's, but for what it does with a wrong command line."""

    def error(self, message: str) -> NoReturn:
        """Raise a ConfigError; argparse would print the usage and exit."""
        raise ConfigError(f"{message} ({self.prog} --help shows what is taken)")


def integer(low: int, high: int) -> Callable[[str], int]:
    """The type of an option that takes an integer, both bounds included."""
    return lambda text: _within(int, text, low, high, f"an integer from {low} to {high}")


def number(low: float, high: float) -> Callable[[str], float]:
    """The type of an option that takes a number, both bounds included."""
    return lambda text: _within(float, text, low, high, f"{low:g} to {high:g}")


def names(text: str) -> tuple[str, ...]:
    """The type of an option that takes names with commas between them."""
    parts = tuple(part.strip() for part in text.split(","))
    if not all(parts):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected names with a comma between two of them")
    return parts


def path(text: str) -> Path:
    """The type of an option that takes a path. An empty one would be the folder that the command is run in."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a path")
    return Path(text)


def stated(expected: str) -> Callable[[str], str]:
    """The type of an option that takes a text as it is; a blank one would count as if the option were not there."""

    def stated_text(text: str) -> str:
        if not text.strip():
            raise argparse.ArgumentTypeError(f"found {text!r}, expected {expected}")
        return text

    return stated_text


def check_utf8(argv: Sequence[str]) -> None:
    """Raise a ConfigError that names the first argument that is not UTF-8: no file of ours, and no answer, could hold it."""
    for position, argument in enumerate(argv, start=1):
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            code = ord(argument[error.start])
            culprit = f"byte 0x{code - 0xDC00:02X}" if code in SURROGATES_OF_BYTES else f"U+{code:04X}"
            raise ConfigError(
                f"argument {position}: found {argument!r}, which is not UTF-8 "
                f"({culprit} at character {error.start}), expected UTF-8"
            ) from None


def _within(convert: Callable[[str], Number], text: str, low: Number, high: Number, expected: str) -> Number:
    with suppress(ValueError):
        if low <= (value := convert(text)) <= high:
            return value
    raise argparse.ArgumentTypeError(f"found {text!r}, expected {expected}")
