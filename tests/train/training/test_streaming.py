"""A corpus that is read as a stream gives the network of one in memory, and a run on it goes on where it was killed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from polyparse.corpora.read import read
from polyparse.errors import ConfigError, CorpusError
from polyparse.inference.routing import Routing
from polyparse.text.tokenised import TokenisedTexts
from tests.train.corpus import LOCALES, write_massive, write_slots
from tests.train.tiny import SETTINGS
from train.checkpoint import Checkpoint
from train.cli.train import main
from train.finished import parser_of

if TYPE_CHECKING:
    from pathlib import Path

STREAM = ("--threads=1", "--quiet", "--set=stream.on=true")


def run(folder: Path, corpus: str, *more: str, recipe: str = "stm") -> Checkpoint:
    assert main([recipe, f"--corpus={corpus}", f"--out={folder}", *SETTINGS, *more]) == 0
    return Checkpoint(folder)


def log(checkpoint: Checkpoint) -> list[dict[str, Any]]:
    lines = (checkpoint.folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [{k: v for k, v in json.loads(line).items() if "seconds" not in k} for line in lines]
    return [entry for entry in entries if "epoch" in entry]


def same(one: Checkpoint, other: Checkpoint) -> bool:
    """Whether their networks are equal to the bit."""
    weights, others = one.read("network-0"), other.read("network-0")
    return weights.keys() == others.keys() and all(weights[name].equal(others[name]) for name in weights)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_massive(tmp_path_factory.mktemp("corpus") / "massive")


def test_a_stream_gives_the_network_of_the_corpus_in_memory_to_the_bit(corpus: str, tmp_path: Path) -> None:
    """Tables, labels and epochs are the same too; the classifier is learnt by batches, and is another one."""
    masked = "--set=masked_words.epochs=1"
    memory = run(tmp_path / "memory", corpus, "--threads=1", "--quiet", masked)
    stream = run(tmp_path / "stream", corpus, *STREAM, masked)
    assert same(memory, stream)
    assert stream.labels() == memory.labels()
    assert stream.tables().vocabulary == memory.tables().vocabulary
    np.testing.assert_array_equal(stream.read("features").hashes, memory.read("features").hashes)
    assert log(stream) == log(memory)
    assert [one.text for one in stream.dev()] == [one.text for one in memory.dev()]


def test_a_run_killed_in_the_middle_of_an_epoch_goes_on_there_and_ends_alike(
    corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = (*STREAM, "--set=optim.batch_size=2", "--set=stream.save_steps=3")
    whole = run(tmp_path / "whole", corpus, *settings)
    steps = 0

    class Killed(BaseException):
        pass

    def killed(self: object, done: int, of: int) -> None:
        nonlocal steps
        steps += 1
        if steps == of + 5:  # the fifth update of the second epoch, two after the third, whose state is saved
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("train.progress.Progress.step", killed)
        with pytest.raises(Killed):
            run(tmp_path / "run", corpus, *settings)
    assert Checkpoint(tmp_path / "run").read("training-0")["midway"]["turns"] == 3
    resumed = run(tmp_path / "run", corpus, *settings, "--resume")
    assert same(whole, resumed)
    assert log(whole) == log(resumed)


def test_a_changed_corpus_is_no_corpus_to_go_on_with(tmp_path: Path) -> None:
    corpus = write_massive(tmp_path / "corpus")
    run(tmp_path / "run", corpus, *STREAM)
    file = tmp_path / "corpus" / "en-US.jsonl"
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(ConfigError, match=r"en-US.jsonl: found \d+ bytes of en-US, expected the file"):
        run(tmp_path / "run", corpus, *STREAM, "--resume")


def test_classifier_and_bag_learn_the_corpus_by_batches(corpus: str, tmp_path: Path) -> None:
    """With a bag of aligned words, whose translations stand in the locales that are not trained on."""
    bag = (
        '--set=classifier.bag={"vector_size": 8, "learning_rate": 0.05, "batch_size": 4, "share": 0.5}',
        "--set=classifier.kept_features=150",
        "--set=stream.classifier_epochs=15",
        "--set=joint_weight=0",
    )
    checkpoint = run(tmp_path / "run", corpus, *STREAM, *bag, f"--locales={','.join(LOCALES[:2])}")
    parser = parser_of(checkpoint)
    train = read(corpus, locales=LOCALES[:2], partition="train")
    frames = parser.run([parser.vectorizer.item(example.utterance) for example in train]).frames
    right = [
        frame.intent is not None and frame.intent.name == one.intent
        for frame, one in zip(frames, train, strict=True)
    ]
    assert checkpoint.routing() == Routing("soft", 0.0, "intents")
    assert np.mean(right) > 0.9


def test_an_epoch_of_so_many_steps_ends_there(corpus: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("train.progress.Progress.step", lambda _self, done, of: seen.append((done, of)))
        run(tmp_path / "run", corpus, *STREAM, "--set=optim.batch_size=2", "--set=stream.epoch_steps=4")
    assert seen == [(done, 4) for done in range(1, 5)] * 2


def test_the_texts_of_a_stream_are_not_kept(
    corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[str] = []
    monkeypatch.setattr(TokenisedTexts, "add", lambda _self, texts: kept.extend(texts))
    run(tmp_path / "run", corpus, *STREAM, "--set=optim.epochs=1")
    assert not kept


def test_what_a_stream_cannot_have_is_refused(corpus: str, tmp_path: Path) -> None:
    refused = {
        "folds=2": "folds",
        "swap.utterances=0.5": "swap.utterances",
        "written.utterances=0.5": r"written\.utterances",
        "data.choose_on=held": r"data\.choose_on",
        "data.subset.size=0.5": r"data\.subset",
    }
    for setting, key in refused.items():
        with pytest.raises(ConfigError, match=rf"{key}: found .* where the corpus is a stream"):
            run(tmp_path / "run", corpus, *STREAM, f"--set={setting}")
    slots = write_slots(tmp_path / "slots")
    with pytest.raises(ConfigError, match=r"^stream\.on: found the corpus 'slots:"):
        run(tmp_path / "run", slots, *STREAM)
    with pytest.raises(ConfigError, match=r"^stream\.on: found True, expected False with other tasks"):
        run(tmp_path / "run", corpus, *STREAM, f"--also=plain={slots}")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "en-US.jsonl").write_bytes(b"\n{\n")
    with pytest.raises(CorpusError, match=r"en-US\.jsonl:2: found invalid JSON"):
        run(tmp_path / "run", f"massive:{tmp_path / 'bad'}", *STREAM)
    assert not (tmp_path / "run").exists()
