"""A checkpoint folder: what is written is what is read, whole or not at all; what is missing is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from polyparse.contract.frame import Utterance
from polyparse.corpora.example import Origin
from polyparse.errors import ConfigError
from polyparse.inference.ood import OodScore
from polyparse.inference.training_text import TrainingText
from polyparse.text.features import FeatureTable
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary
from tests.model_export.checkpoints import CONFIG, untrained
from tests.train.corpus import examples
from tests.train.tiny import TINY
from train import checkpoint as checkpoints
from train.artefacts import ARTEFACTS, artefact
from train.checkpoint import Checkpoint
from train.data.task import TextTables, collect_labels
from train.embeddings.vec_file import PretrainedVectors
from train.finished import networks_of, parser_of
from train.models.domain_classifier import DomainClassifier
from train.models.maxent import MaxEnt
from train.models.word_bag import WordBag
from train.recipes import RECIPES
from train.run_record import RunRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from train.config import RunConfig

TABLES = TextTables(
    Vocabulary(("wake", "कल"), "wakeकल"), FeatureTable(np.array([3, 2**32 - 1], dtype=np.uint32))
)


def run(config: RunConfig = TINY) -> RunRecord:
    return RunRecord(
        config, "massive:corpus", ("en-US", "hi-IN"), "abc", {"torch": "1"}, "2025-01-01T00:00:00+00:00"
    )


def checkpoint(folder: Path, config: RunConfig = TINY) -> Checkpoint:
    """With all that comes before the networks."""
    actual = Checkpoint(folder)
    actual.save("run", run(config))
    actual.save("labels", collect_labels(examples(), "BIO"))
    actual.save_tables(TABLES)
    return actual


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_run_is_read_as_it_was_written(recipe: str, tmp_path: Path) -> None:
    checkpoint(tmp_path, RECIPES[recipe]())
    assert Checkpoint(tmp_path).run() == run(RECIPES[recipe]())


def test_labels_dev_and_tables_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = checkpoint(tmp_path)
    written.save("dev", examples("dev"))
    actual = Checkpoint(tmp_path)
    assert actual.labels() == collect_labels(examples(), "BIO")
    assert actual.dev() == examples("dev")
    assert actual.tables().vocabulary == TABLES.vocabulary
    features = actual.tables().features
    assert features is not None
    assert features.hashes.tolist() == [3, 2**32 - 1]


def test_lines_that_only_some_programs_cut_stay_whole(tmp_path: Path) -> None:
    """U+2028 and U+0085 may stand inside an utterance."""
    odd = [replace(examples()[0], text="wake\u2028me\u0085up", slots=())]
    Checkpoint(tmp_path).save("dev", odd)
    assert Checkpoint(tmp_path).dev() == odd


@pytest.mark.parametrize("with_bag", [True, False])
def test_a_classifier_is_read_as_it_was_written(with_bag: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def drawn(*shape: int) -> NDArray[np.float32]:
        return rng.normal(size=shape).astype(np.float32)

    maxent = MaxEnt(drawn(3, 2), drawn(3), drawn(2))
    bag = WordBag(drawn(4, 5), drawn(5, 6), drawn(6), drawn(6, 2), drawn(2))
    written = DomainClassifier(maxent, bag, n_bag_only=1) if with_bag else DomainClassifier(maxent)
    Checkpoint(tmp_path).save("classifier", written)
    actual = Checkpoint(tmp_path).classifier()
    assert actual is not None
    assert actual.n_bag_only == written.n_bag_only
    for one, other in ((actual.maxent, maxent), (actual.bag, written.bag)):
        assert type(one) is type(other)
        if other is not None:
            for name, array in vars(other).items():
                np.testing.assert_array_equal(getattr(one, name), array)


def test_word_vectors_are_read_as_they_were_written(tmp_path: Path) -> None:
    vectors = PretrainedVectors(np.array([2, 5]), np.array([[1.0, 2.0], [3.0, -4.0]], dtype=np.float32))
    Checkpoint(tmp_path).save("word_vectors", vectors)
    actual = Checkpoint(tmp_path).word_vectors()
    assert actual is not None
    assert actual.rows_N.tolist() == [2, 5]
    assert (actual.vectors_NE == vectors.vectors_NE).all()


def test_an_out_of_domain_score_and_its_training_text_are_read_as_they_were_written(tmp_path: Path) -> None:
    score = OodScore(threshold=0.75, weights={"unseen_ngrams": 2.0, "unknown_words": 0.5}, bias=-1.5)
    written = checkpoint(tmp_path)
    text = TrainingText.build(
        [Vectorizer(TABLES.vocabulary, None).item(Utterance("wake कल"))],
        [1],
        vocabulary_size=TABLES.vocabulary.size,
        n_domains=len(written.labels().domains),
    )
    written.save("ood", score)
    written.save("training_text", text)
    assert Checkpoint(tmp_path).ood() == score
    read = Checkpoint(tmp_path).training_text()
    assert read is not None
    np.testing.assert_array_equal(read.ngrams_N, text.ngrams_N)
    np.testing.assert_array_equal(read.log_ratios_VD, text.log_ratios_VD)


def test_an_out_of_domain_score_that_is_none_is_named_by_its_file(tmp_path: Path) -> None:
    checkpoint(tmp_path).save("ood", {"threshold": 0.5, "weights": {}})
    with pytest.raises(ConfigError, match=r"ood\.json: found no key 'bias'"):
        Checkpoint(tmp_path).ood()


def test_what_a_run_does_without_is_none(tmp_path: Path) -> None:
    actual = checkpoint(tmp_path)
    actual.save_tables(replace(TABLES, features=None))
    (tmp_path / "features.npy").unlink()
    assert actual.tables().features is None
    assert actual.classifier() is None
    assert actual.word_vectors() is None
    assert actual.ood() is None
    assert actual.training_text() is None
    assert actual.find("training-0") is None


def test_it_says_how_far_the_run_got(tmp_path: Path) -> None:
    actual = Checkpoint(tmp_path)
    assert [actual.exists, actual.has_labels, actual.has_tables, actual.complete] == [False] * 4
    checkpoint(tmp_path)
    assert [actual.exists, actual.has_labels, actual.has_tables, actual.complete] == [True, True, True, False]
    actual.save("measures", {})
    assert actual.complete


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("run.json", lambda target: target.save("run", object())),
        ("vocabulary.json", lambda target: target.save_tables(TextTables(Vocabulary(("\ud800",), ""), None))),
        ("training-0.pt", lambda target: target.save("training-0", {"it": lambda: None})),
    ],
)
def test_a_write_that_fails_leaves_what_was_there(
    name: str, write: Callable[[Checkpoint], None], tmp_path: Path
) -> None:
    """As one that is interrupted does."""
    target = checkpoint(tmp_path)
    target.save("training-0", {"epoch": torch.tensor(3)})
    before = (tmp_path / name).read_bytes()
    with pytest.raises(Exception, match=r"Unable to serialize|surrogates|pickle|local object"):
        write(target)
    assert (tmp_path / name).read_bytes() == before


def test_a_log_grows_by_lines(tmp_path: Path) -> None:
    for epoch in (1, 2):
        Checkpoint(tmp_path).log({"epoch": epoch})
    lines = (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{"epoch": 1}, {"epoch": 2}]


def test_a_folder_that_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"{tmp_path}: found no run.json, expected a checkpoint folder"):
        Checkpoint(tmp_path).run()


def test_an_entry_that_no_config_has_is_named(tmp_path: Path) -> None:
    checkpoint(tmp_path)
    file = tmp_path / "run.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"alpha"', '"alfa"'), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"run\.json: config\.joint: found the unknown key 'alfa'"):
        Checkpoint(tmp_path).run()


def test_networks_that_are_handed_in_answer_in_place_of_its_own(tmp_path: Path) -> None:
    """One is made to see no slot anywhere, where the run's own, untrained as it is, sees many."""
    run = untrained(tmp_path / "run", CONFIG)
    utterances = [example.utterance for example in examples()]
    (network,) = networks_of(run)
    with torch.no_grad():
        network.get_parameter("slots.output.bias")[run.labels().tag_ids["O"]] += 1e3
    assert any(frame.slots for frame in parser_of(run).parse(utterances))
    assert not any(frame.slots for frame in parser_of(run, [network]).parse(utterances))


