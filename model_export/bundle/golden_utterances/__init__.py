"""Golden utterances: requests to a voice assistant, written for this project, one a line in one file for each locale.

Some contain English words, as speakers of each language use them.
"""

from __future__ import annotations

from importlib.resources import files

LOCALES = ("en-US", "es-ES", "it-IT", "hi-IN")


def load(locale: str) -> list[str]:
    """The utterances of one of LOCALES, in order."""
    return files(__name__).joinpath(f"{locale}.txt").read_text(encoding="utf-8").splitlines()
