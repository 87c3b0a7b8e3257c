"""A trained model as the pipeline sees it: what it answers is what its network and its MaxEnt say.

Axes: B items, T tokens, I intents, K tags, R hypotheses.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from polyparse.evaluation.evaluate import measure
from polyparse.inference.parser import Parser
from polyparse.inference.pipeline import Pipeline
from polyparse.inference.routing import Routing
from polyparse.text.vectorizer import Vectorizer, collate
from tests.train.corpus import examples
from tests.train.tiny import TINY, parts, with_joint
from train.models.heads import HEADS
from train.models.joint import BatchTensors, JointNetwork
from train.models.torch_networks import TorchNetworks
from train.progress import Progress
from train.training.classifier import fit_classifier
from train.training.run import Texts
from train.training.trainer import Trainer, build_network, train_epochs

if TYPE_CHECKING:
    from polyparse.contract.frame import Frame
    from train.data.task import Task


def network(head: str = "crf") -> tuple[JointNetwork, Task]:
    config = with_joint(TINY, head=head)
    task, tables = parts(config, examples(), examples())
    torch.manual_seed(0)
    return build_network(task, tables, config), task


def close(frame: Frame, other: Frame) -> bool:
    """Labels and spans the same, probabilities within 1e-4."""
    choices = [(frame.domain, other.domain), (frame.intent, other.intent)]
    same = all(a and b and a.name == b.name and abs(a.confidence - b.confidence) < 1e-4 for a, b in choices)
    spans = [[(s.name, s.start, s.end, s.value) for s in each.slots] for each in (frame, other)]
    return same and spans[0] == spans[1] and abs(frame.confidence - other.confidence) < 1e-4


def test_a_score_is_the_networks_own_in_evaluation() -> None:
    joint, task = network()
    joint.train()
    batch = collate(task.train[:5])
    log_probs_BI, emissions_BTK = TorchNetworks([joint], None).score(batch, 0)
    with torch.inference_mode():
        logits_BI, expected_BTK = joint(BatchTensors.of(batch))
    assert not joint.training
    assert emissions_BTK == pytest.approx(expected_BTK.numpy())
    assert log_probs_BI == pytest.approx(logits_BI.log_softmax(1).numpy(), abs=1e-6)
    assert np.exp(log_probs_BI).sum(1) == pytest.approx(1.0)


def test_the_network_asked_for_answers() -> None:
    (first, task), (second, _) = network(), network()
    with torch.no_grad():
        second.get_parameter("slots.output.bias")[1] += 50.0
    both = TorchNetworks([first, second], None)
    batch = collate(task.train[:3])
    assert (both.score(batch, 1)[1][0].argmax(1) == 1).all()
    assert not (both.score(batch, 0)[1][0].argmax(1) == 1).all()


@pytest.mark.parametrize("head", HEADS)
def test_decoding_is_the_heads_own(head: str) -> None:
    joint, task = network(head)
    networks = TorchNetworks([joint], None)
    batch = collate(task.train[:5])
    _, emissions_BTK = networks.score(batch, 0)
    allowed_BK = np.ones((5, len(task.labels.tags)), dtype=bool)
    allowed_BK[:, 3:] = False
    decoded = networks.decode(emissions_BTK, allowed_BK, batch.lengths_B, 0)
    with torch.inference_mode():
        expected = joint.head.decode(
            torch.from_numpy(emissions_BTK),
            torch.from_numpy(allowed_BK),
            torch.from_numpy(batch.lengths_B).long(),
        )
    for part, expected_part in zip(decoded, expected, strict=True):
        assert part == pytest.approx(expected_part.numpy())
    assert decoded.path_RT.max() < 3


def test_without_a_classifier_nothing_is_classified() -> None:
    joint, task = network()
    assert TorchNetworks([joint], None).classify(collate(task.train[:2])) is None


def test_frames_are_the_same_alone_and_in_company_and_measured_right() -> None:
    """The whole model, MaxEnt and routing included, after it has learnt something to be sure of."""
    config = replace(TINY, optim=replace(TINY.optim, epochs=6))
    task, tables = parts(config, examples(), examples())
    trainer = Trainer(build_network(task, tables, config), task, config)
    for _ in train_epochs(trainer):
        pass
    model, tables = fit_classifier(
        Texts(examples(), []), task.labels, tables, config.classifier, Progress(quiet=True)
    )
    assert model is not None
    vectorizer = Vectorizer(tables.vocabulary, tables.features)
    items = [vectorizer.item(item.utterance) for item in task.train]
    networks = TorchNetworks([trainer.network], model)
    routing = Routing("soft", 0.5, "intents")
    parser = Parser(vectorizer, Pipeline(task.labels, "shared", routing, networks))
    together = parser.run_all(items, batch_size=16)
    assert [frame.text for frame in together] == [example.text for example in examples()]
    for item, frame in zip(items, together, strict=True):
        (alone,) = parser.run([item]).frames
        assert close(alone, frame)
    measures = measure(examples(), together)
    right = [f.intent and f.intent.name == e.intent for e, f in zip(examples(), together, strict=True)]
    assert set(measures["locales"]) == {"en-US", "es-ES", "it-IT", "hi-IN"}
    assert measures["mean"]["intent_accuracy"] == pytest.approx(sum(map(bool, right)) / len(right))
    assert measures["mean"]["utterances"] == 40
