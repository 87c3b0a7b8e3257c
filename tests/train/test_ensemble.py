"""Several runs as one: it says the mean of what its members say, under any head, and its members have to fit together.

Axes: B items, T tokens, I intents, K tags, V ids of the common vocabulary, E word vector.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from polyparse.errors import ConfigError
from polyparse.inference.ood import OodScore
from polyparse.inference.pipeline import Postprocessing
from polyparse.inference.routing import Routing
from polyparse.text.vectorizer import collate
from polyparse.text.vocabulary import FIRST
from tests.model_export.checkpoints import CONFIG, started, untrained
from tests.train.corpus import examples
from tests.train.models.test_torch_networks import close
from tests.train.tiny import with_joint
from train.ensemble import Ensemble, Member
from train.finished import networks_of, parser_of
from train.models.heads import HEADS
from train.models.maxent import MaxEntConfig

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.contract.frame import Frame
    from polyparse.inference.parser import Parser
    from train.checkpoint import Checkpoint
    from train.config import RunConfig
    from train.models.joint import BatchTensors

TEXTS = [example.utterance for example in examples()]
ROUTING = Routing("soft", 0.4, "intents")
FEWER_WORDS = replace(CONFIG.joint.embedder, min_word_count=2)
SECOND = replace(
    CONFIG, seed=2, classifier=None, joint=replace(CONFIG.joint, mlp_size=24, embedder=FEWER_WORDS)
)
"""Another member: of another size, over fewer words, without a classifier."""


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> list[Checkpoint]:
    folder = tmp_path_factory.mktemp("members")
    return [untrained(folder / "first", CONFIG), untrained(folder / "second", SECOND)]


def of_head(head: str, seed: int) -> RunConfig:
    return replace(with_joint(CONFIG, encoder="linear", head=head), seed=seed)


def frames_of(parser: Parser) -> list[Frame]:
    return parser.run([parser.vectorizer.item(text) for text in TEXTS]).frames


def scores_of(ensemble: Ensemble) -> tuple[np.ndarray, np.ndarray]:
    """log P(intent) and emissions of all texts, as the ensemble's own vectorizer reads them."""
    return ensemble.score(collate([ensemble.vectorizer.item(text) for text in TEXTS]))


@pytest.mark.parametrize("head", HEADS)
def test_a_run_named_twice_answers_as_that_run(head: str, tmp_path: Path) -> None:
    run = untrained(tmp_path / head, of_head(head, 1))
    twice = Ensemble([run, run]).parser(run.routing())
    frames = frames_of(twice)
    for frame, alone in zip(frames, frames_of(parser_of(run)), strict=True):
        assert close(frame, alone)
    assert len({frame.intent.name for frame in frames if frame.intent}) > 1


@pytest.mark.parametrize("head", HEADS)
def test_whatever_the_head_its_parameters_are_the_means_of_the_members(head: str, tmp_path: Path) -> None:
    runs = [untrained(tmp_path / str(seed), of_head(head, seed)) for seed in (1, 2)]
    ensemble = Ensemble(runs)
    assert type(ensemble.head) is HEADS[head]
    assert isinstance(ensemble.head, torch.nn.Module)
    first, second = (networks_of(run)[0].head for run in runs)
    assert isinstance(first, torch.nn.Module)
    assert isinstance(second, torch.nn.Module)
    names = [name for name, _ in first.named_parameters()]
    assert [name for name, _ in ensemble.head.named_parameters()] == names
    assert bool(names) == (head != "softmax")
    for name in names:
        mean = (first.get_parameter(name) + second.get_parameter(name)) / 2
        assert ensemble.head.get_parameter(name).allclose(mean)
    assert [frame.text for frame in frames_of(ensemble.parser(ROUTING))] == [text.text for text in TEXTS]


def test_it_says_the_mean_of_what_its_members_say(members: list[Checkpoint]) -> None:
    log_probs_BI, emissions_BTK = scores_of(Ensemble(members))
    apart = [scores_of(Ensemble([member])) for member in members]
    mean_BTK = np.mean([alone_BTK for _, alone_BTK in apart], axis=0)
    mean_BI = np.mean([alone_BI for alone_BI, _ in apart], axis=0)
    mean_BI -= np.log(np.exp(mean_BI).sum(axis=1, keepdims=True))
    assert emissions_BTK == pytest.approx(mean_BTK, abs=1e-4)
    assert log_probs_BI == pytest.approx(mean_BI, abs=1e-4)


