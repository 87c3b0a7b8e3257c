"""The corpus that the tests train on is what it says it is, in every format that it can be written in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from polyparse.contract.frame import Utterance
from polyparse.corpora.read import Example, read
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary
from tests.train.corpus import LOCALES, examples, write_conll, write_massive, write_slots
from train.data.task import gold_tags

if TYPE_CHECKING:
    from pathlib import Path


def texts_and_slots(examples: list[Example]) -> list[tuple[str, object]]:
    return [(example.text, example.slots) for example in examples]


@pytest.mark.parametrize("partition", ["train", "dev", "test"])
def test_it_reads_back_from_massives_layout(partition: str, tmp_path: Path) -> None:
    assert read(write_massive(tmp_path / "corpus"), partition=partition) == examples(partition)


@pytest.mark.parametrize("locale", ["en-US", "hi-IN"])
@pytest.mark.parametrize("partition", ["train", "dev", "test"])
def test_it_reads_back_from_simpler_formats(partition: str, locale: str, tmp_path: Path) -> None:
    expected = [example for example in examples(partition) if example.locale == locale]
    slots = read(write_slots(tmp_path / "slots", locale), partition=partition)
    conll = read(write_conll(tmp_path / "conll", locale), partition=partition)
    assert texts_and_slots(slots) == texts_and_slots(conll) == texts_and_slots(expected)
    assert [example.intent for example in slots] == [example.intent for example in expected]


def test_it_has_forty_utterances_to_learn_and_parallel_ids() -> None:
    assert len(examples()) == 40
    ids = [{e.id for e in examples() if e.locale == locale} for locale in LOCALES]
    assert all(local == ids[0] for local in ids)


def test_every_word_has_one_tag_and_none_is_new_after_training() -> None:
    vectorizer = Vectorizer(Vocabulary((), ""), None)
    tags: dict[tuple[str, str], set[str]] = {}
    words = {partition: set[tuple[str, str]]() for partition in ("train", "dev", "test")}
    for partition, seen in words.items():
        for example in examples(partition):
            item = vectorizer.item(Utterance(example.text))
            spelt = [example.text[s:e].lower() for s, e in zip(item.starts, item.ends, strict=True)]
            for word, tag in zip(spelt, gold_tags(item, example.slots, "BIOES"), strict=True):
                tags.setdefault((example.locale, word), set()).add(tag)
                seen.add((example.locale, word))
    assert [(word, local) for word, local in tags.items() if len(local) > 1] == []
    assert words["dev"] | words["test"] <= words["train"]
