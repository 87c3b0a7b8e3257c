"""The public corpora, where they are at hand: all of them read, and spans agree with a naive count."""

from __future__ import annotations

import json
import re

import pytest

from polyparse.corpora.read import read
from tests.public_corpora import CORPORA, needs_corpora

MASSIVE = CORPORA / "massive/1.1/data"
LINES = {
    folder: CORPORA / folder
    for folder in ("atis", "fb_multilingual/en", "fb_multilingual/es", "fb_multilingual/th")
}

pytestmark = needs_corpora


@pytest.mark.parametrize("locale", sorted(file.stem for file in MASSIVE.glob("*.jsonl")))
def test_massive_is_read_whole(locale: str) -> None:
    rows = [json.loads(line) for line in (MASSIVE / f"{locale}.jsonl").read_text("utf-8").splitlines()]
    for partition in ("train", "dev"):
        actual = read(f"massive:{MASSIVE}", locales=[locale], partition=partition)
        expected = [row for row in rows if row["partition"] == partition]
        assert [(x.id, x.text, x.domain) for x in actual] == [
            (r["id"], r["utt"], r["scenario"]) for r in expected
        ]
        for example, row in zip(actual, expected, strict=True):
            marked = re.findall(r"\[(\S+) : ([^\]]+)\]", row["annot_utt"])
            read_back = [(s.name, example.text[s.start : s.end]) for s in example.slots]
            assert [(name, "".join(words.split())) for name, words in marked] == [
                (name, "".join(words.split())) for name, words in read_back
            ]
            assert all(words == words.strip() != "" for _, words in read_back)


def begun(tags: list[str]) -> int:
    """Spans, counted naively: a B-, or an I- that follows no tag of its name."""
    pairs = zip(["O", *tags], tags, strict=False)
    return sum(tag[0] == "B" or (tag[0] == "I" and before[2:] != tag[2:]) for before, tag in pairs)


@pytest.mark.parametrize("folder", LINES)
@pytest.mark.parametrize(("partition", "file"), [("train", "train"), ("dev", "valid"), ("test", "test")])
def test_slots_corpora_are_read_whole(folder: str, partition: str, file: str) -> None:
    rows = (LINES[folder] / file).read_text("utf-8").rstrip("\n").split("\n")
    actual = read(f"slots:{LINES[folder]}", partition=partition)
    assert [x.intent for x in actual] == [row.split()[-1] for row in rows]
    for example, row in zip(actual, rows, strict=True):
        tags = [pair.rsplit(":", 1)[1] for pair in row.split()[:-2]]
        assert len(example.slots) == begun(tags)
        assert len(example.text.split()) == len(tags)


@pytest.mark.parametrize("language", ["esp", "ned"])
@pytest.mark.parametrize(("partition", "file"), [("train", "train"), ("dev", "testa"), ("test", "testb")])
def test_conll_is_read_whole(language: str, partition: str, file: str) -> None:
    rows = (CORPORA / f"conll2002/{language}.{file}").read_text("latin-1").split("\n")
    actual = read(f"conll:{CORPORA / 'conll2002' / language}", partition=partition)
    assert sum(len(x.slots) for x in actual) == begun([row.split()[-1] if row else "O" for row in rows])
    words = [row.split()[0] for row in rows if row and not row.startswith("-DOCSTART-")]
    assert len(words) == sum(len(x.text.split(" ")) for x in actual)
