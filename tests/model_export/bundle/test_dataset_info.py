"""The info of a corpus: MASSIVE is what has its layout and its domains, whatever the folder is called."""

from __future__ import annotations

import pytest

from model_export.bundle.dataset_info import MASSIVE, MASSIVE_DOMAINS, dataset_info_of
from polyparse.corpora.read import read
from tests.public_corpora import MASSIVE as MASSIVE_CORPUS
from tests.public_corpora import needs_massive


def test_massive_is_credited() -> None:
    actual = dataset_info_of("massive:some/folder", sorted(MASSIVE_DOMAINS))
    assert actual == MASSIVE
    assert "FitzGerald" in actual.data
    assert "CC BY 4.0" in actual.licence


@pytest.mark.parametrize(
    ("corpus", "domains"),
    [
        ("massive:own", ["alarm", "music"]),
        ("massive:own", [*MASSIVE_DOMAINS, "banking"]),
        ("slots:atis", []),
        ("slots:massive", MASSIVE_DOMAINS),
    ],
)
def test_a_corpus_of_ones_own_is_not_called_massive(corpus: str, domains: list[str]) -> None:
    actual = dataset_info_of(corpus, domains)
    assert (actual.data, actual.has_written_utterances) == (corpus, False)
    assert "CC BY" not in actual.licence


@needs_massive
def test_these_are_the_domains_of_massive() -> None:
    examples = read(MASSIVE_CORPUS, locales=["en-US"], partition="dev")
    assert {example.domain for example in examples} == MASSIVE_DOMAINS
