"""Fitting a calibration: it finds what was wrong with confidences, and the pipeline then answers what it promises."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from polyparse.contract.frame import Utterance
from polyparse.contract.labels import Labels
from polyparse.corpora.example import Example
from polyparse.inference.calibration import Calibration, Scale
from polyparse.inference.parser import Parser
from polyparse.inference.pipeline import Postprocessing
from polyparse.inference.routing import Routing
from tests.polyparse.inference.test_pipeline import KNOWN, MODELS, VECTORIZER, Model
from train.postprocessing.calibration import MIN_UTTERANCES, POOLED, cross_fitted_errors, fit, in_words
from train.postprocessing.calibration_data import NO_LABEL, CalibrationData, calibration_data_of

LABELS = Labels(("a", "b"), tuple("uvwxyz"), (0, 0, 1, 1, 1, 0), (), ((), ()), "BIO")
NO_INTENTS = Labels((), (), (), (), (), "BIO")
SOFT, HARD = Routing("soft", 1.0, "intents"), Routing("hard", 1.0, "intents")
TRUE = {
    "en-US": Scale(intent_temperature=2.0, domain_temperature=1.5, path_slope=0.6, path_offset=-0.7),
    "es-ES": Scale(intent_temperature=1.8, domain_temperature=1.5, path_slope=0.6, path_offset=-0.7),
}


def drawn(
    n_utterances: int, labels: Labels = LABELS, routing: Routing = SOFT, *, seed: int = 3
) -> CalibrationData:
    """Answers of a model whose own probabilities are too sure, by what TRUE says; each id is in both locales."""
    random = np.random.default_rng(seed)
    logits_BI = random.normal(0.0, 3.0, (n_utterances, len(labels.intents)))
    log_probs_BI = logits_BI - np.logaddexp.reduce(logits_BI, axis=1, keepdims=True)
    data = CalibrationData(
        labels=labels,
        routing=routing,
        ids_B=np.array([str(row // 2) for row in range(n_utterances)]),
        locales_B=np.array([sorted(TRUE)[row % 2] for row in range(n_utterances)]),
        log_probs_BI=log_probs_BI,
        path_B=-random.exponential(0.5, n_utterances),
        chosen_B=log_probs_BI.argmax(axis=1) if labels.intents else np.full(n_utterances, NO_LABEL),
        true_B=np.full(n_utterances, NO_LABEL),
        intent_right_B=np.zeros(n_utterances, bool),
        domain_right_B=np.zeros(n_utterances, bool),
        frame_right_B=np.zeros(n_utterances, bool),
    )
    truth = Calibration(pooled=TRUE["en-US"], locales=TRUE)
    paths_B = [
        truth.scale(locale).path_probability(path)
        for locale, path in zip(data.locales_B.tolist(), data.path_B.tolist(), strict=True)
    ]
    slots_right_B = random.random(n_utterances) < np.array(paths_B)
    if not labels.intents:
        return replace(data, frame_right_B=slots_right_B)
    chances_BI = np.exp(data.tempered(truth))
    true_B = np.array([random.choice(len(labels.intents), p=p_I / p_I.sum()) for p_I in chances_BI])
    right_B = true_B == data.chosen_B
    owner_I = np.array(labels.intent_domains or [0] * len(labels.intents))
    return replace(
        data,
        true_B=true_B,
        intent_right_B=right_B,
        domain_right_B=owner_I[true_B] == owner_I[data.chosen_B],
        frame_right_B=right_B & slots_right_B,
    )


@pytest.mark.parametrize("routing", [SOFT, HARD], ids=lambda routing: routing.kind)
def test_what_made_a_model_too_sure_is_found(routing: Routing) -> None:
    calibration = fit(drawn(4000, routing=routing))
    assert calibration is not None
    for locale, true in TRUE.items():
        actual = calibration.scale(locale)
        assert actual.intent_temperature == pytest.approx(true.intent_temperature, rel=0.1)
        assert actual.path_slope == pytest.approx(true.path_slope, rel=0.1)
        assert actual.path_offset == pytest.approx(true.path_offset, abs=0.2)
        if routing.kind == "hard":
            assert actual.domain_temperature == pytest.approx(true.domain_temperature, rel=0.1)
        else:
            assert actual.domain_temperature == 1.0
    assert calibration.scale("en-US").intent_temperature > calibration.scale("es-ES").intent_temperature


@pytest.mark.parametrize("routing", [SOFT, HARD], ids=lambda routing: routing.kind)
def test_half_of_the_utterances_mend_the_confidences_of_the_other_half(routing: Routing) -> None:
    errors = cross_fitted_errors(drawn(4000, routing=routing))
    assert {(error.measure, error.locale) for error in errors} == {
        (measure, locale) for measure in ("intent", "domain", "frame") for locale in (POOLED, *TRUE)
    }
    for error in errors:
        assert error.after < 0.7 * error.before
        assert error.after <= error.worse < error.by_chance + 0.02


def test_where_there_are_no_intents_paths_are_calibrated_alone() -> None:
    data = drawn(4000, NO_INTENTS)
    calibration = fit(data)
    assert calibration is not None
    assert calibration.pooled.intent_temperature == 1.0
    assert calibration.pooled.path_offset == pytest.approx(-0.7, abs=0.15)
    assert {error.measure for error in cross_fitted_errors(data)} == {"frame"}


def test_where_there_are_no_domains_none_are_measured() -> None:
    labels = replace(LABELS, domains=(), intent_domains=(), domain_slots=())
    assert {error.measure for error in cross_fitted_errors(drawn(1000, labels))} == {"intent", "frame"}


def test_too_few_utterances_of_a_locale_get_no_scale() -> None:
    calibration = fit(drawn(MIN_UTTERANCES))
    assert calibration is not None
    assert calibration.locales == {}


def sure_and_right(n_utterances: int) -> CalibrationData:
    """The answers of a model that is right about all of dev, and as sure as one that was trained to the end."""
    data = drawn(n_utterances)
    all_B = np.ones(n_utterances, bool)
    return replace(
        data,
        log_probs_BI=data.log_probs_BI * 5.0
        - np.logaddexp.reduce(data.log_probs_BI * 5.0, axis=1, keepdims=True),
        path_B=np.full(n_utterances, -1e-4),
        true_B=data.chosen_B,
        intent_right_B=all_B,
        domain_right_B=all_B,
        frame_right_B=all_B,
    )


@pytest.mark.parametrize("n_utterances", [1, 5, 15, 60])
def test_a_small_dev_that_is_all_right_promises_no_more_than_it_can_show(n_utterances: int) -> None:
    """About what the rule of succession gives: n + 1 of n + 2."""
    data = sure_and_right(n_utterances)
    calibration = fit(data)
    assert calibration is not None
    expected = (n_utterances + 1) / (n_utterances + 2)
    for measure in ("intent", "frame"):
        confidences_B = data.confidences(calibration)[measure]
        assert expected**2 - 0.15 < confidences_B.mean() < 0.5 + 0.5 * expected
        assert data.confidences(None)[measure].mean() > confidences_B.mean()


def test_a_small_dev_leaves_unsure_answers_less_sure_than_sure_ones() -> None:
    calibration = fit(sure_and_right(15))
    assert calibration is not None
    scale = calibration.pooled
    assert scale.path_probability(np.log(0.3)) < 0.4
    assert scale.path_probability(np.log(0.9999)) > 0.85
    assert scale.intent_temperature > 1.0


def test_a_small_dev_mends_confidences_and_its_error_is_that_of_left_out_folds() -> None:
    before, after = [], []
    for seed in range(5):
        errors = [error for error in cross_fitted_errors(drawn(200, seed=seed)) if error.locale == POOLED]
        assert {error.measure for error in errors} == {"intent", "domain", "frame"}
        before.append([error.before for error in errors])
        after.append([error.after for error in errors])
    assert (np.mean(after, axis=0) < np.mean(before, axis=0)).all()


def test_without_utterances_nothing_is_fitted_and_of_one_no_error_is_measured() -> None:
    data = drawn(1)
    assert fit(data.where(np.zeros(1, bool))) is None
    assert cross_fitted_errors(data) == []
    assert in_words(data, n_dev=1).endswith("not measured")


@pytest.mark.parametrize(
    ("n_utterances", "how"),
    [(8, "cross-fitted over 5 folds"), (800, "fitted to one half and measured on the other")],
)
def test_the_card_is_told_how_well_it_went(n_utterances: int, how: str) -> None:
    sentence = (
        rf"calibrated on {n_utterances} dev utterances: .*, {how}: "
        r"intent 0\.\d{4} \(0\.\d{4} before\), domain .*, frame .*"
    )
    assert re.fullmatch(sentence, in_words(drawn(n_utterances), n_dev=n_utterances))


def test_the_card_is_told_what_was_held_out() -> None:
    assert in_words(drawn(8), n_dev=3).startswith(
        "calibrated on 3 dev utterances and 5 held-out training utterances: "
    )


def test_a_model_that_is_always_right_or_always_wrong_is_fitted_too() -> None:
    for right in (True, False):
        data = drawn(500)
        all_B = np.full(len(data), right)
        true_B = data.chosen_B if right else (data.chosen_B + 1) % len(LABELS.intents)
        extreme = replace(
            data, true_B=true_B, intent_right_B=all_B, domain_right_B=all_B, frame_right_B=all_B
        )
        assert fit(extreme) is not None


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_confidences_of_calibration_data_are_those_that_the_pipeline_answers(model: Model) -> None:
    texts = [KNOWN, "wake me", "at seven 7:30", "東京", "играй музыку zxqv"]
    locales = ["es-ES", "en-US", "hi-IN", "en-US", "es-ES"]
    items = [VECTORIZER.item(Utterance(*pair)) for pair in zip(texts, locales, strict=True)]
    examples = [
        Example(str(row), text, locale, "dev", None, None, ())
        for row, (text, locale) in enumerate(zip(texts, locales, strict=True))
    ]
    calibration = Calibration(pooled=Scale(intent_temperature=0.8), locales=TRUE)
    parser = Parser(VECTORIZER, model.pipeline())
    data = calibration_data_of(parser, items, examples, model.routing)
    actual = data.confidences(calibration)
    frames = parser.with_postprocessing(Postprocessing(calibration)).run(items).frames
    assert actual["frame"].tolist() == pytest.approx([frame.confidence for frame in frames], abs=2e-4)
    for measure in ("intent", "domain"):
        answered = [getattr(frame, measure) for frame in frames]
        if measure in actual:
            assert actual[measure].tolist() == pytest.approx([a.confidence for a in answered], abs=2e-4)
        else:
            assert answered == [None] * len(frames)
