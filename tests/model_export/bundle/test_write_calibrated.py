"""Exported with dev enough to calibrate, and with an out-of-domain score: the bundle answers as manifest and card say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from model_export.bundle.card import NOISES
from polyparse.bundle import store as bundle
from polyparse.contract.frame import Refusal, Utterance
from polyparse.errors import ConfigError
from polyparse.evaluation.evaluate import measure
from polyparse.evaluation.robustness import HARSH, TYPED, drop, pairs_by_kind
from polyparse.inference.ood import OodScore
from polyparse.inference.pipeline import Postprocessing
from polyparse.runtime.load import load
from tests.model_export.checkpoints import CONFIG, export, trained, untrained
from tests.train import corpus
from train.postprocessing.calibration import MIN_UTTERANCES
from train.postprocessing.training_text import training_text_of

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.corpora.example import Example
    from polyparse.inference.parser import Parser
    from train.checkpoint import Checkpoint
    from train.config import RunConfig

KINDS = {"shared": CONFIG, "per-domain": replace(CONFIG, topology="per-domain", routing="hard")}
REFUSES = OodScore(threshold=0.5, weights={"unknown_words": 20.0}, bias=-6.0)
AGAINST_TEXT = OodScore(threshold=0.5, weights={"unseen_ngrams": 4.0, "domain_log_ratio": 0.1}, bias=-6.0)


def many(n_least: int = MIN_UTTERANCES) -> list[Example]:
    """Dev again and again, each time under other ids: as many as a calibration takes."""
    once = corpus.examples("dev")
    times = -(-n_least // len(once))
    return [replace(example, id=f"{example.id}-{time}") for time in range(times) for example in once]


def learnt(folder: Path, config: RunConfig, *, ood: OodScore | None = None) -> Checkpoint:
    """A finished run with dev enough, which may refuse."""
    checkpoint = trained(folder, config)
    checkpoint.save("dev", many())
    if ood is not None:
        checkpoint.save("ood", ood)
    return checkpoint


def lost_in_card(folder: Path) -> list[tuple[str, str, str]]:
    """The rows of the card's table of noise."""
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    table = card.partition("## Exact match lost to noise")[2].partition("\n\n")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.split("\n")[2:]]
    return [(kind, utterances, lost) for kind, utterances, lost in rows]


def lost_by(parser: Parser) -> list[tuple[str, str, str]]:
    """The same of a parser: it loses by some noise, and gets every kind but those for which the corpus has no words."""
    pairs = {kind: actual for kind, actual in pairs_by_kind(parser, many()).items() if actual}
    assert {*TYPED, *HARSH} <= pairs.keys()
    assert max(drop(actual) for actual in pairs.values()) > 0.0
    return [(NOISES[kind], str(len(actual)), f"{drop(actual):.4f}") for kind, actual in pairs.items()]


