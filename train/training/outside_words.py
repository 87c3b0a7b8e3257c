"""What a run knows of words from outside: it adds words to the vocabulary, and saves fixed vectors of all words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from polyparse.contract.locales import language_of
from polyparse.errors import ConfigError
from train.embeddings import sentence_encoder, word_lists
from train.embeddings.outside import outside_vectors
from train.embeddings.word_pieces import word_pieces
from train.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from polyparse.corpora.example import Example
    from train.data.task import TextTables
    from train.training.run import RunContext, Texts


def check(run: RunContext) -> None:
    """Raise ConfigError for a run that would leave outside vectors undone."""
    if not (size := run.config.joint.embedder.outside_size):
        return
    without = {
        "a stream": run.config.stream.on,
        "token_crf": run.config.token_crf is not None,
        "other tasks (--also)": bool(run.others),
    }
    for name, is_there in without.items():
        if is_there:
            raise ConfigError(f"joint.embedder.outside_size: found {size} in a run with {name}, expected 0")


def with_outside_words(
    run: RunContext, tables: TextTables, read: Sequence[Example], texts: Texts
) -> TextTables:
    """The tables, with the words that are added to those of the examples `read`; saves and reports the vectors of all.

    Raises ConfigError where a package is missing, or there are not enough words.
    """
    embedder, checkpoint = run.config.joint.embedder, run.checkpoint
    if not embedder.outside_size:
        return tables
    started, encoder = Stopwatch(), sentence_encoder.pretrained()
    languages = [language for language in _languages(read) if language in encoder.languages]
    added: Sequence[str] = ()
    if embedder.outside_words:
        added = word_lists.frequent_words(
            languages, tables.vocabulary, embedder.outside_words, word_lists.wordfreq_list
        )
    vocabulary = replace(tables.vocabulary, words=(*tables.vocabulary.words, *added))
    vectors = outside_vectors(
        vocabulary,
        read,
        encoder,
        size=embedder.outside_size,
        words_of=texts.tokenised.words,
        translations=texts.translations,
    )
    checkpoint.save("outside_vectors", vectors)
    if run.config.joint.pretrained_size:
        pieces = word_pieces(
            vocabulary, read, encoder, words_of=texts.tokenised.words, translations=texts.translations
        )
        checkpoint.save("word_pieces", pieces)
        tables = replace(tables, pieces=pieces)
    covered, words = len(vectors.rows_N), len(vocabulary.words)
    checkpoint.log({"outside_vectors": covered, "words": words, "added": len(added), **started.read()})
    run.progress.say(f"outside vectors: {covered} of {words} words covered, {len(added)} of them added")
    return replace(tables, vocabulary=vocabulary)


def _languages(examples: Iterable[Example]) -> list[str]:
    """Of the locales of the examples, in order."""
    return sorted({language_of(example.locale) for example in examples})
