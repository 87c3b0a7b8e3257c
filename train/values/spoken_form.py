"""Names as MASSIVE writes what is said: in lower case, in the language's script, without marks and digits."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from polyparse.text.tokens import normalise, tokenise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_WORDS = 4
AND: Mapping[str, str] = {"en": "and", "es": "y", "it": "e", "hi": "और"}
SCRIPTS: Mapping[str, str] = {"en": "LATIN", "es": "LATIN", "it": "LATIN", "hi": "DEVANAGARI"}
LANGUAGES = frozenset(SCRIPTS)
"""Those whose values are known from outside."""
_LEFT_OUT = re.compile(r"\([^)]*\)|\[[^]]*\]|(?:\s+\S*\.\S*)+$")
"""What stands in brackets, and abbreviations at the end: " Inc.", " s.r.l."."""
_BETWEEN = re.compile(r"[,/\-\u2010-\u2015_\s]+")


def spoken_forms(names: Iterable[str], language: str) -> list[str]:
    """The distinct forms of the names that have one, in their order."""
    forms = (spoken_form(name, language) for name in names)
    return list(dict.fromkeys(form for form in forms if form is not None))


def spoken_form(name: str, language: str) -> str | None:
    """The name as it is said; None where that cannot be told, or where the tokens of the form are not all of it."""
    text = _LEFT_OUT.sub(" ", name.replace("&", f" {AND[language]} "))
    form = normalise(_BETWEEN.sub(" ", text))
    if not 1 <= len(form.split()) <= MOST_WORDS:
        return None
    script = SCRIPTS[language]
    if not all(_is_said(char, script) for char in form):
        return None
    tokens = "".join(token.text for token in tokenise(form))
    return form if tokens == form.replace(" ", "") else None


def _is_said(char: str, script: str) -> bool:
    """Whether it is a letter of the script, a mark on one, an apostrophe or a space."""
    if char in " '":
        return True
    is_letter = unicodedata.category(char)[0] in "LM"
    return is_letter and unicodedata.name(char, "").startswith((script, "COMBINING"))
