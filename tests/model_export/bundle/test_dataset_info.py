"""The origin of a corpus: MASSIVE is what has its layout and its domains, whatever the folder is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_export.bundle.dataset_info import MASSIVE, MASSIVE_DOMAINS, origin_of
from polyparse.corpora.read import read

DATA = Path(__file__).parents[3] / "../shared/data/massive/1.1/data"


def test_massive_is_credited() -> None:
    found = origin_of("massive:some/folder", sorted(MASSIVE_DOMAINS))
    assert found == MASSIVE
    assert "FitzGerald" in found.data
    assert "CC BY 4.0" in found.licence


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
    found = origin_of(corpus, domains)
    assert (found.data, found.has_written_utterances) == (corpus, False)
    assert "CC BY" not in found.licence


@pytest.mark.skipif(not DATA.is_dir(), reason="needs MASSIVE in ../shared/data")
def test_these_are_the_domains_of_massive() -> None:
    examples = read(f"massive:{DATA}", locales=["en-US"], partition="dev")
    assert {example.domain for example in examples} == MASSIVE_DOMAINS
