"""Learning from a teacher's chain: expected counts and cross entropies against the list of all paths.

Axes: B utterances, T tokens, K tags.
"""

from __future__ import annotations

import math
from itertools import pairwise, product

import numpy as np
import pytest
import torch

from tests.oracles.cases import chain, random_case, random_head
from tests.oracles.paths import Chain, enumerate_paths, score
from train.models.heads import HEADS
from train.models.heads.crf import Crf
from train.models.heads.forward_backward import ExpectedCounts, expected_counts
from train.models.heads.margin_crf import MarginCrf

LENGTHS = [4, 1, 3, 2, 4]
SCHEMES = [("IO", 4), ("BIO", 2), ("BIOES", 1)]


def crf(scheme: str, n_slots: int, seed: int) -> Crf:
    head = random_head("crf", scheme, n_slots, seed=seed)
    assert isinstance(head, Crf)
    return head.double()


def expectation(head: Crf, emissions_BTK: torch.Tensor, lengths_B: torch.Tensor) -> ExpectedCounts:
    start_K, transitions_IJ, end_K = head.potentials(-torch.inf)
    return expected_counts(emissions_BTK, start_K, transitions_IJ, end_K, lengths_B)


def probabilities(scores: Chain) -> dict[tuple[int, ...], float]:
    """P(y) of every legal path."""
    n_tokens, n_tags = scores.emissions_TK.shape
    log_partition = enumerate_paths(scores).log_partition
    actual = {path: score(path, scores) for path in product(range(n_tags), repeat=n_tokens)}
    return {path: math.exp(value - log_partition) for path, value in actual.items() if value > -math.inf}


@pytest.mark.parametrize(("scheme", "n_slots"), SCHEMES)
def test_expected_counts_are_those_of_all_paths(scheme: str, n_slots: int) -> None:
    head = crf(scheme, n_slots, seed=3)
    case = random_case(len(head.tags), LENGTHS, seed=1).double()
    actual = expectation(head, case.emissions_BTK, case.lengths_B)
    starts_K, ends_K = np.zeros(len(head.tags)), np.zeros(len(head.tags))
    transitions_IJ = np.zeros((len(head.tags), len(head.tags)))
    for index, length in enumerate(LENGTHS):
        scores = chain(head, case, index)
        for path, probability in probabilities(scores).items():
            starts_K[path[0]] += probability
            ends_K[path[-1]] += probability
            for before, tag in pairwise(path):
                transitions_IJ[before, tag] += probability
        marginals_TK = enumerate_paths(scores).marginals_TK
        assert actual.marginals_BTK[index, :length].numpy() == pytest.approx(marginals_TK, abs=1e-9)
        assert not actual.marginals_BTK[index, length:].any()
    assert actual.starts_K.numpy() == pytest.approx(starts_K, abs=1e-9)
    assert actual.transitions_IJ.numpy() == pytest.approx(transitions_IJ, abs=1e-9)
    assert actual.ends_K.numpy() == pytest.approx(ends_K, abs=1e-9)


@pytest.mark.parametrize(("scheme", "n_slots"), SCHEMES)
def test_the_crf_is_charged_the_cross_entropy_over_all_paths(scheme: str, n_slots: int) -> None:
    teacher, student = crf(scheme, n_slots, seed=3), crf(scheme, n_slots, seed=4)
    said = random_case(len(teacher.tags), LENGTHS, seed=1).double()
    case = random_case(len(teacher.tags), LENGTHS, seed=2).double()
    total = 0.0
    for index in range(len(LENGTHS)):
        local = chain(student, case, index)
        log_partition = enumerate_paths(local).log_partition
        for path, probability in probabilities(chain(teacher, said, index)).items():
            total += probability * (log_partition - score(path, local))
    expected = expectation(teacher, said.emissions_BTK, said.lengths_B)
    loss = student.soft_loss(case.emissions_BTK, expected, case.lengths_B)
    assert loss.item() == pytest.approx(total / len(LENGTHS), rel=1e-9)


@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_a_student_that_says_what_the_teacher_says_has_nothing_to_learn(head: str) -> None:
    """The cross entropy is least there: no gradient. A softmax's own chain has no steps."""
    student = random_head(head, "IO", 4, seed=5).double()
    case = random_case(len(student.tags), LENGTHS, seed=1).double()
    zero = torch.zeros(len(student.tags), dtype=torch.float64)
    chain_of = student.potentials() if isinstance(student, Crf) else (zero, zero.outer(zero), zero)
    expected = expected_counts(case.emissions_BTK, *chain_of, case.lengths_B)
    emissions_BTK = case.emissions_BTK.clone().requires_grad_()
    student.soft_loss(emissions_BTK, expected, case.lengths_B).backward()  # type: ignore[no-untyped-call]
    assert emissions_BTK.grad is not None
    assert emissions_BTK.grad.abs().max() < 1e-9
    for parameter in student.parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().max() < 1e-9


@pytest.mark.parametrize("head", sorted(HEADS))
def test_padding_plays_no_part_and_certainty_equals_labels(head: str) -> None:
    """A teacher without doubt teaches what the labels do; a margin is asked of labels alone."""
    student = random_head(head, "IO", 3, seed=6).double()
    if isinstance(student, MarginCrf):
        student.cost = 0.0
    case = random_case(len(student.tags), LENGTHS, seed=2).double()
    tags_BT = torch.zeros(case.emissions_BTK.shape[:2], dtype=torch.int64)
    for index, length in enumerate(LENGTHS):
        tags_BT[index, :length] = torch.arange(index, index + length) % len(student.tags)
    sure_BTK = 1e3 * torch.nn.functional.one_hot(tags_BT, len(student.tags)).double()
    zero = torch.zeros(len(student.tags), dtype=torch.float64)
    expected = expected_counts(sure_BTK, zero, zero.outer(zero), zero, case.lengths_B)
    hidden_BTK = case.emissions_BTK.clone()
    hidden_BTK[torch.arange(max(LENGTHS)) >= case.lengths_B[:, None]] = torch.nan
    soft = student.soft_loss(hidden_BTK, expected, case.lengths_B)
    assert soft.item() == pytest.approx(
        student.loss(case.emissions_BTK, tags_BT, case.lengths_B).item(), rel=1e-9
    )
