"""The score: a probability that rises with its signals, of one utterance alone; and how it is read and refused."""

from __future__ import annotations

from dataclasses import fields, replace
from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from polyparse.errors import ConfigError
from polyparse.inference.ood import SIGNALS, Evidence, OodScore, threshold_of
from polyparse.inference.routing import log_normalise
from polyparse.schema import structure, unstructure

Floats = NDArray[np.float32]

N_INTENTS = 4
OWNERS_ID = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32)
numbers = st.floats(-30, 30, width=32)
rows = st.lists(numbers, min_size=N_INTENTS, max_size=N_INTENTS)
shares = st.floats(0, 1, width=32)
utterances = st.tuples(rows, shares, shares, numbers, numbers)
batches = st.lists(utterances, min_size=1, max_size=6)
ood_scores = st.builds(
    OodScore,
    threshold=st.floats(0, 1),
    weights=st.dictionaries(st.sampled_from(list(SIGNALS)), st.floats(-3, 3)),
    bias=st.floats(-3, 3),
)
Utterance = tuple[list[float], float, float, float, float]


def evidence_of(batch: list[Utterance]) -> Evidence:
    scores, unknown, unseen, ratios, foreign = zip(*batch, strict=True)
    log_probs_BI = log_normalise(np.array(scores, dtype=np.float32))
    return Evidence(
        intent_log_probs_BI=log_probs_BI,
        unknown_words_B=np.array(unknown, dtype=np.float32),
        domain_probs_BD=np.exp(log_probs_BI) @ OWNERS_ID,
        unseen_ngrams_B=np.array(unseen),
        domain_log_ratio_B=np.array(ratios),
        foreign_words_B=np.array(foreign),
    )


def of_intents(*probabilities: float, unknown_words: float = 0.0) -> Evidence:
    """One utterance, of a model without domains and training text."""
    log_probs_BI = np.log(np.array([probabilities], dtype=np.float32))
    return Evidence(log_probs_BI, np.array([unknown_words], np.float32))


def with_domains(evidence: Evidence) -> Evidence:
    return replace(evidence, domain_probs_BD=np.exp(evidence.intent_log_probs_BI) @ OWNERS_ID)


def tempered_domain_entropy(evidence: Evidence) -> float:
    return float(SIGNALS["tempered_domain_entropy"](evidence)[0])


@given(ood_scores, batches)
def test_a_score_is_from_0_to_1(ood: OodScore, batch: list[Utterance]) -> None:
    scores_B = ood.scores(evidence_of(batch))
    assert scores_B.dtype == np.float32
    assert scores_B.shape == (len(batch),)
    assert ((scores_B >= 0) & (scores_B <= 1)).all()


@given(ood_scores, batches)
def test_a_score_does_not_depend_on_batch_mates(ood: OodScore, batch: list[Utterance]) -> None:
    together = ood.scores(evidence_of(batch))
    alone = [float(ood.scores(evidence_of([one]))[0]) for one in batch]
    np.testing.assert_allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize("name", SIGNALS)
@given(batch=batches)
def test_a_score_rises_with_a_signal_of_positive_weight(name: str, batch: list[Utterance]) -> None:
    values_B = SIGNALS[name](evidence_of(batch))
    scores_B = OodScore(threshold=0.5, weights={name: 0.4}, bias=-0.2).scores(evidence_of(batch))
    order = np.argsort(values_B, kind="stable")
    assert (np.diff(scores_B[order]) >= 0).all()


@given(ood_scores)
def test_a_score_survives_json(ood: OodScore) -> None:
    assert structure(OodScore, unstructure(ood), where="ood.json") == ood


def test_the_score_is_the_sigmoid_of_the_weighted_sum() -> None:
    weights = {"tempered_domain_entropy": 2.0, "unknown_words": 0.5}
    ood = OodScore(threshold=0.5, weights=weights, bias=-1.0)
    roots = [p**0.5 for p in (0.7, 0.2, 0.1)]
    tempered = [root / sum(roots) for root in roots]
    total = 2.0 * -sum(p * log(p) for p in tempered) + 0.5 * 0.25 - 1.0
    (score,) = ood.scores(of_intents(0.7, 0.2, 0.1, unknown_words=0.25)).tolist()
    assert score == pytest.approx(1 / (1 + exp(-total)))


def test_an_even_split_is_more_doubtful_than_a_sure_answer() -> None:
    sure, likely, even = (of_intents(p, (1 - p) / 2, (1 - p) / 2) for p in (0.98, 0.6, 1 / 3))
    entropies = [tempered_domain_entropy(each) for each in (sure, likely, even)]
    assert entropies == sorted(entropies)
    assert len(set(entropies)) == 3


@pytest.mark.parametrize("name", ["unseen_ngrams", "domain_log_ratio"])
def test_a_signal_that_reads_training_text_needs_it(name: str) -> None:
    ood = OodScore(threshold=0.5, weights={"unknown_words": 1.0, name: 1.0}, bias=0.0)
    assert ood.needs_training_text
    with pytest.raises(ConfigError, match="out-of-domain score: found a model without training text"):
        ood.scores(of_intents(0.7, 0.3))


def test_a_signal_that_weighs_words_needs_their_weights() -> None:
    ood = OodScore(threshold=0.5, weights={"unknown_words": 1.0, "foreign_words": 1.0}, bias=0.0)
    assert ood.files_read == ["foreign"]
    with pytest.raises(ConfigError, match="out-of-domain score: found a model without foreign words"):
        ood.scores(of_intents(0.7, 0.3))