def test_a_run_that_has_not_ended_has_no_networks(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"{tmp_path}: found no network-0.pt, expected a finished run"):
        networks_of(checkpoint(tmp_path))


def test_a_network_has_the_labels_of_its_domain(tmp_path: Path) -> None:
    labels = collect_labels(examples(), "BIO")
    assert checkpoint(tmp_path).network_labels() == [labels]
    actual = checkpoint(tmp_path, replace(TINY, topology="per-domain")).network_labels()
    assert actual == [labels.restrict(0), labels.restrict(1), labels.restrict(2)]


def test_a_run_has_learnt_once_an_epoch_has_ended(tmp_path: Path) -> None:
    started = Checkpoint(tmp_path)
    assert not started.has_learnt
    started.log({"stage": "text tables and domain classifier", "seconds": 1.0})
    assert not started.has_learnt
    started.log({"network": "all", "epoch": 1})
    assert started.has_learnt


def test_a_run_that_is_discarded_leaves_an_empty_folder(tmp_path: Path) -> None:
    discarded = checkpoint(tmp_path)
    discarded.save("run", run())
    discarded.save("dev", examples("dev"))
    discarded.log({"stage": "text tables and domain classifier"})
    discarded.save("training-0", {})
    (tmp_path / "vocabulary.partial").touch()
    discarded.discard()
    assert list(tmp_path.iterdir()) == []


def test_dev_examples_are_written_without_their_places(tmp_path: Path) -> None:
    """So that the same corpus gives the same bytes wherever it lies."""
    example = replace(examples("dev")[0], origin=Origin(Path("corpus/en-US.jsonl"), 7, ("a remark",)))
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save("dev", [example])
    assert "origin" not in json.loads((tmp_path / "dev.jsonl").read_text(encoding="utf-8"))
    assert checkpoint.dev() == [example]


def test_every_artefact_is_in_the_folder_s_description() -> None:
    for kind in ARTEFACTS.values():
        assert kind.file.replace("{}", "N") in (checkpoints.__doc__ or ""), kind.file


@pytest.mark.parametrize("name", ARTEFACTS)
def test_an_artefact_that_is_absent_is_none_and_named_where_it_is_needed(name: str, tmp_path: Path) -> None:
    name = f"{name}-0" if "{}" in ARTEFACTS[name].file else name
    assert not Checkpoint(tmp_path).has(name)
    assert Checkpoint(tmp_path).find(name) is None
    Checkpoint(tmp_path).delete(name)
    with pytest.raises(
        ConfigError, match=rf"{tmp_path}: found no {artefact(name)[1]}, expected a checkpoint"
    ):
        Checkpoint(tmp_path).read(name)
