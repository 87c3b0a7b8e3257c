"""Forms: the words by which a model looks tokens up.

A token that the vocabulary has is looked up as it is, always. One that it lacks may stand for a word that it has: an address
for its class; a word whose accents or apostrophe were left out for the word with them ("perche", "dont"). All that a model
sees of such a token is that word's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.text.addresses import class_of
from polyparse.text.tokens import tokenise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from polyparse.text.tokens import Token
    from polyparse.text.vocabulary import Vocabulary


def form_of(word: str, vocabulary: Vocabulary) -> str:
    """What a token is looked up by: a known word where there is one, else the token itself."""
    if word in vocabulary.word_ids:
        return word
    form = class_of(word) or vocabulary.marked_words.get(word)
    return form if form in vocabulary.word_ids else word


def words_of(text: str) -> list[str]:
    """The words of a text as tables are made of them: its tokens, each address as its class."""
    return words_among(tokenise(text))


def words_among(tokens: Iterable[Token]) -> list[str]:
    """`words_of` a text that is cut into tokens."""
    return [class_of(token.text) or token.text for token in tokens]
