"""The error tree: what its docstring draws is what its classes are."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyparse import errors
from polyparse.errors import BundleError, ConfigError, CorpusError, FileMissing, PolyparseError


def subclasses(cls: type[PolyparseError]) -> Iterator[type[PolyparseError]]:
    for child in cls.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from subclasses(child)


TREE = list(subclasses(PolyparseError))
LEAVES = [cls for cls in TREE if not cls.__subclasses__()]


def drawn() -> dict[str, tuple[int, str]]:
    """Class name -> its depth and the rest of its line, as the module's docstring draws them."""
    lines = re.findall(r"^([│ ]*[├└]── )(\w+) +(.+)$", errors.__doc__ or "", flags=re.MULTILINE)
    return {name: (len(indent) // 4, rest) for indent, name, rest in lines}


def test_every_class_is_drawn_and_nothing_else_is() -> None:
    assert [cls.__name__ for cls in TREE] == list(drawn())


@pytest.mark.parametrize("cls", TREE)
def test_a_class_is_drawn_at_its_depth(cls: type[PolyparseError]) -> None:
    assert drawn()[cls.__name__][0] == cls.__mro__.index(PolyparseError)


@pytest.mark.parametrize("cls", LEAVES)
def test_a_leaf_has_the_code_that_is_drawn(cls: type[PolyparseError]) -> None:
    assert drawn()[cls.__name__][1] == cls.code


def test_no_two_leaves_share_a_code() -> None:
    assert len({cls.code for cls in LEAVES}) == len(LEAVES)


def test_a_data_error_starts_with_file_and_line() -> None:
    error = CorpusError("found 2 columns, expected 4", path=Path("a/es.conll"), line=7)
    assert str(error) == "a/es.conll:7: found 2 columns, expected 4"
    assert (error.path, error.line) == (Path("a/es.conll"), 7)


def test_a_data_error_about_the_whole_file_names_no_line() -> None:
    assert str(CorpusError("no utterance", path=Path("es.jsonl"))) == "es.jsonl: no utterance"


def test_a_config_error_is_a_value_error_so_that_pydantic_says_where_it_was_raised() -> None:
    assert issubclass(ConfigError, ValueError)


def test_a_bundle_error_names_the_file_at_fault() -> None:
    error = FileMissing("listed in the manifest, not found", file=Path("m/1/score.onnx"))
    assert isinstance(error, BundleError)
    assert error.file == Path("m/1/score.onnx")
    assert str(error) == "m/1/score.onnx: listed in the manifest, not found"


def test_a_bundle_error_that_passes_a_message_on_names_the_file_once() -> None:
    error = FileMissing("score.onnx: found none", file=Path("m/1/score.onnx"))
    assert str(error) == "m/1/score.onnx: found none"
