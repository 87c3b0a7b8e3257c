"""The score: a probability that rises with its signals, of one utterance alone; and how a rejection is read."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from polyparse.errors import ConfigError
from polyparse.inference.ood import SIGNALS, Evidence, Rejection, scores
from polyparse.inference.routing import log_normalise
from polyparse.schema import structure, unstructure

Floats = NDArray[np.float32]

N_INTENTS = 4
OWNERS_ID = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32)
numbers = st.floats(-30, 30, width=32)
rows = st.lists(numbers, min_size=N_INTENTS, max_size=N_INTENTS)
shares = st.floats(0, 1, width=32)
utterances = st.tuples(rows, rows, rows, shares, st.integers(1, 60), shares, numbers)
batches = st.lists(utterances, min_size=1, max_size=6)
rejections = st.builds(
    Rejection,
    threshold=st.floats(0, 1),
    weights=st.dictionaries(st.sampled_from(list(SIGNALS)), st.floats(-3, 3)),
    bias=st.floats(-3, 3),
)
Utterance = tuple[list[float], list[float], list[float], float, int, float, float]


def evidence(found: list[Utterance]) -> Evidence:
    mixture, joint, classified, unknown, lengths, novelty, atypicality = zip(*found, strict=True)
    return Evidence(
        mixture_BI=log_normalise(np.array(mixture, dtype=np.float32)),
        joint_BI=log_normalise(np.array(joint, dtype=np.float32)),
        classified_BX=log_normalise(np.array(classified, dtype=np.float32)),
        unknown_share_B=np.array(unknown, dtype=np.float32),
        lengths_B=np.array(lengths, dtype=np.int32),
        domains_BD=np.exp(log_normalise(np.array(mixture, dtype=np.float32))) @ OWNERS_ID,
        novelty_B=np.array(novelty),
        atypicality_B=np.array(atypicality),
    )


def of_mixture(*probabilities: float) -> Evidence:
    mixture_BI = np.log(np.array([probabilities], dtype=np.float32))
    return Evidence(mixture_BI, None, None, np.zeros(1, np.float32), np.ones(1, np.int32))


@given(rejections, batches)
def test_a_score_is_from_0_to_1(rejection: Rejection, found: list[Utterance]) -> None:
    scores_B = scores(rejection, evidence(found))
    assert scores_B.dtype == np.float32
    assert scores_B.shape == (len(found),)
    assert ((scores_B >= 0) & (scores_B <= 1)).all()


@given(rejections, batches)
def test_a_score_does_not_depend_on_batch_mates(rejection: Rejection, found: list[Utterance]) -> None:
    together = scores(rejection, evidence(found))
    alone = [float(scores(rejection, evidence([one]))[0]) for one in found]
    np.testing.assert_allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize("name", SIGNALS)
@given(found=batches)
def test_a_score_rises_with_a_signal_of_positive_weight(name: str, found: list[Utterance]) -> None:
    values_B = SIGNALS[name](evidence(found))
    scores_B = scores(Rejection(threshold=0.5, weights={name: 0.4}, bias=-0.2), evidence(found))
    order = np.argsort(values_B, kind="stable")
    assert (np.diff(scores_B[order]) >= 0).all()


@given(rejections)
def test_a_rejection_survives_json(rejection: Rejection) -> None:
    assert structure(Rejection, unstructure(rejection), where="rejection.json") == rejection


def test_the_score_is_the_sigmoid_of_the_weighted_sum() -> None:
    rejection = Rejection(threshold=0.5, weights={"surprise": 2.0, "doubt": 0.5}, bias=-1.0)
    entropy = -sum(p * log(p) for p in (0.7, 0.2, 0.1))
    total = 2.0 * -log(0.7) + 0.5 * entropy - 1.0
    assert float(scores(rejection, of_mixture(0.7, 0.2, 0.1))[0]) == pytest.approx(1 / (1 + exp(-total)))


@pytest.mark.parametrize("name", ["surprise", "doubt", "broad_doubt", "flatness"])
def test_an_even_split_is_more_doubtful_than_a_sure_answer(name: str) -> None:
    sure, likely, even = (of_mixture(p, (1 - p) / 2, (1 - p) / 2) for p in (0.98, 0.6, 1 / 3))
    found = [float(SIGNALS[name](each)[0]) for each in (sure, likely, even)]
    assert found == sorted(found)
    assert len(set(found)) == 3


@given(batches)
def test_flatness_is_minus_the_largest_logit_where_logits_have_mean_0(found: list[Utterance]) -> None:
    logits_BI = np.array([row for row, *_ in found], dtype=np.float64)
    logits_BI -= logits_BI.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(SIGNALS["flatness"](evidence(found)), -logits_BI.max(axis=1), atol=1e-3)


@pytest.mark.parametrize("name", ["novelty", "atypicality"])
def test_a_signal_that_reads_training_text_asks_for_it(name: str) -> None:
    rejection = Rejection(threshold=0.5, weights={"length": 1.0, name: 1.0}, bias=0.0)
    assert rejection.needs_seen_text
    assert not Rejection(threshold=0.5, weights={"length": 1.0}, bias=0.0).needs_seen_text
    with pytest.raises(ConfigError, match="found no text that training saw"):
        scores(rejection, of_mixture(0.7, 0.3))


def test_the_likeliest_domain_is_the_one_of_most_probability() -> None:
    found = of_mixture(0.3, 0.15, 0.35, 0.2)
    assert found.likeliest_domains_B.tolist() == [0]
    sums = np.exp(found.mixture_BI) @ OWNERS_ID
    assert replace(found, domains_BD=sums).likeliest_domains_B.tolist() == [1]


@pytest.mark.parametrize("part", ["joint", "classifier"])
@pytest.mark.parametrize("name", ["flatness", "broad_doubt"])
def test_the_mixture_stands_in_for_a_part_that_a_model_lacks(part: str, name: str) -> None:
    alone = of_mixture(0.6, 0.3, 0.1)
    assert SIGNALS[f"{part}_{name}"](alone) == SIGNALS[name](alone)


@pytest.mark.parametrize("name", ["flatness", "broad_doubt"])
def test_parts_are_read_where_a_model_has_them(name: str) -> None:
    even, sure = (np.log(np.array([row], dtype=np.float32)) for row in ([0.5, 0.5], [0.99, 0.01]))
    both = Evidence(even, sure, even, np.zeros(1, np.float32), np.ones(1, np.int32))
    assert SIGNALS[f"joint_{name}"](both) < SIGNALS[f"classifier_{name}"](both)


def test_doubt_between_intents_of_one_domain_is_no_doubt_of_the_domain() -> None:
    def doubt(*probabilities: float) -> float:
        found = of_mixture(*probabilities)
        return float(
            SIGNALS["broad_domain_doubt"](replace(found, domains_BD=np.exp(found.mixture_BI) @ OWNERS_ID))[0]
        )

    assert doubt(0.49, 0.49, 0.01, 0.01) < 0.6 * doubt(0.49, 0.01, 0.49, 0.01)
    assert doubt(0.25, 0.25, 0.25, 0.25) == pytest.approx(log(2))


def test_a_domain_of_probability_0_adds_no_doubt() -> None:
    sure = replace(of_mixture(0.5, 0.5), domains_BD=np.array([[1.0, 0.0]], dtype=np.float32))
    assert SIGNALS["broad_domain_doubt"](sure) == 0.0


def test_without_domains_their_doubt_is_that_of_the_intents() -> None:
    alone = of_mixture(0.6, 0.3, 0.1)
    assert SIGNALS["broad_domain_doubt"](alone) == SIGNALS["broad_doubt"](alone)


def test_a_signal_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"weights: found signal 'mood', expected some of surprise"):
        Rejection(threshold=0.5, weights={"mood": 1.0}, bias=0.0)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_outside_the_scores_is_refused(threshold: float) -> None:
    with pytest.raises(ConfigError, match="threshold: found"):
        Rejection(threshold=threshold, weights={}, bias=0.0)


def test_a_weight_that_is_no_number_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="surprise: found nan"):
        Rejection(threshold=0.5, weights={"surprise": float("nan")}, bias=0.0)
