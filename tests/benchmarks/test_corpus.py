"""Benchmarks read MASSIVE where it is, and say so clearly where it is not."""

from pathlib import Path

import pytest

from benchmarks import command, corpus
from polyparse.errors import ConfigError
from tests.benchmarks.massive import write_massive


def test_an_absent_corpus_is_named_with_the_way_out(tmp_path: Path) -> None:
    spec = f"massive:{tmp_path / 'nowhere'}"
    assert not corpus.is_present(spec)
    with pytest.raises(ConfigError, match=r"nowhere.*--corpus massive:PATH"):
        corpus.sample(spec, 10)


def test_the_environment_says_where_the_corpus_is_unless_the_command_line_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CORPUS", "massive:here")
    assert command.parser("benchmarks.any", "").parse_args([]).corpus == "massive:here"
    assert (
        command.parser("benchmarks.any", "").parse_args(["--corpus", "massive:there"]).corpus
        == "massive:there"
    )


def test_without_either_no_corpus_is_present(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CORPUS", raising=False)
    assert not corpus.is_present(command.parser("benchmarks.any", "").parse_args([]).corpus)


def test_a_sample_mixes_the_locales_and_is_always_the_same(tmp_path: Path) -> None:
    spec = write_massive(tmp_path)
    actual = corpus.sample(spec, 6)
    assert actual == corpus.sample(spec, 6)
    assert len(actual) == 6
    assert {utterance.locale for utterance in corpus.sample(spec, 1000)} == set(corpus.LOCALES)


def test_a_locale_is_read_in_the_order_of_the_corpus(tmp_path: Path) -> None:
    spec = write_massive(tmp_path)
    texts = [utterance.text for utterance in corpus.read(spec, locale="es-ES", partition="dev")]
    assert texts == ["apaga las luces", "apaga las luces de la cocina ahora"]
