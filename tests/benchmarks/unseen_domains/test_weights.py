"""Weights that tell left-out utterances from kept ones, and what is found by them on folds that they have not seen."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.unseen_domains.report import judge
from benchmarks.unseen_domains.weights import NEVER, Trial, fit
from polyparse.inference.ood import SIGNALS, Evidence, scores
from polyparse.inference.routing import log_normalise

N_INTENTS = 5


def trial(seed: int, left_out: str, *, told_apart: bool = True) -> Trial:
    """Kept utterances of "kept" with one strong intent, and left-out ones with a weaker one (or one as strong)."""
    random = np.random.default_rng(seed)
    logits_BI = random.normal(size=(240, N_INTENTS)).astype(np.float32)
    logits_BI[:, 0] += 6.0
    if told_apart:
        logits_BI[200:, 0] -= 5.0
    unknown_B = random.random(240).astype(np.float32)
    log_probs_BI = log_normalise(logits_BI)
    evidence = Evidence(log_probs_BI, None, None, unknown_B, np.full(240, 4, np.int32))
    return Trial(evidence, ["kept"] * 200 + [left_out] * 40, (left_out,))


TRIALS = [trial(seed, name) for seed, name in enumerate(("alarm", "food", "music"))]
BOTH = {"flatness": None, "unknown_share": None}
CHANCE = [trial(seed, name, told_apart=False) for seed, name in enumerate(("alarm", "food", "music"))]


def test_what_tells_apart_gets_a_positive_weight_and_what_does_not_gets_little() -> None:
    weights = fit(BOTH, TRIALS).weights
    reach = {name: weights[name] * np.ptp(SIGNALS[name](TRIALS[0].evidence)) for name in weights}
    assert reach["flatness"] > 5 * abs(reach["unknown_share"])


def test_a_weight_that_is_given_stays_and_the_others_are_found_beside_it() -> None:
    alone = fit({"flatness": None}, TRIALS)
    beside = fit({"flatness": None, "unknown_share": 3.0}, TRIALS)
    assert beside.weights["unknown_share"] == 3.0
    found = fit(BOTH, TRIALS).weights["unknown_share"]
    same = fit({"flatness": None, "unknown_share": found}, TRIALS)
    assert same.weights["flatness"] == pytest.approx(fit(BOTH, TRIALS).weights["flatness"], rel=0.02)
    assert beside.weights["flatness"] != pytest.approx(alone.weights["flatness"], rel=1e-4)
    assert beside.bias < alone.bias


def test_scores_lie_on_either_side_of_a_half() -> None:
    rejection = fit({"flatness": None}, TRIALS)
    found = scores(rejection, TRIALS[0].evidence)
    assert rejection.threshold == NEVER
    assert np.median(found[:200]) < 0.5 < np.median(found[200:])


def test_the_number_of_utterances_of_a_domain_does_not_matter() -> None:
    one = TRIALS[0]
    twice = Trial(
        Evidence(
            np.tile(one.evidence.mixture_BI, (2, 1)),
            None,
            None,
            np.tile(one.evidence.unknown_share_B, 2),
            np.tile(one.evidence.lengths_B, 2),
        ),
        [*one.domains, *one.domains],
        one.left_out,
    )
    assert fit({"surprise": None}, [one]).weights["surprise"] == pytest.approx(
        fit({"surprise": None}, [twice]).weights["surprise"], rel=1e-3
    )


def test_unlike_domains_are_told_apart_and_like_ones_are_at_chance() -> None:
    assert judge({"flatness": None}, TRIALS, refused=0.015).mean > 0.95
    assert judge({"flatness": None}, CHANCE, refused=0.015).mean == pytest.approx(0.5, abs=0.1)


def test_a_threshold_that_others_chose_refuses_about_what_was_asked() -> None:
    findings = judge({"flatness": None}, TRIALS, refused=0.05)
    assert findings.refused_share == pytest.approx(0.05, abs=0.03)
    assert findings.caught_share > 0.8
    assert list(findings.auroc) == ["alarm", "food", "music"]


def test_a_fold_has_no_say_in_how_it_is_judged() -> None:
    """Turned upside down, a fold is told apart as badly as it was well before."""
    last = TRIALS[2]
    turned = Trial(last.evidence, ["music"] * 200 + ["kept"] * 40, ("music",))
    upright = judge({"flatness": None}, TRIALS, refused=0.05).auroc
    found = judge({"flatness": None}, [*TRIALS[:2], turned], refused=0.05).auroc
    assert found["music"] == pytest.approx(1 - upright["music"], abs=1e-6)
