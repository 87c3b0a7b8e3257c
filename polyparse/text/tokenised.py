"""Texts cut into tokens once, for all that reads a corpus: tables, vectors, classifiers, items, augmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.text.forms import words_among
from polyparse.text.tokens import tokenise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from polyparse.text.tokens import Token


class TokenisedTexts:
    """The tokens of the texts that were added; other texts are cut when they are asked for, and not kept.

    A text takes about half a kilobyte, so that only what is read again should be added.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._tokens: dict[str, tuple[Token, ...]] = {}
        self.add(texts)

    def add(self, texts: Iterable[str]) -> None:
        """Cut the texts that are not there yet, and keep their tokens."""
        for text in texts:
            if text not in self._tokens:
                self._tokens[text] = tuple(tokenise(text))

    def find(self, text: str) -> tuple[Token, ...] | None:
        """The tokens of a text that was added; None for another one."""
        return self._tokens.get(text)

    def tokens(self, text: str) -> tuple[Token, ...]:
        """The tokens of any text, as `tokenise` gives them."""
        tokens = self._tokens.get(text)
        return tuple(tokenise(text)) if tokens is None else tokens

    def words(self, text: str) -> list[str]:
        """The words of any text as tables are made of them."""
        return words_among(self.tokens(text))
