"""Golden utterances: requests to a voice assistant, written for this project, one a line in a file a locale.

Some of each language mix in English words, as its speakers do.
"""

from __future__ import annotations

from importlib.resources import files

LOCALES = ("en-US", "es-ES", "it-IT", "hi-IN")


def load(locale: str) -> list[str]:
    """The utterances of one of LOCALES, in order."""
    return files(__name__).joinpath(f"{locale}.txt").read_text(encoding="utf-8").splitlines()
