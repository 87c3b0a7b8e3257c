"""Partitions: found by the names of files, or cut from train, always the same way."""

from __future__ import annotations

from pathlib import Path

import pytest

from polyparse.corpora.read import Example, read, read_all
from polyparse.corpora.readers.splits import divide, partition_files
from polyparse.errors import CorpusError

PATH = Path("corpus")


def examples(ids: range, locale: str = "und") -> list[Example]:
    return [Example(str(i), f"utterance {i}", locale, "train", None, None, ()) for i in ids]


def ids(actual: list[Example]) -> list[str]:
    return [example.id for example in actual]


@pytest.mark.parametrize(("size", "dev"), [(2, 1), (9, 1), (10, 1), (100, 10), (1009, 100)])
def test_a_tenth_is_dev_and_the_rest_is_train(size: int, dev: int) -> None:
    whole = examples(range(size))
    held, rest = divide(whole, "dev", path=PATH), divide(whole, "train", path=PATH)
    assert (len(held), len(rest)) == (dev, size - dev)
    assert sorted(ids(held) + ids(rest), key=int) == ids(whole)
    assert {x.partition for x in held} == {"dev"}


def test_the_cut_depends_neither_on_order_nor_on_locale() -> None:
    """So translations of one utterance stay on one side of it."""
    whole = examples(range(200))
    other = examples(range(200), locale="th-TH")[::-1]
    assert set(ids(divide(whole, "dev", path=PATH))) == set(ids(divide(other, "dev", path=PATH)))
    assert set(ids(divide(whole + other, "dev", path=PATH))) == set(ids(divide(whole, "dev", path=PATH)))


def test_the_cut_hardly_moves_when_the_corpus_grows() -> None:
    before = set(ids(divide(examples(range(1000)), "dev", path=PATH)))
    after = set(ids(divide(examples(range(1100)), "dev", path=PATH)))
    assert len(before & after) >= 0.8 * len(before)


def test_one_utterance_cannot_be_divided() -> None:
    with pytest.raises(CorpusError, match="found 1 utterance, expected 2 or more"):
        divide(examples(range(1)), "train", path=PATH)


@pytest.mark.parametrize(
    ("name", "partition"),
    [
        ("train", "train"),
        ("valid", "dev"),
        ("esp.testa", "dev"),
        ("ned.testb", "test"),
        ("mine.txt", "train"),
    ],
)
def test_one_file_is_the_partition_that_its_name_says(tmp_path: Path, name: str, partition: str) -> None:
    (tmp_path / name).touch()
    assert partition_files(tmp_path / name, lambda other: tmp_path / other) == {partition: tmp_path / name}


def test_a_folder_holds_the_partitions_that_it_has_files_for(tmp_path: Path) -> None:
    for name in ("valid", "train", "vocab.slot"):
        (tmp_path / name).touch()
    actual = partition_files(tmp_path, lambda name: tmp_path / name)
    assert actual == {"train": tmp_path / "train", "dev": tmp_path / "valid"}


def test_a_path_with_no_file_names_those_that_would_do(tmp_path: Path) -> None:
    with pytest.raises(
        CorpusError, match=r"found no file, expected this one, or some of .*esp\.train, .*esp\.testb"
    ):
        read(f"conll:{tmp_path / 'esp'}", partition="train")


def test_a_corpus_without_dev_has_it_cut_from_train(tmp_path: Path) -> None:
    (tmp_path / "train").write_text("ja:O <=> yes\n" * 30, encoding="utf-8")
    train, dev = (read(f"slots:{tmp_path}", partition=name) for name in ("train", "dev"))
    assert (len(train), len(dev)) == (27, 3)
    with pytest.raises(CorpusError, match="found these partitions: train; expected test among them"):
        read(f"slots:{tmp_path}", partition="test")


def test_an_unknown_partition_names_those_that_are_known(tmp_path: Path) -> None:
    (tmp_path / "train").write_text("ja:O <=> yes", encoding="utf-8")
    with pytest.raises(CorpusError, match="found partition 'validation', expected one of train, dev, test"):
        read(f"slots:{tmp_path}", partition="validation")


def test_all_partitions_are_those_that_the_corpus_has(tmp_path: Path) -> None:
    (tmp_path / "test").write_text("ja:O <=> yes\n", encoding="utf-8")
    assert list(read_all(f"slots:{tmp_path}")) == ["test"]
    (tmp_path / "train").write_text("ja:O <=> yes\n" * 10, encoding="utf-8")
    assert {name: len(x) for name, x in read_all(f"slots:{tmp_path}").items()} == {
        "train": 9,
        "dev": 1,
        "test": 1,
    }


def test_a_broken_line_of_any_partition_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train").write_text("ja:O <=> yes\n" * 10, encoding="utf-8")
    (tmp_path / "test").write_text("ja\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="test:1: found 'ja'"):
        read_all(f"slots:{tmp_path}")
