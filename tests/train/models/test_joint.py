"""The family table: what holds for every encoder with every head under every scheme, and the losses' weights.

Axes: B utterances, T tokens, I intents, K tags.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, get_args, get_type_hints

import pytest
import torch

from polyparse.contract.tags import SCHEMES
from tests.train.corpus import examples
from tests.train.tiny import TINY, backward, gold, losses, parts, with_joint
from train.config import RunConfig
from train.models.encoders import ENCODERS
from train.models.encoders.base import EncoderConfig
from train.models.encoders.parallel import Parallel
from train.models.heads import HEADS
from train.training.trainer import build_network, evaluate

if TYPE_CHECKING:
    from tests.train.tiny import Gold
    from train.data.task import Task
    from train.models.joint import BatchTensors, JointNetwork

WITH_AUXILIARY = [
    ("bilstm + gated-cnn", "crf", "IO"),
    ("linear + cnn", "ain", "BIO"),
    ("cnn + cnn", "softmax", "BIOES"),
]
STEPS = 60
"""Within which a network learns the corpus."""
STEPS_BETWEEN = 12
"""From one look at what it has learnt to the next."""
FAMILY = [*product(ENCODERS, HEADS, SCHEMES), *WITH_AUXILIARY]
family = pytest.mark.parametrize(("encoder", "head", "scheme"), FAMILY)
PAIRS = [
    (encoder, head, list(SCHEMES)[(nth_encoder + nth_head) % len(SCHEMES)])
    for (nth_encoder, encoder), (nth_head, head) in product(enumerate(ENCODERS), enumerate(HEADS))
]
"""Of the family, what has every encoder with every head, and each of them under every scheme, once."""


def build(encoder: str = "bilstm", head: str = "crf", scheme: str = "BIO") -> tuple[JointNetwork, Task]:
    """A network without dropout, started from a seed, and the whole corpus; "a + b" is a with an auxiliary b."""
    still = replace(
        TINY.joint,
        embedder=replace(TINY.joint.embedder, word_dropout=0.0),
        encoder=replace(TINY.joint.encoder, dropout=0.0),
    )
    config = replace(TINY, joint=still, scheme=scheme)  # type: ignore[arg-type]  # a key of SCHEMES
    config = with_joint(config, encoder=encoder, head=head, embedding_dropout=0.0, mlp_dropout=0.0)
    task, tables = parts(config, examples(), examples())
    torch.manual_seed(0)
    return build_network(task, tables, config), task


def widened(tensors: BatchTensors, columns: int) -> BatchTensors:
    """The same batch with more padding, all of which holds a word."""
    words_BT = torch.nn.functional.pad(tensors.words_BT, (0, columns), value=1)
    padding_BT = torch.arange(words_BT.shape[1]) >= tensors.lengths_B[:, None]
    return tensors._replace(words_BT=words_BT.masked_fill(padding_BT, 1))


@torch.inference_mode()
def answers(network: JointNetwork, tensors: BatchTensors) -> list[tuple[torch.Tensor, ...]]:
    """(logits_I, emissions_TK, path_T, marginals_T, log_prob) of each utterance, its padding cut off."""
    network.eval()
    logits_BI, emissions_BTK = network(tensors)
    allowed_BK = torch.ones(len(emissions_BTK), emissions_BTK.shape[2], dtype=torch.bool)
    decoded = network.head.decode(emissions_BTK, allowed_BK, tensors.lengths_B)
    return [
        (logits_BI[b], emissions_BTK[b, :n], decoded[0][b, :n], decoded[1][b, :n], decoded[2][b])
        for b, n in enumerate(tensors.lengths_B.tolist())
    ]


@family
def test_alone_equals_in_company_whatever_stands_in_the_padding(encoder: str, head: str, scheme: str) -> None:
    network, task = build(encoder, head, scheme)
    rows = range(0, 40, 3)
    company = gold(task, rows).tensors
    alone = [answers(network, gold(task, [row]).tensors)[0] for row in rows]
    for batch in (company, widened(company, 3)):
        for together, by_itself in zip(answers(network, batch), alone, strict=True):
            for part, expected in zip(together, by_itself, strict=True):
                assert part.allclose(expected, atol=1e-5)


@family
def test_the_loss_of_a_batch_is_the_mean_of_its_utterances(encoder: str, head: str, scheme: str) -> None:
    network, task = build(encoder, head, scheme)
    rows = range(0, 40, 5)
    together = losses(network, gold(task, rows))
    alone = torch.stack([losses(network, gold(task, [row])) for row in rows])
    assert together.allclose(alone.mean(0), atol=1e-4)


@family
def test_gradients_reach_every_parameter_and_a_step_lowers_the_loss(
    encoder: str, head: str, scheme: str
) -> None:
    network, task = build(encoder, head, scheme)
    batch = gold(task, range(40))
    before = backward(network, batch)
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name
    torch.optim.SGD(network.parameters(), lr=1e-3).step()
    assert backward(network, batch) < before


def has_learnt(network: JointNetwork, task: Task, batch: Gold, optimiser: torch.optim.Optimizer) -> bool:
    """Whether the network is right about the corpus after some more steps."""
    network.train()
    for _ in range(STEPS_BETWEEN):
        backward(network, batch)
        optimiser.step()
    exact_match = evaluate(network, task)["exact_match"]
    assert exact_match is not None
    return exact_match > 0.9


@pytest.mark.parametrize(("encoder", "head", "scheme"), [*PAIRS, *WITH_AUXILIARY])
def test_it_learns_the_corpus(encoder: str, head: str, scheme: str) -> None:
    network, task = build(encoder, head, scheme)
    batch = gold(task, range(40))
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    assert any(has_learnt(network, task, batch, optimiser) for _ in range(STEPS // STEPS_BETWEEN))


def test_an_auxiliary_branch_learns_by_itself_and_does_not_answer() -> None:
    network, task = build("bilstm + gated-cnn")
    assert network.auxiliary is not None
    assert [branch.encoder for branch in network.trained_branches()] == [
        network.encoder,
        network.auxiliary.encoder,
    ]
    batch = gold(task, range(12))
    main, auxiliary = network.branch_scores(batch.tensors)
    assert not main.emissions_BTK.equal(auxiliary.emissions_BTK)
    logits_BI, emissions_BTK = network.eval()(batch.tensors)
    assert logits_BI.allclose(main.logits_BI, atol=1e-6)
    assert emissions_BTK.allclose(main.emissions_BTK, atol=1e-6)
    torch.autograd.backward(auxiliary.logits_BI.sum())
    assert network.embedder.words.weight.grad is not None
    assert all(parameter.grad is None for parameter in network.encoder.parameters())


def test_a_main_branch_teaches_an_auxiliary_one_nothing() -> None:
    network, task = build("bilstm + gated-cnn")
    assert network.auxiliary is not None
    main, _ = network.branch_scores(gold(task, range(12)).tensors)
    torch.autograd.backward(main.logits_BI.sum())
    assert network.embedder.words.weight.grad is not None
    assert all(parameter.grad is None for parameter in network.auxiliary.parameters())


def test_scores_in_float32_are_the_same_scores() -> None:
    network, task = build()
    (scores,) = network.branch_scores(gold(task, range(4)).tensors)
    half = scores._replace(
        logits_BI=scores.logits_BI.bfloat16(), emissions_BTK=scores.emissions_BTK.bfloat16()
    )
    exact = half.float()
    assert exact.logits_BI.dtype == exact.emissions_BTK.dtype == torch.float32
    assert exact.logits_BI.equal(half.logits_BI.float())
    assert exact.emissions_BTK.equal(half.emissions_BTK.float())
    assert exact.lengths_B.equal(scores.lengths_B)


def test_alpha_and_beta_weigh_the_losses() -> None:
    network, task = build()
    batch = gold(task, [0, 1])
    intent, slots = losses(network, batch)
    network.config = replace(network.config, alpha=0.5, beta=3.0)
    weighed_intent, weighed_slots = losses(network, batch)
    assert weighed_intent.allclose(0.5 * intent)
    assert weighed_slots.allclose(3.0 * slots)


def test_without_intents_only_slots_are_learnt() -> None:
    task, tables = parts(TINY, [replace(example, domain=None, intent=None) for example in examples()])
    network = build_network(task, tables, TINY)
    batch = gold(task, range(8))
    logits_BI, _ = network(batch.tensors)
    intent_loss, slot_loss = losses(network, batch)
    assert logits_BI.shape == (8, 0)
    assert intent_loss == 0
    assert slot_loss > 0


@pytest.mark.parametrize(
    ("config", "entry", "table"),
    [(EncoderConfig, "kind", {**ENCODERS, "parallel": Parallel}), (RunConfig, "scheme", SCHEMES)],
)
def test_a_config_may_name_just_what_there_is(config: type, entry: str, table: dict[str, object]) -> None:
    assert get_args(get_type_hints(config)[entry]) == tuple(table)
