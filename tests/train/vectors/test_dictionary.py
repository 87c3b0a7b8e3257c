"""Dictionaries from files, identical strings, and utterances that are translations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.corpora.example import Example
from polyparse.errors import ConfigError, CorpusError
from train.embeddings.word_space import WordSpace
from train.vectors.dictionary import held_out, identical, induced, read_dictionary, rows_of

if TYPE_CHECKING:
    from pathlib import Path


def space(*words: str) -> WordSpace:
    return WordSpace(words, np.ones((len(words), 2), np.float32))


def examples(*texts: tuple[str, str]) -> list[Example]:
    """Utterances in two locales, translations of each other."""
    return [
        Example(str(number), text, locale, "train", None, None, ())
        for number, pair in enumerate(texts)
        for locale, text in zip(("en-US", "it-IT"), pair, strict=True)
    ]


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_file_has_pairs_with_a_space_or_a_tab_between(end: str, tmp_path: Path) -> None:
    path = tmp_path / "en-it.txt"
    path.write_text(f"Cat gatto\ncat\tgatta\nnew york\tnew york\ncat gatto\r{end}", encoding="utf-8")
    assert read_dictionary(path) == (("cat", "gatto"), ("cat", "gatta"), ("new york", "new york"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "en-it.txt: found an empty file, expected a pair of words in each line"),
        (b"\n", "en-it.txt: found an empty file"),
        (b"cat gatto\ndog\n", ":2: found 'dog', expected a word and its translation"),
        (b"cat gatto\n\ndog cane\n", ":2: found '', expected a word"),
        (b"a b c\n", ":1: found 'a b c', expected a word"),
        (b"cat\t\n", ":1: found .*expected a word"),
        (b"cat gatto\nd\xff g cane\n", r":2: found a line that is not UTF-8 \(byte 2\)"),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "en-it.txt"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        read_dictionary(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"none.txt: found no readable file"):
        read_dictionary(tmp_path / "none.txt")


def test_identical_strings_are_those_of_both_in_any_case() -> None:
    source, target = space("taxi", "Roma", "cat"), space("gatto", "roma", "taxi")
    pairs = identical(source, target)
    assert pairs == (("taxi", "taxi"), ("roma", "roma"))
    assert rows_of(pairs, source, target).tolist() == [[0, 2], [1, 1]]


def test_all_pairs_of_a_source_word_are_held_out_or_none() -> None:
    pairs = [(f"w{number}", f"{number}{letter}") for number in range(20) for letter in "ab"]
    learnt, held = held_out(pairs, 0.2)
    assert sorted([*learnt, *held]) == sorted(pairs)
    assert len(held) == 8
    assert {word for word, _ in learnt}.isdisjoint(word for word, _ in held)
    assert held_out(pairs, 0.2) == (learnt, held)
    assert held_out(pairs, 0.0) == (tuple(pairs), ())


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_nothing_to_learn_from_or_to_judge_by_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match=r"held out: found [02] of 2 source words, expected some"):
        held_out([("a", "b"), ("c", "d")], share)


def test_pairs_with_a_word_that_a_side_lacks_have_no_rows() -> None:
    found = rows_of([("cat", "gatto"), ("cat", "micio"), ("dog", "gatto")], space("cat"), space("gatto"))
    assert found.tolist() == [[0, 0]]
    assert rows_of([], space("cat"), space("gatto")).shape == (0, 2)


def test_words_that_stand_in_the_same_utterances_translate_each_other() -> None:
    texts = [
        *[("wake me", "svegliami adesso")] * 3,
        *[("play me jazz", "suona jazz")] * 3,
        *[("stop it", "fermalo subito")] * 2,
    ]
    found = induced(examples(*texts), "en-US", "it-IT")
    # "play" and "jazz" stand in the same utterances as both of theirs, "stop" in two: no only best one
    assert found == ()
    texts += [("play", "suona"), ("wake", "svegliami"), ("some jazz", "del jazz")]
    assert induced(examples(*texts), "en-US", "it-IT") == (
        ("jazz", "jazz"),
        ("play", "suona"),
        ("wake", "svegliami"),
    )
    assert induced(examples(*texts), "it-IT", "en-US") == (
        ("jazz", "jazz"),
        ("suona", "play"),
        ("svegliami", "wake"),
    )


def test_dice_is_that_of_its_definition_over_shared_ids_alone() -> None:
    """ "one" and "uno" share 3 ids of 3 and 17: Dice 6 / 20, which is not over .3; with an id less of the latter it is."""
    shared = [("one", "uno")] * 3
    alone = [(f"word{number}", "uno") for number in range(14)]
    assert induced(examples(*shared, *alone), "en-US", "it-IT") == ()
    assert induced(examples(*shared, *alone[1:]), "en-US", "it-IT") == (("one", "uno"),)
    unshared = [Example(f"x{number}", "uno", "it-IT", "train", None, None, ()) for number in range(99)]
    assert induced([*examples(*shared), *unshared], "en-US", "it-IT") == (("one", "uno"),)


def test_a_corpus_without_translations_gives_no_pairs() -> None:
    assert induced([], "en-US", "it-IT") == ()
