"""Weights that tell left-out utterances from kept ones, and what is found by them on folds that they have not seen."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.unseen_domains.report import judge
from benchmarks.unseen_domains.weights import Trial, fit, signal_values
from polyparse.inference.ood import SIGNALS, Evidence
from polyparse.inference.routing import log_normalise
from train.postprocessing.ood import NEVER

N_INTENTS = 5
ENTROPY = "tempered_domain_entropy"


def trial(seed: int, left_out: str, *, told_apart: bool = True) -> Trial:
    """Kept utterances of "kept" with one strong intent, and left-out ones with a weaker one (or one as strong)."""
    random = np.random.default_rng(seed)
    logits_BI = random.normal(size=(240, N_INTENTS)).astype(np.float32)
    logits_BI[:, 0] += 6.0
    if told_apart:
        logits_BI[200:, 0] -= 5.0
    unknown_B = random.random(240).astype(np.float32)
    log_probs_BI = log_normalise(logits_BI)
    return Trial(Evidence(log_probs_BI, unknown_B), ["kept"] * 200 + [left_out] * 40, (left_out,))


TRIALS = [trial(seed, name) for seed, name in enumerate(("alarm", "food", "music"))]
BOTH = {ENTROPY: None, "unknown_words": None}
CHANCE = [trial(seed, name, told_apart=False) for seed, name in enumerate(("alarm", "food", "music"))]


def test_what_tells_apart_gets_a_positive_weight_and_what_does_not_gets_little() -> None:
    weights = fit(BOTH, TRIALS).weights
    reach = {name: weights[name] * np.ptp(SIGNALS[name](TRIALS[0].evidence)) for name in weights}
    assert reach[ENTROPY] > 5 * abs(reach["unknown_words"])


def test_a_weight_that_is_given_stays_and_the_others_are_found_beside_it() -> None:
    alone = fit({ENTROPY: None}, TRIALS)
    beside = fit({ENTROPY: None, "unknown_words": 3.0}, TRIALS)
    assert beside.weights["unknown_words"] == 3.0
    both = fit(BOTH, TRIALS).weights
    same = fit({ENTROPY: None, "unknown_words": both["unknown_words"]}, TRIALS)
    assert same.weights[ENTROPY] == pytest.approx(both[ENTROPY], rel=0.02)
    assert beside.weights[ENTROPY] != pytest.approx(alone.weights[ENTROPY], rel=1e-4)
    assert beside.bias < alone.bias


def test_scores_lie_on_either_side_of_a_half() -> None:
    ood = fit({ENTROPY: None}, TRIALS)
    scores_B = ood.scores(TRIALS[0].evidence)
    assert ood.threshold == NEVER
    assert np.median(scores_B[:200]) < 0.5 < np.median(scores_B[200:])


def test_the_values_of_signals_stand_in_the_order_of_their_names() -> None:
    evidence = TRIALS[0].evidence
    values_BS = signal_values(["unknown_words", ENTROPY], evidence)
    assert values_BS.shape == (len(evidence), 2)
    for column, name in enumerate(("unknown_words", ENTROPY)):
        np.testing.assert_array_equal(values_BS[:, column], SIGNALS[name](evidence))


def test_the_number_of_utterances_of_a_domain_does_not_matter() -> None:
    one = TRIALS[0]
    twice = Trial(
        Evidence(np.tile(one.evidence.intent_log_probs_BI, (2, 1)), np.tile(one.evidence.unknown_words_B, 2)),
        [*one.domains, *one.domains],
        one.left_out,
    )
    assert fit({ENTROPY: None}, [one]).weights[ENTROPY] == pytest.approx(
        fit({ENTROPY: None}, [twice]).weights[ENTROPY], rel=1e-3
    )


def test_unlike_domains_are_told_apart_and_like_ones_are_at_chance() -> None:
    assert judge({ENTROPY: None}, TRIALS, refused=0.015).mean > 0.95
    assert judge({ENTROPY: None}, CHANCE, refused=0.015).mean == pytest.approx(0.5, abs=0.1)


def test_a_threshold_that_others_chose_refuses_about_what_was_asked() -> None:
    findings = judge({ENTROPY: None}, TRIALS, refused=0.05)
    assert findings.refused_share == pytest.approx(0.05, abs=0.03)
    assert findings.caught_share > 0.8
    assert list(findings.auroc) == ["alarm", "food", "music"]


def test_a_fold_has_no_say_in_how_it_is_judged() -> None:
    """Turned upside down, a fold is told apart as badly as it was well before."""
    last = TRIALS[2]
    turned = Trial(last.evidence, ["music"] * 200 + ["kept"] * 40, ("music",))
    upright = judge({ENTROPY: None}, TRIALS, refused=0.05).auroc
    actual = judge({ENTROPY: None}, [*TRIALS[:2], turned], refused=0.05).auroc
    assert actual["music"] == pytest.approx(1 - upright["music"], abs=1e-6)
