"""A model's inputs for single words, the same wherever a word occurs."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyparse.text.addresses import spelling
from polyparse.text.features import MAX_WORD_CHARACTERS, word_features
from polyparse.text.forms import form_of
from polyparse.text.token_features import looks_of
from polyparse.text.vocabulary import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from polyparse.text.language import LanguageTable
    from polyparse.text.spelling import Spelling
    from polyparse.text.vocabulary import Vocabulary


CHARACTER = "i"
"""An int32, to NumPy and to `array` alike."""


@dataclass(slots=True, eq=False)
class Word:
    """A model's inputs for one word, as ids; compared by identity.

    `characters` are CHARACTERs end to end: an array for each would take three times the memory. `feature_ids` are features
    of the utterance, `token_feature_ids` of the token. `language` is what the word says of the text's language, None where
    nobody asks. `holders` is the cache's.
    """

    id: int
    characters: bytes
    feature_ids: tuple[int, ...]
    hash: int
    token_feature_ids: tuple[int, ...] = ()
    language: bytes | None = None
    holders: int = 0


Words = tuple[tuple[int, int, Word], ...]
"""(start, end, word) of each token of a chunk."""


class WordMaker:
    """Makes the inputs for a word under one vocabulary; `feature_ids` and `token_feature_ids` are ids by hash.

    With `languages` the words say what they say of a language too; with `spelling`, a misspelled one is what is meant.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        feature_ids: Mapping[int, int],
        token_feature_ids: Mapping[int, int] | None = None,
        languages: LanguageTable | None = None,
        spelling: Spelling | None = None,
    ) -> None:
        self._vocabulary = vocabulary
        _ = vocabulary.marked_words  # made now, rather than while a request waits
        self._feature_ids = feature_ids
        self._token_feature_ids = token_feature_ids or {}
        self._languages, self._spelling = languages, spelling

    def make(self, text: str) -> Word:
        """The inputs for a token of a text, behind its case mark if the vocabulary has them."""
        mark = ""
        if self._vocabulary.case_marks:
            mark, text = text[0], text[1:]
        form = form_of(text, self._vocabulary)
        if self._spelling is not None:
            form = self._spelling.meant(form) or form
        character_id = self._vocabulary.character_ids.get
        characters = [character_id(c, UNKNOWN) for c in mark + spelling(form)[:MAX_WORD_CHARACTERS]]
        features = word_features(form)  # the hash of the word first
        return Word(
            id=self._vocabulary.word_ids.get(form, UNKNOWN),
            characters=array(CHARACTER, characters).tobytes(),
            feature_ids=known(features, self._feature_ids),
            hash=features[0],
            token_feature_ids=known(looks_of(form), self._token_feature_ids)
            if self._token_feature_ids
            else (),
            language=None
            if self._languages is None
            else self._languages.evidence(text, features if text == form else word_features(text)),
        )


def known(features: Iterable[int], ids: Mapping[int, int]) -> tuple[int, ...]:
    """Ids of the features, given by their hashes, that have one."""
    return tuple(feature_id for feature_id in map(ids.get, features) if feature_id)