def test_a_member_named_twice_weighs_twice_and_runs_once(
    members: list[Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = members
    ensemble = Ensemble([first, second, first])
    first_BTK, second_BTK = (scores_of(Ensemble([member]))[1] for member in members)
    runs, score = [], Member.score

    def counted(member: Member, tensors: BatchTensors) -> tuple[torch.Tensor, torch.Tensor]:
        runs.append(member)
        return score(member, tensors)

    monkeypatch.setattr(Member, "score", counted)
    assert scores_of(ensemble)[1] == pytest.approx((2 * first_BTK + second_BTK) / 3, abs=1e-4)
    assert len(runs) == 2
    first_KK, second_KK = (networks_of(run)[0].head.get_parameter("transitions_KK") for run in members)
    assert isinstance(ensemble.head, torch.nn.Module)
    assert ensemble.head.get_parameter("transitions_KK").allclose((2 * first_KK + second_KK) / 3)


def test_an_ensemble_of_one_parses_as_its_member(checkpoint: Checkpoint) -> None:
    """To the last bit, where a run has learnt something."""
    frames = frames_of(Ensemble([checkpoint]).parser(checkpoint.routing()))
    alone = frames_of(parser_of(checkpoint))
    assert [frame.slots for frame in frames] == [frame.slots for frame in alone]
    assert [frame.intent for frame in frames] == [frame.intent for frame in alone]


def test_the_first_classifier_among_the_members_is_the_ensembles(
    members: list[Checkpoint], tmp_path: Path
) -> None:
    first, second = members
    fewer_features = MaxEntConfig(min_feature_count=3, l2=1e-4)
    third = untrained(tmp_path / "third", replace(CONFIG, classifier=fewer_features))
    ensemble, expected = Ensemble([second, first, third]), first.classifier()
    assert expected is not None
    batch = collate([ensemble.vectorizer.item(text) for text in TEXTS])
    as_first_reads = collate([parser_of(first).vectorizer.item(text) for text in TEXTS])
    np.testing.assert_array_equal(ensemble.classify(batch), expected.log_probs(as_first_reads.features_BF))
    alone = Ensemble([second])
    assert alone.classifier is None
    assert alone.classify(collate([alone.vectorizer.item(text) for text in TEXTS])) is None


def test_text_is_read_under_the_largest_vocabulary(members: list[Checkpoint]) -> None:
    first, second = members
    assert len(first.tables().vocabulary.words) > len(second.tables().vocabulary.words)
    assert Ensemble([second, first]).vocabulary == first.tables().vocabulary


def test_a_word_is_the_unit_vectors_that_the_members_have_of_it_side_by_side(
    members: list[Checkpoint],
) -> None:
    ensemble = Ensemble(members)
    size = CONFIG.joint.embedder.word_size
    vectors_VE = ensemble.word_vectors_VE()
    assert vectors_VE.shape == (ensemble.vocabulary.size, 2 * size)
    word = next(iter(members[1].tables().vocabulary.word_ids))
    for number, member in enumerate(members):
        (network,) = networks_of(member)
        vector_E = network.get_parameter("embedder.words.weight")[
            member.tables().vocabulary.word_ids[word]
        ].detach()
        own_VE = vectors_VE[:, number * size : (number + 1) * size]
        assert own_VE[ensemble.vocabulary.word_ids[word]] == pytest.approx(
            (vector_E / vector_E.norm()).numpy(), abs=1e-6
        )
        assert np.linalg.norm(own_VE[FIRST:], axis=1) == pytest.approx(1.0, abs=1e-5)


def test_its_answers_are_postprocessed_where_it_is_told_to(members: list[Checkpoint]) -> None:
    never_in_domain = OodScore(threshold=0.5, weights={}, bias=9.0)
    ensemble = Ensemble(members)
    refusing = ensemble.parser(ROUTING, Postprocessing(ood=never_in_domain))
    assert all(frame.refused is not None for frame in frames_of(refusing))
    assert all(frame.refused is None for frame in frames_of(ensemble.parser(ROUTING)))


def test_no_member_is_refused() -> None:
    with pytest.raises(ConfigError, match="ensemble: found no member"):
        Ensemble([])


def test_an_unfinished_member_is_refused(members: list[Checkpoint], tmp_path: Path) -> None:
    begun = started(tmp_path / "begun", CONFIG)
    with pytest.raises(ConfigError, match=rf"ensemble: {begun.folder}: found an unfinished run"):
        Ensemble([*members, begun])


def test_a_member_with_another_head_than_the_first_is_refused(
    members: list[Checkpoint], tmp_path: Path
) -> None:
    softmax = untrained(tmp_path / "softmax", of_head("softmax", 1))
    message = "found topology shared with head {}, expected shared with {}"
    with pytest.raises(ConfigError, match=message.format("softmax", "crf")):
        Ensemble([*members, softmax])
    with pytest.raises(ConfigError, match=message.format("crf", "softmax")):
        Ensemble([softmax, *members])


def test_a_member_with_a_network_a_domain_is_refused(tmp_path: Path) -> None:
    per_domain = untrained(tmp_path / "per-domain", replace(CONFIG, topology="per-domain"))
    with pytest.raises(
        ConfigError, match="found topology per-domain with head crf, expected shared with crf"
    ):
        Ensemble([per_domain])


def test_a_member_with_other_labels_is_refused(members: list[Checkpoint], tmp_path: Path) -> None:
    other = untrained(tmp_path / "other", replace(CONFIG, scheme="IO"))
    with pytest.raises(ConfigError, match=rf"ensemble: {other.folder}: found other labels than in"):
        Ensemble([*members, other])
