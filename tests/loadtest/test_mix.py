"""Requests have the languages, lengths and repetitions of the mix."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from loadtest import texts
from loadtest.address import Address
from loadtest.errors import FileInvalid
from loadtest.mix import posts, utterances
from loadtest.scenario import Mix

if TYPE_CHECKING:
    from pathlib import Path

ADDRESS = Address.of("http://localhost:8080/nlu")
SHIPPED = texts.load(None)


def bodies(mix: Mix, number: int = 2000) -> list[tuple[str, Any]]:
    """Path and body of requests."""
    cut = []
    for post in islice(posts(mix, SHIPPED, ADDRESS, seed=1), number):
        head, _, body = post.content.partition(b"\r\n\r\n")
        cut.append((head.split()[1].decode(), json.loads(body)))
    return cut


def test_the_phrases_that_are_shipped_are_in_every_language_and_length() -> None:
    assert set(SHIPPED) == {"en-US", "es-ES", "hi-IN", "it-IT"}
    mix = Mix(lengths={"short": 1, "middle": 1, "long": 1})
    assert len(list(islice(utterances(mix, SHIPPED, Random(1)), 100))) == 100


def test_languages_come_by_their_weights() -> None:
    drawn = islice(utterances(Mix(locales={"en-US": 3, "hi-IN": 1}), SHIPPED, Random(1)), 4000)
    counts = Counter(spoken.locale for spoken in drawn)
    assert set(counts) == {"en-US", "hi-IN"}
    assert counts["en-US"] / 4000 == pytest.approx(0.75, abs=0.03)


def test_lengths_come_by_their_weights() -> None:
    drawn = islice(utterances(Mix(lengths={"short": 1, "long": 3}), SHIPPED, Random(1)), 4000)
    words = [len(spoken.text.split()) for spoken in drawn]
    assert sum(count >= 10 for count in words) / 4000 == pytest.approx(0.75, abs=0.03)
    assert not any(5 <= count <= 9 for count in words)


def test_some_texts_are_asked_again_and_again() -> None:
    drawn = islice(utterances(Mix(repeated_share=0.9, repeated_texts=2), SHIPPED, Random(1)), 2000)
    (_, first), (_, second) = Counter(spoken.text for spoken in drawn).most_common(2)
    assert (first + second) / 2000 > 0.85


def test_requests_are_those_of_the_wire() -> None:
    mix = Mix(named_locale_share=0.5, n_best=3, batch_share=0.25, batch_items=4)
    requests = bodies(mix)
    batches = [body for path, body in requests if path == "/nlu/parse/batch"]
    singles = [body for path, body in requests if path == "/nlu/parse"]
    assert len(batches) / 2000 == pytest.approx(0.25, abs=0.05)
    assert {len(batch["items"]) for batch in batches} == {4}
    assert all(set(single) <= {"text", "locale", "n_best"} and single["n_best"] == 3 for single in singles)
    assert sum("locale" in single for single in singles) / len(singles) == pytest.approx(0.5, abs=0.05)


def test_some_requests_ask_for_the_services_times() -> None:
    asked = [post.content for post in islice(posts(Mix(), SHIPPED, ADDRESS, seed=1, timing_share=0.1), 2000)]
    assert sum(b"\r\nX-Server-Timing: 1\r\n" in content for content in asked) / 2000 == pytest.approx(
        0.1, abs=0.03
    )


def test_a_corpus_in_massives_layout_is_read(tmp_path: Path) -> None:
    lines = [{"partition": part, "utt": f"{part} words"} for part in ("train", "dev", "dev", "test")]
    content = "\n".join(json.dumps(line) for line in lines)
    tmp_path.joinpath("en-US.jsonl").write_text(content, encoding="utf-8")
    tmp_path.joinpath("ja-JP.jsonl").write_text(content, encoding="utf-8")
    assert texts.load(tmp_path) == {"en-US": ["dev words", "dev words"]}
    assert set(texts.load(tmp_path, ("ja-JP",))) == {"ja-JP"}


def test_any_file_of_lines_is_read(tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text("one\n\n two \n", encoding="utf-8")
    assert texts.load(file) == {"": ["one", "two"]}


@pytest.mark.parametrize("content", ["", "[]\n", "{}\n"])
def test_a_corpus_without_texts_is_refused_by_its_name(tmp_path: Path, content: str) -> None:
    tmp_path.joinpath("en-US.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(FileInvalid, match=str(tmp_path)):
        texts.load(tmp_path)


def test_a_length_that_no_text_has_is_refused() -> None:
    with pytest.raises(FileInvalid, match="en-US: found no text of 10 to 9999 words"):
        next(utterances(Mix(lengths={"long": 1}), {"en-US": ["hello"]}, Random(1)))