@pytest.mark.parametrize("kind", KINDS)
def test_a_bundle_with_dev_enough_is_calibrated_and_its_golden_frames_too(kind: str, tmp_path: Path) -> None:
    described = export(learnt(tmp_path / "run", KINDS[kind]), tmp_path / "1")
    assert described.calibration is not None
    assert set(described.calibration.locales) <= set(described.locales)
    loaded = load(tmp_path / "1", device="cpu")
    loaded.check_golden()
    uncalibrated = loaded.parser.with_postprocessing(Postprocessing())
    utterances = [Utterance(entry.text, entry.locale) for entry in loaded.golden()]
    frames, plain = (parser.parse(utterances) for parser in (loaded.parser, uncalibrated))
    assert [frame.intent and frame.intent.name for frame in frames] == [
        frame.intent and frame.intent.name for frame in plain
    ]
    assert [frame.confidence for frame in frames] != [frame.confidence for frame in plain]
    card = (tmp_path / "1" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"calibrated on {len(many())} dev utterances: expected calibration error" in card


def test_a_bundle_refuses_as_the_checkpoint_says(tmp_path: Path) -> None:
    described = export(learnt(tmp_path / "run", CONFIG, ood=REFUSES), tmp_path / "1")
    assert described.ood == REFUSES
    parser = load(tmp_path / "1", device="cpu").parser
    known, strange = parser.parse([Utterance("wake me tomorrow at six", "en-US"), Utterance("zxqv vrrt zzk")])
    assert known.refused is None
    assert known.out_of_domain is not None
    assert strange.refused == Refusal("domain")
    assert strange.out_of_domain is not None
    assert strange.out_of_domain > REFUSES.threshold >= known.out_of_domain
    frames = parser.parse([Utterance(example.text, example.locale) for example in many()])
    assert described.measures["mean"] == measure(many(), frames)["mean"]
    assert lost_in_card(tmp_path / "1") == lost_by(parser)


def test_a_checkpoint_without_a_score_refuses_what_is_foreign_unless_told_not_to(tmp_path: Path) -> None:
    checkpoint = trained(tmp_path / "run")
    assert export(checkpoint, tmp_path / "1").ood is not None
    parser = load(tmp_path / "1", device="cpu").parser
    known, strange = parser.parse([Utterance("wake me tomorrow at six", "en-US"), Utterance("zxqv vrrt zzk")])
    assert (known.refused, strange.refused) == (None, Refusal("domain"))
    assert known.out_of_domain is not None
    assert known.out_of_domain < 0.5
    assert 0.3 < known.confidence < 0.98
    assert export(checkpoint, tmp_path / "2", refuse=False).ood is None


def test_an_out_of_domain_score_that_reads_training_text_has_it_in_the_bundle(tmp_path: Path) -> None:
    checkpoint = learnt(tmp_path / "run", CONFIG, ood=AGAINST_TEXT)
    checkpoint.save("training_text", training_text_of(corpus.examples(), checkpoint))
    described = export(checkpoint, tmp_path / "1")
    assert described.text.training_text in described.files
    parser = load(tmp_path / "1", device="cpu").parser
    seen, unseen = parser.parse([corpus.examples()[0].utterance, Utterance("six at tomorrow me wake")])
    assert seen.out_of_domain is not None
    assert unseen.out_of_domain is not None
    assert seen.out_of_domain < 0.01
    assert unseen.out_of_domain > 0.1


def test_training_text_that_no_signal_reads_stays_out_of_the_bundle(tmp_path: Path) -> None:
    checkpoint = learnt(tmp_path / "run", CONFIG, ood=REFUSES)
    checkpoint.save("training_text", training_text_of(corpus.examples(), checkpoint))
    assert export(checkpoint, tmp_path / "1").text.training_text is None


def test_an_out_of_domain_score_whose_training_text_is_gone_is_refused(tmp_path: Path) -> None:
    checkpoint = learnt(tmp_path / "run", CONFIG, ood=AGAINST_TEXT)
    with pytest.raises(
        ConfigError, match=r"found no training_text\.npz, expected what `polyparse ood` wrote"
    ):
        export(checkpoint, tmp_path / "1")
    assert not (tmp_path / "1").exists()


def test_an_out_of_domain_score_that_names_no_signal_is_refused_with_its_file(tmp_path: Path) -> None:
    checkpoint = untrained(tmp_path / "run", CONFIG)
    content = {"threshold": 0.5, "weights": {"mood": 1.0}, "bias": 0.0}
    (checkpoint.folder / "ood.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"run/ood\.json: weights: found signal 'mood'"):
        export(checkpoint, tmp_path / "1")
    assert not (tmp_path / "1").exists()


@pytest.mark.parametrize("lacks", ["domain", "intent"])
def test_a_corpus_without_domains_or_intents_is_exported_with_what_can_be_calibrated(
    lacks: str, tmp_path: Path
) -> None:
    gone = {"domain": None} if lacks == "domain" else {"domain": None, "intent": None}
    train, dev = (
        [replace(example, **gone) for example in examples]  # type: ignore[arg-type]  # of its fields
        for examples in (corpus.examples(), many(2 * MIN_UTTERANCES))
    )
    checkpoint = untrained(tmp_path / "run", CONFIG, train=train, dev=dev)
    described = export(checkpoint, tmp_path / "1", precision="float32")
    assert described.calibration is not None
    assert (described.calibration.pooled.intent_temperature == 1.0) == (lacks == "intent")
    assert (described.ood is None) == (lacks == "intent")
    assert bundle.verify(tmp_path / "1") == described
    card = (tmp_path / "1" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert ("intent 0." in card, "domain 0." in card) == (lacks == "domain", False)
