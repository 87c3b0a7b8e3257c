"""Locales: language tags such as "en-US", whose case means nothing; POSIX parts them by "_"."""

from __future__ import annotations


def subtags(locale: str) -> list[str]:
    """The parts of a locale in small letters, its language first."""
    return locale.replace("_", "-").lower().split("-")


def language_of(locale: str) -> str:
    """The language of a locale: "en" of "en-US", of "EN_us" and of "en"."""
    return subtags(locale)[0]
