"""A whole run: every kind of corpus, both topologies, the choice of lambda, pruning, and going on after a stop."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from polyparse.contract.frame import Utterance
from polyparse.corpora.read import read
from polyparse.errors import ConfigError
from polyparse.inference.routing import Routing
from tests.train.corpus import examples, write_conll, write_slots
from tests.train.tiny import SHORT, TINY
from train.checkpoint import Checkpoint
from train.finished import networks_of, parser_of
from train.models.maxent import MaxEntConfig
from train.postprocessing.routing import JOINT_WEIGHTS
from train.progress import Progress
from train.run_record import RunRecord
from train.training.fit import fit
from train.training.run import OtherTask, Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import torch

    from polyparse.contract.frame import Alternative, Frame
    from polyparse.corpora.example import Example
    from train.config import RunConfig

QUIET = Progress(quiet=True)
PER_DOMAIN = replace(
    SHORT,
    topology="per-domain",
    routing="hard",
    classifier=replace(SHORT.classifier or MaxEntConfig(), classes="domains"),
)


def start(folder: Path, config: RunConfig) -> Checkpoint:
    checkpoint = Checkpoint(folder)
    folder.mkdir()
    checkpoint.save("run", RunRecord(config, "massive:x", ("en-US",), "abc", {}, "2025-01-01T00:00:00+00:00"))
    return checkpoint


def train(
    folder: Path, config: RunConfig, corpus: Sequence[Example] = (), dev: Sequence[Example] = ()
) -> tuple[Checkpoint, dict[str, Any]]:
    """A finished run on the test corpus, or on another, measured on the same utterances unless others are given."""
    checkpoint = start(folder, config)
    corpus = corpus or examples()
    return checkpoint, fit(checkpoint, config, Texts(corpus, dev or corpus), QUIET)


def log(checkpoint: Checkpoint) -> list[dict[str, Any]]:
    """Its lines, without the seconds that epochs took."""
    lines = (checkpoint.folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [{key: value for key, value in json.loads(line).items() if "seconds" not in key} for line in lines]


def networks(checkpoint: Checkpoint) -> list[dict[str, torch.Tensor]]:
    return [dict(network.state_dict()) for network in networks_of(checkpoint)]


def same(networks: list[dict[str, torch.Tensor]], others: list[dict[str, torch.Tensor]]) -> bool:
    """Equal to the bit."""
    return len(networks) == len(others) and all(
        one.keys() == other.keys() and all(one[key].equal(other[key]) for key in one)
        for one, other in zip(networks, others, strict=True)
    )


def test_a_run_learns_its_corpus_and_says_how_well(tmp_path: Path) -> None:
    checkpoint, measures = train(tmp_path / "run", TINY)
    assert checkpoint.complete
    assert checkpoint.read("measures") == measures
    assert set(measures["locales"]) == {"en-US", "es-ES", "it-IT", "hi-IN"}
    assert measures["mean"]["exact_match"] > 0.9
    assert measures["mean"]["domain_accuracy"] > 0.9


def test_a_finished_run_parses_new_utterances(tmp_path: Path) -> None:
    checkpoint, _ = train(tmp_path / "run", TINY)
    parser = parser_of(checkpoint)
    item = parser.vectorizer.item(Utterance("Wake me at SIX", "en-US", n_best=3))
    (frame,) = parser.run([item]).frames
    assert frame.domain is not None
    assert frame.intent is not None
    assert (frame.domain.name, frame.intent.name) == ("alarm", "alarm_set")
    assert [(slot.name, slot.value) for slot in frame.slots] == [("time", "SIX")]
    assert len(frame.alternatives) == 2


def test_an_auxiliary_branch_is_left_behind(tmp_path: Path) -> None:
    auxiliary = replace(SHORT.joint.encoder, kind="bisru")
    checkpoint, _ = train(tmp_path / "run", replace(SHORT, joint=replace(SHORT.joint, auxiliary=auxiliary)))
    (network,) = networks_of(checkpoint)
    assert network.auxiliary is None
    assert network.state_dict().keys() == (checkpoint.find("network-0") or {}).keys()


def test_lambda_is_the_first_of_those_that_do_best_on_dev(tmp_path: Path) -> None:
    checkpoint, measures = train(tmp_path / "run", SHORT)
    tried = {line["joint_weight"]: line["dev"] for line in log(checkpoint) if "joint_weight" in line}
    best = max(dev["exact_match"] for dev in tried.values())
    chosen = next(weight for weight in JOINT_WEIGHTS if tried[weight]["exact_match"] == best)
    assert tuple(tried) == JOINT_WEIGHTS
    assert checkpoint.routing() == Routing("soft", chosen, "intents")
    assert measures["mean"] == tried[chosen]


def test_a_given_lambda_is_kept(tmp_path: Path) -> None:
    checkpoint, _ = train(tmp_path / "run", replace(SHORT, joint_weight=0.0))
    assert checkpoint.routing() == Routing("soft", 0.0, "intents")


def test_without_a_classifier_the_network_routes_alone(tmp_path: Path) -> None:
    checkpoint, measures = train(tmp_path / "run", replace(SHORT, classifier=None))
    assert checkpoint.routing() == Routing("soft", 1.0, "none")
    assert checkpoint.classifier() is None
    assert checkpoint.tables().features is None
    assert measures["mean"]["domain_accuracy"] is not None


def test_a_corpus_without_domains_is_trained_and_parsed(tmp_path: Path) -> None:
    corpus = read(write_slots(tmp_path / "corpus"), partition="train")
    checkpoint, measures = train(tmp_path / "run", TINY, corpus)
    parser = parser_of(checkpoint)
    (frame,) = parser.run([parser.vectorizer.item(Utterance(corpus[0].text))]).frames
    assert frame.domain is None
    assert frame.intent is not None
    assert frame.intent.name == "alarm_set"
    assert measures["mean"]["domain_accuracy"] is None
    assert measures["mean"]["exact_match"] > 0.8
    assert checkpoint.routing().classifier_classes == "intents"


def test_a_corpus_without_intents_is_trained_and_parsed(tmp_path: Path) -> None:
    corpus = read(write_conll(tmp_path / "corpus"), partition="train")
    checkpoint, measures = train(tmp_path / "run", TINY, corpus)
    parser = parser_of(checkpoint)
    (frame,) = parser.run([parser.vectorizer.item(Utterance(corpus[0].text, n_best=2))]).frames
    assert frame.domain is None
    assert frame.intent is None
    assert [slot.value for slot in frame.slots] == ["seven thirty"]
    assert frame.alternatives == ()
    assert measures["mean"]["intent_accuracy"] is None
    assert measures["mean"]["slot_f1"] > 0.9
    assert checkpoint.routing() == Routing("soft", 1.0, "none")


def test_a_tagger_of_slots_alone_reads_no_intents_of_a_corpus_that_has_them(tmp_path: Path) -> None:
    config = replace(TINY, slots_only=True, joint=replace(TINY.joint, mlp_size=0, start_spread=1.0))
    checkpoint, measures = train(tmp_path / "run", config)
    assert checkpoint.labels().intents == checkpoint.labels().domains == ()
    assert {example.intent for example in checkpoint.dev()} == {None}
    assert checkpoint.classifier() is None
    assert measures["mean"]["intent_accuracy"] is None
    assert measures["mean"]["slot_f1"] > 0.9


def test_what_a_tagger_of_slots_learns_together_has_no_intents_either(tmp_path: Path) -> None:
    other = OtherTask("rest", "massive:rest", Texts(examples(), examples("dev")), Checkpoint(tmp_path))
    texts = Texts(examples(), examples("dev"), examples("dev"), [other])
    assert texts.read_by(TINY) is texts
    read = texts.read_by(replace(TINY, slots_only=True))
    rest = read.others[0].texts
    parts = [read.train, read.dev, read.translations, rest.train, rest.dev]
    before = [texts.train, texts.dev, texts.translations, other.texts.train, other.texts.dev]
    assert [len(part) for part in parts] == [len(part) for part in before]
    assert {(one.domain, one.intent) for part in parts for one in part} == {(None, None)}
    assert list(rest.others) == []


def test_a_network_a_domain_is_trained_and_parses_n_best(tmp_path: Path) -> None:
    config = replace(PER_DOMAIN, optim=replace(TINY.optim, epochs=12))
    checkpoint, measures = train(tmp_path / "run", config)
    assert len(networks_of(checkpoint)) == 3
    assert [line["network"] for line in log(checkpoint) if "network" in line and line["epoch"] == 1] == [
        "alarm",
        "music",
        "weather",
    ]
    assert measures["mean"]["exact_match"] > 0.9
    parser = parser_of(checkpoint)
    utterances = [Utterance(example.text, example.locale, n_best=4) for example in examples()]
    items = [parser.vectorizer.item(utterance) for utterance in utterances]
    for frame, example in zip(parser.run(items).frames, examples(), strict=True):
        hypotheses: list[Frame | Alternative] = [frame, *frame.alternatives]
        assert len({each.intent.name for each in hypotheses if each.intent}) == 4
        assert frame.domain is not None
        assert frame.domain.name == example.domain
        domains = [each.domain.confidence for each in hypotheses if each.domain]
        assert all(left >= right - 1e-6 for left, right in pairwise(domains))
        assert all(0.0 <= each.confidence <= 1.0 for each in hypotheses)


def test_a_domain_without_dev_utterances_is_trained_to_the_end(tmp_path: Path) -> None:
    checkpoint, _ = train(tmp_path / "run", PER_DOMAIN, dev=examples("dev"))  # no music there
    assert [line["best"] for line in log(checkpoint) if line.get("network") == "music"] == [True, True]


def test_per_domain_needs_domains(tmp_path: Path) -> None:
    corpus = [replace(example, domain=None) for example in examples()]
    with pytest.raises(ConfigError, match="found per-domain for a corpus without domains, expected shared"):
        train(tmp_path / "run", PER_DOMAIN, corpus)


def test_the_classifier_keeps_the_heaviest_features_and_their_rows(tmp_path: Path) -> None:
    """Each kept hash stands in the row of its weights: pruned to all, the model says what it said unpruned."""
    config = replace(TINY.classifier or MaxEntConfig(), kept_features=40)
    pruned, _ = train(tmp_path / "pruned", replace(SHORT, classifier=config))
    whole, _ = train(tmp_path / "whole", SHORT)
    (few, all_of_them) = (actual.tables().features for actual in (pruned, whole))
    model, unpruned = pruned.classifier(), whole.classifier()
    assert few is not None
    assert all_of_them is not None
    assert model is not None
    assert unpruned is not None
    assert len(few.hashes) == 40 < len(all_of_them.hashes)
    assert len(model.maxent.weights_VC) == 41
    norms = dict(
        zip(all_of_them.hashes.tolist(), np.linalg.norm(unpruned.maxent.weights_VC[1:], axis=1), strict=True)
    )
    lightest_kept = min(norms[feature] for feature in few.hashes.tolist())
    heaviest_left = max(norm for feature, norm in norms.items() if feature not in set(few.hashes.tolist()))
    assert lightest_kept >= heaviest_left
    squares = dict(zip(all_of_them.hashes.tolist(), unpruned.maxent.squares_V[1:], strict=True))
    assert [squares[feature] for feature in few.hashes.tolist()] == pytest.approx(
        model.maxent.squares_V[1:].tolist()
    )


@pytest.mark.parametrize("config", [SHORT, PER_DOMAIN], ids=["shared", "per-domain"])
@pytest.mark.parametrize("at", [("iteration", 2), ("batch", 1), ("batch", 11), ("epoch", 1), ("epoch", 2)])
def test_a_run_stopped_anywhere_ends_as_an_uninterrupted_one(
    config: RunConfig, at: tuple[str, int], tmp_path: Path
) -> None:
    """Stopped and gone on with: the same weights, log and measures."""
    whole, expected = train(tmp_path / "whole", config)
    checkpoint = start(tmp_path / "stopped", config)
    with pytest.raises(KeyboardInterrupt):
        fit(checkpoint, config, Texts(examples(), examples()), Interrupting(*at))
    assert not checkpoint.complete
    assert fit(checkpoint, config, Texts(examples(), examples()), QUIET) == expected
    assert same(networks(checkpoint), networks(whole))
    assert log(checkpoint) == log(whole)


class Interrupting(Progress):
    """Stops the run as Ctrl-C would, at the n-th iteration of the classifier, or batch or end of an epoch."""

    def __init__(self, what: str, count: int) -> None:
        super().__init__(quiet=True)
        self._what, self._left = what, count

    @contextmanager
    def stage(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        with super().stage(name, total):
            yield lambda _reached: self._count("iteration")

    def step(self, done: int, of: int) -> None:
        self._count("batch")
        super().step(done, of)

    def close_epoch(self, line: dict[str, Any]) -> None:
        super().close_epoch(line)
        self._count("epoch")

    def _count(self, what: str) -> None:
        self._left -= what == self._what
        if self._left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("config", [SHORT, PER_DOMAIN], ids=["shared", "per-domain"])
@pytest.mark.parametrize("at", [("iteration", 1), ("batch", 3)])
def test_word_vectors_are_trained_once_and_outlive_a_stop(
    config: RunConfig, at: tuple[str, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """fastText gives other vectors each time: every network, and a run gone on with, starts from the ones kept."""
    pytest.importorskip("fasttext")
    embedder = replace(config.joint.embedder, word_vectors="fasttext", freeze_words=True)
    config = replace(config, joint=replace(config.joint, embedder=embedder))
    checkpoint = start(tmp_path / "run", config)
    with pytest.raises(KeyboardInterrupt):
        fit(checkpoint, config, Texts(examples(), examples()), Interrupting(*at))
    remaining = checkpoint.word_vectors()
    assert remaining is not None
    assert re.search(r"word vectors \(fasttext\): (\d+) of \1 words covered, 100.0%", capsys.readouterr().out)
    fit(checkpoint, config, Texts(examples(), examples()), QUIET)
    assert "word vectors" not in capsys.readouterr().out
    for network in networks_of(checkpoint):
        assert (
            network.get_parameter("embedder.words.weight")[remaining.rows_N].numpy() == remaining.vectors_NE
        ).all()


def test_words_without_a_vector_keep_a_random_start_and_coverage_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size = SHORT.joint.embedder.word_size
    (tmp_path / "some.vec").write_text(
        f"2 {size}\nalarm{' 2' * size}\nother{' 1' * size}\n", encoding="utf-8"
    )
    path = str(tmp_path / "some.vec")
    embedder = replace(SHORT.joint.embedder, word_vectors=path, freeze_words=True)
    checkpoint, _ = train(tmp_path / "run", replace(SHORT, joint=replace(SHORT.joint, embedder=embedder)))
    ids = checkpoint.tables().vocabulary.word_ids
    (network,) = networks_of(checkpoint)
    table = network.get_parameter("embedder.words.weight").detach()
    assert (
        f"word vectors ({path}): 1 of {len(ids)} words covered, {1 / len(ids):.1%}" in capsys.readouterr().out
    )
    assert {"word_vectors": path, "covered": 1, "words": len(ids)} in log(checkpoint)
    assert (table[ids["alarm"]] == 2.0).all()
    others = table[[number for word, number in ids.items() if word != "alarm"]]
    assert others.square().mean().sqrt().item() == pytest.approx(2.0, rel=0.05)
