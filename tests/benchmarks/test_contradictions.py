"""The figures of contradictions: counted by locale, in words with the votes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.contradictions import figures_of, in_words, measure
from polyparse.corpora.contradictions import contradictions
from tests.polyparse.corpora.test_contradictions import LIGHTS, SPANISH
from tests.train.corpus import write_massive

if TYPE_CHECKING:
    from pathlib import Path


def test_figures_count_texts_witnesses_and_doubted_utterances() -> None:
    (found,) = contradictions(LIGHTS, SPANISH)
    assert figures_of([found], 10) == {
        "texts": 1,
        "with_witnesses": 1,
        "utterances": 2,
        "share": 0.2,
        "doubted": 1,
    }
    assert in_words(found) == "en-US 'turn it off': lights 1 + 6: 0.88; plug 1 + 0: 0.12"
    (alone,) = contradictions(LIGHTS)
    assert (figures_of([alone], 2)["with_witnesses"], figures_of([alone], 2)["doubted"]) == (0, 0)


def test_a_corpus_without_contradictions_has_none_in_any_locale(tmp_path: Path) -> None:
    figures = measure(write_massive(tmp_path / "corpus"), shown=5).figures
    assert figures.keys() >= {"texts_en-US", "doubted_hi-IN"}
    assert set(figures.values()) == {0.0}
