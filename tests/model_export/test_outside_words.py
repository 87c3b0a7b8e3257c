"""A run that knows words from outside, exported: the bundle answers as the run does, to words that training lacks too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from polyparse.contract.frame import Utterance
from polyparse.runtime.load import load
from tests.model_export.checkpoints import CONFIG, export, trained
from tests.train.embeddings.made_encoder import MadeEncoder, made_list
from train.embeddings import sentence_encoder, word_lists
from train.finished import parser_of

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TEXTS = [("en-US", "set a kettle for tomorrow"), ("es-ES", "borra la tetera de mañana"), ("en-US", "harbour")]


def test_a_bundle_answers_as_its_run_to_words_that_training_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sentence_encoder, "pretrained", lambda: MadeEncoder({"kettle": "alarm", "tetera": "alarma"})
    )
    monkeypatch.setattr(word_lists, "wordfreq_list", made_list)
    embedder = replace(CONFIG.joint.embedder, outside_size=8, outside_words=3, word_dropout=0.2)
    run = trained(tmp_path / "run", replace(CONFIG, joint=replace(CONFIG.joint, embedder=embedder)))
    export(run, tmp_path / "1")
    bundle = load(tmp_path / "1")
    bundle.check_golden()
    assert bundle.parser.vectorizer.vocabulary.words == run.tables().vocabulary.words
    utterances = [Utterance(text, locale) for locale, text in TEXTS]
    for served, trained_frame in zip(
        bundle.parser.parse(utterances), parser_of(run).parse(utterances), strict=True
    ):
        assert (served.intent is None) == (trained_frame.intent is None)
        assert [slot.name for slot in served.slots] == [slot.name for slot in trained_frame.slots]
        if served.intent is not None and trained_frame.intent is not None:
            assert served.intent.name == trained_frame.intent.name
