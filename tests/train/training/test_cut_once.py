"""A run cuts each text into tokens once, though tables, vectors, classifiers, networks and teachers all read it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.augmentation.slot_swap import SwapConfig
from polyparse.corpora.augmentation.word_substitution import SubstitutionConfig
from polyparse.text import tokens, vectorizer
from polyparse.text.chunks import chunks as whole_chunks
from tests.train.corpus import LOCALES, examples
from tests.train.tiny import SHORT, with_joint
from tests.train.training.test_classifier import BAG
from tests.train.training.test_initialisation import QUIET, opened
from train.config import DistilConfig, MaskedWordsConfig, RunConfig
from train.models.token_crf import TokenCrfConfig
from train.training.fit import fit
from train.training.folds import hold_out
from train.training.run import Parents, Texts

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator
    from pathlib import Path

    from train.checkpoint import Checkpoint

OWN, OTHERS = (
    [example for example in examples() if (example.locale == LOCALES[-1]) == is_other]
    for is_other in (False, True)
)
DEV = [example for example in examples("dev") if example.locale != LOCALES[-1]]
ALIGNED = replace(SHORT.joint.embedder, word_vectors="aligned", word_size=8)
STUDENT = replace(
    with_joint(SHORT, embedder=ALIGNED),
    classifier=replace(SHORT.classifier or pytest.fail("no classifier"), bag=replace(BAG, epochs=1)),
    masked_words=MaskedWordsConfig(epochs=1),
    distil=DistilConfig(draws=2, swap=SwapConfig(utterances=0.9), substitution=SubstitutionConfig(words=0.5)),
)
BASELINE = RunConfig(recipe="x", joint_weight=0.0, token_crf=TokenCrfConfig(max_iterations=2))


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    checkpoint = opened(tmp_path_factory.mktemp("teachers") / "first", SHORT)
    fit(checkpoint, SHORT, Texts(OWN, DEV), QUIET)
    return checkpoint


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each text is cut, of whole texts: single words are cut too, where new ones are made up."""
    counts: Counter[str] = Counter()
    chunks = whole_chunks

    def counted(text: str) -> Iterator[re.Match[str]]:
        counts[text] += 1
        return chunks(text)

    for module in (tokens, vectorizer):
        monkeypatch.setattr(module, "chunks", counted)
    return counts


def test_a_student_with_everything_on_cuts_each_utterance_once(
    teacher: Checkpoint, tmp_path: Path, cut: Counter[str]
) -> None:
    texts = Texts(OWN, DEV, OTHERS)
    fit(opened(tmp_path / "student", STUDENT), STUDENT, texts, QUIET, Parents(teachers=[teacher]))
    assert {example.text for example in (*OWN, *DEV, *OTHERS)} <= cut.keys()
    utterances = {text for text in cut if " " in text}
    assert len(utterances) > len({example.text for example in (*OWN, *DEV, *OTHERS)}), "augmented ones too"
    assert {text: cut[text] for text in utterances if cut[text] != 1} == {}


@pytest.mark.parametrize("config", [BASELINE, replace(SHORT, folds=2)], ids=["token CRF", "folds"])
def test_other_runs_do_likewise(config: RunConfig, tmp_path: Path, cut: Counter[str]) -> None:
    checkpoint, texts = opened(tmp_path / "run", config), Texts(OWN, DEV)
    fit(checkpoint, config, texts, QUIET)
    hold_out(checkpoint, texts, QUIET)
    assert cut == dict.fromkeys({example.text for example in (*OWN, *DEV)}, 1)