def test_a_score_of_other_signals_needs_no_training_text() -> None:
    weights = {"unknown_words": 1.0, "tempered_domain_entropy": 1.0}
    assert not OodScore(threshold=0.5, weights=weights, bias=0.0).needs_training_text


@given(batches)
def test_signals_of_words_are_the_evidence_as_it_is(batch: list[Utterance]) -> None:
    evidence = evidence_of(batch)
    assert SIGNALS["unknown_words"](evidence) is evidence.unknown_words_B
    assert SIGNALS["unseen_ngrams"](evidence) is evidence.unseen_ngrams_B
    assert SIGNALS["domain_log_ratio"](evidence) is evidence.domain_log_ratio_B
    assert SIGNALS["foreign_words"](evidence) is evidence.foreign_words_B


def test_the_likeliest_domain_is_the_one_of_most_probability() -> None:
    evidence = of_intents(0.3, 0.15, 0.35, 0.2)
    assert evidence.likeliest_domains_B.tolist() == [0]
    assert with_domains(evidence).likeliest_domains_B.tolist() == [1]


def test_doubt_between_intents_of_one_domain_is_no_doubt_of_the_domain() -> None:
    def doubt(*probabilities: float) -> float:
        return tempered_domain_entropy(with_domains(of_intents(*probabilities)))

    assert doubt(0.49, 0.49, 0.01, 0.01) < 0.6 * doubt(0.49, 0.01, 0.49, 0.01)
    assert doubt(0.25, 0.25, 0.25, 0.25) == pytest.approx(log(2))


def test_a_domain_of_probability_0_adds_no_doubt() -> None:
    sure = replace(of_intents(0.5, 0.5), domain_probs_BD=np.array([[1.0, 0.0]], dtype=np.float32))
    assert tempered_domain_entropy(sure) == 0.0


def test_an_intent_of_probability_0_adds_no_doubt() -> None:
    sure = Evidence(np.array([[0.0, -np.inf]], dtype=np.float32), np.zeros(1, np.float32))
    assert tempered_domain_entropy(sure) == 0.0


def test_without_domains_their_doubt_is_that_of_the_intents() -> None:
    alone = of_intents(0.6, 0.3, 0.1)
    as_domains = replace(alone, domain_probs_BD=np.array([[0.6, 0.3, 0.1]]))
    assert tempered_domain_entropy(alone) == pytest.approx(tempered_domain_entropy(as_domains), rel=1e-6)


@given(batches, st.data())
def test_evidence_in_parts_is_joined_in_the_order_of_the_utterances(
    batch: list[Utterance], data: st.DataObject
) -> None:
    whole = evidence_of(batch)
    order = data.draw(st.permutations(range(len(batch))))
    edge = data.draw(st.integers(1, len(batch)))
    parts = [part_of(whole, positions) for positions in (order[:edge], order[edge:]) if positions]
    joined = Evidence.join(parts, order)
    assert len(joined) == len(batch)
    for field in fields(Evidence):
        np.testing.assert_array_equal(getattr(joined, field.name), getattr(whole, field.name), strict=True)


def part_of(evidence: Evidence, positions: list[int]) -> Evidence:
    return Evidence(**{field.name: getattr(evidence, field.name)[positions] for field in fields(Evidence)})


def test_evidence_that_a_model_does_not_give_is_none_once_joined_too() -> None:
    whole = Evidence.join([of_intents(0.7, 0.3), of_intents(0.2, 0.8)], [1, 0])
    assert (whole.domain_probs_BD, whole.unseen_ngrams_B, whole.domain_log_ratio_B) == (None, None, None)
    assert whole.foreign_words_B is None
    assert np.exp(whole.intent_log_probs_BI[:, 0]) == pytest.approx([0.2, 0.7])


def test_a_signal_that_is_not_known_is_refused_by_name() -> None:
    expected = "tempered_domain_entropy, unknown_words, unseen_ngrams, domain_log_ratio, foreign_words"
    with pytest.raises(ConfigError, match=rf"weights: found signal 'mood', expected some of {expected}$"):
        OodScore(threshold=0.5, weights={"mood": 1.0}, bias=0.0)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_outside_the_scores_is_refused(threshold: float) -> None:
    with pytest.raises(ConfigError, match="threshold: found"):
        OodScore(threshold=threshold, weights={}, bias=0.0)


def test_a_weight_that_is_no_number_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="unknown_words: found nan"):
        OodScore(threshold=0.5, weights={"unknown_words": float("nan")}, bias=0.0)


def test_a_bias_that_is_no_number_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="bias: found inf"):
        OodScore(threshold=0.5, weights={}, bias=float("inf"))


some_scores = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=60).map(
    lambda scores: np.array(scores, dtype=np.float32)
)


@given(some_scores, st.floats(0, 0.5))
def test_at_most_the_share_is_refused_and_any_lower_threshold_refuses_more(
    scores_B: Floats, share: float
) -> None:
    chosen = threshold_of(scores_B, share)
    assert (scores_B > chosen).mean() <= share
    lower = scores_B[scores_B < chosen]
    if len(lower):
        assert (scores_B > lower.max()).mean() > share


def test_no_threshold_without_scores() -> None:
    with pytest.raises(ValueError, match="found no scores"):
        threshold_of(np.zeros(0, dtype=np.float32), 0.01)
