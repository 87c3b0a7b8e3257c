"""What a pipeline makes of its probabilities: calibrated confidences, refusals, and nothing that hides NaN."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings

from polyparse.contract.frame import Frame, Refusal, Utterance
from polyparse.errors import ModelRunFailed
from polyparse.inference.calibration import Calibration, Scale
from polyparse.inference.foreign import ForeignWords
from polyparse.inference.ood import SIGNALS, OodScore
from polyparse.inference.pipeline import Pipeline, Postprocessing
from polyparse.inference.training_text import TrainingText
from polyparse.text.features import word_hash
from tests.networks import ArithmeticNetworks
from tests.polyparse.inference.test_pipeline import (
    KNOWN,
    MODELS,
    TOLERANCE,
    VECTORIZER,
    Model,
    assert_same,
    batches,
    decision,
    hypotheses_of,
    probabilities,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.inference.networks import Decoded
    from polyparse.text.vectorizer import Batch

    Floats = NDArray[np.float32]

POOLED = Scale(intent_temperature=1.4, domain_temperature=0.8, path_slope=0.7, path_offset=-0.6)
SPANISH = Scale(intent_temperature=0.7, domain_temperature=1.3, path_slope=1.2, path_offset=0.1)
CALIBRATED = Postprocessing(Calibration(pooled=POOLED, locales={"es-ES": SPANISH}))
WEIGHTS = dict.fromkeys(SIGNALS, 0.5)
FOREIGN = ForeignWords(
    np.array([word_hash("wake")], dtype=np.uint32), np.array([-0.7], dtype=np.float16), unknown=0.3
)
ALWAYS = OodScore(threshold=0.0, weights=WEIGHTS, bias=0.0)
NEVER = replace(ALWAYS, threshold=1.0)
TEXTS = [KNOWN, "wake me", "7:30 東京", "zxqv zzz"]

every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
refusing_model = pytest.mark.parametrize(
    "model", [model for model in MODELS.values() if model.labels.intents]
)
fewer = settings(max_examples=15)


def parse(
    model: Model, batch: Sequence[Utterance], postprocessing: Postprocessing | None = None
) -> list[Frame]:
    pipeline = model.pipeline()
    if postprocessing is not None:
        pipeline = pipeline.with_postprocessing(postprocessing)
    return pipeline.run([VECTORIZER.item(utterance) for utterance in batch]).frames


def refusing_by(model: Model, ood: OodScore) -> Postprocessing:
    """The score, and what it compares utterances with: one text of the model's first domain."""
    training_text = TrainingText.build(
        [VECTORIZER.item(Utterance(KNOWN))],
        [0],
        vocabulary_size=100,  # more than are known
        n_domains=len(model.labels.domains),
    )
    return Postprocessing(ood=ood, training_text=training_text, foreign=FOREIGN)


@every_model
@fewer
@given(batches)
def test_calibration_changes_no_decision_and_no_order(model: Model, batch: list[Utterance]) -> None:
    for plain, calibrated in zip(parse(model, batch), parse(model, batch, CALIBRATED), strict=True):
        assert list(map(decision, hypotheses_of(plain))) == list(map(decision, hypotheses_of(calibrated)))
        assert calibrated.out_of_domain is None


@every_model
@fewer
@given(batches)
def test_confidences_stay_probabilities_and_fall_from_domain_to_intent_to_frame(
    model: Model, batch: list[Utterance]
) -> None:
    for frame in parse(model, batch, CALIBRATED):
        for hypothesis in hypotheses_of(frame):
            chain = [
                choice.confidence for choice in (hypothesis.domain, hypothesis.intent) if choice is not None
            ]
            chain.append(hypothesis.confidence)
            assert all(0.0 <= part <= 1.0 for part in probabilities(hypothesis))
            assert all(one * (1 + TOLERANCE) + 1e-9 >= other for one, other in pairwise(chain))


@every_model
@fewer
@given(batches)
def test_a_confidence_is_the_same_however_many_hypotheses_are_asked_for_and_in_whatever_company(
    model: Model, batch: list[Utterance]
) -> None:
    for together, utterance in zip(parse(model, batch, CALIBRATED), batch, strict=True):
        (alone,) = parse(model, [replace(utterance, n_best=10)], CALIBRATED)
        remaining = alone.alternatives[: len(together.alternatives)]
        assert_same(together, replace(alone, alternatives=remaining))


@every_model
def test_confidences_of_all_intents_sum_to_one_and_those_of_a_domain_to_its_own(model: Model) -> None:
    if not model.labels.intents:
        return
    (frame,) = parse(model, [Utterance(KNOWN, "es-ES", 10)], CALIBRATED)
    intents: dict[str, float] = {}
    domains: dict[str, float] = {}
    for hypothesis in hypotheses_of(frame):
        name = hypothesis.domain.name if hypothesis.domain else ""
        intents[name] = intents.get(name, 0.0) + (hypothesis.intent.confidence if hypothesis.intent else 0.0)
        domains[name] = hypothesis.domain.confidence if hypothesis.domain else 1.0
    assert sum(intents.values()) == pytest.approx(1.0, abs=1e-4)
    assert intents == pytest.approx(domains, abs=1e-4)


@every_model
def test_an_unknown_locale_and_none_have_the_pooled_scale(model: Model) -> None:
    by_locale = {
        locale: parse(model, [Utterance(KNOWN, locale)], CALIBRATED)[0] for locale in (None, "de-DE", "es-ES")
    }
    assert by_locale[None].confidence == by_locale["de-DE"].confidence != by_locale["es-ES"].confidence


@refusing_model
def test_a_refused_frame_has_nothing_but_the_confidence_of_what_was_refused(model: Model) -> None:
    batch = [Utterance(text) for text in TEXTS]
    refused = parse(model, batch, refusing_by(model, ALWAYS))
    for frame, plain in zip(refused, parse(model, batch), strict=True):
        assert frame.refused == Refusal("domain")
        assert (frame.domain, frame.intent, frame.slots, frame.alternatives) == (None, None, (), ())
        assert frame.confidence == plain.confidence
        assert frame.out_of_domain is not None
        assert 0.0 < frame.out_of_domain <= 1.0


@refusing_model
def test_of_several_hypotheses_asked_for_all_stand_among_the_alternatives(model: Model) -> None:
    batch = [Utterance(text, None, 3) for text in TEXTS]
    refused = parse(model, batch, refusing_by(model, ALWAYS))
    for frame, plain in zip(refused, parse(model, batch), strict=True):
        assert list(frame.alternatives) == hypotheses_of(plain)


@refusing_model
def test_a_score_below_the_threshold_changes_nothing_else(model: Model) -> None:
    batch = [Utterance(text, None, 2) for text in TEXTS]
    scored = parse(model, batch, refusing_by(model, NEVER))
    assert not any(frame.refused for frame in scored)
    assert [replace(frame, out_of_domain=None) for frame in scored] == parse(model, batch)


@refusing_model
def test_an_utterance_that_allows_no_refusal_has_the_frame_and_the_score(model: Model) -> None:
    batch = [Utterance(text, None, 2, allow_refusal=False) for text in TEXTS]
    frames = parse(model, batch, refusing_by(model, ALWAYS))
    assert not any(frame.refused for frame in frames)
    assert [frame.out_of_domain for frame in frames] == [
        frame.out_of_domain for frame in parse(model, batch, refusing_by(model, NEVER))
    ]
    assert [replace(frame, out_of_domain=None) for frame in frames] == parse(model, batch)


def test_of_a_batch_only_those_are_refused_that_may_be() -> None:
    model = MODELS["soft"]
    batch = [Utterance(text, allow_refusal=n % 2 == 0) for n, text in enumerate(TEXTS)]
    frames = parse(model, batch, refusing_by(model, ALWAYS))
    assert [frame.refused is not None for frame in frames] == [True, False, True, False]


@refusing_model
@fewer
@given(batches)
def test_a_score_is_the_utterances_own(model: Model, batch: list[Utterance]) -> None:
    together = parse(model, batch, refusing_by(model, NEVER))
    for frame, utterance in zip(together, batch, strict=True):
        (alone,) = parse(
            model,
            [replace(utterance, n_best=1)],
            replace(refusing_by(model, NEVER), calibration=CALIBRATED.calibration),
        )
        assert frame.out_of_domain == pytest.approx(alone.out_of_domain, abs=1e-5)


@refusing_model
def test_evidence_has_a_distribution_over_all_intents_and_counts_unknown_words(model: Model) -> None:
    items = [VECTORIZER.item(Utterance(text)) for text in ("wake me zxqv", "wake me at seven zxqv")]
    evidence = model.pipeline().evidence(items)
    probs_BI = np.exp(evidence.intent_log_probs_BI)
    assert len(evidence) == 2
    assert probs_BI.sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-4)
    assert evidence.unknown_words_B.tolist() == pytest.approx([1 / 3, 1 / 5])
    assert (evidence.domain_probs_BD is None) == (not model.labels.domains)
    if evidence.domain_probs_BD is not None:
        by_domain_DB = [
            probs_BI[:, list(model.labels.intents_of(d))].sum(axis=1)
            for d in range(len(model.labels.domains))
        ]
        assert evidence.domain_probs_BD == pytest.approx(np.stack(by_domain_DB, axis=1), abs=1e-6)
    assert (evidence.unseen_ngrams_B, evidence.domain_log_ratio_B) == (None, None)
    frames = parse(model, [item.utterance for item in items])
    assert [frame.intent and frame.intent.name for frame in frames] == [
        model.labels.intents[intent] for intent in best_of(model, probs_BI)
    ]


def best_of(model: Model, probs_BI: NDArray[np.floating]) -> list[int]:
    """The intent that routing puts first: soft, of all; hard, of the likeliest domain's."""
    labels = model.labels
    best = []
    for probs_I in probs_BI:
        intents: Sequence[int] = range(len(labels.intents))
        if model.routing.kind == "hard":
            domains = [sum(probs_I[list(labels.intents_of(domain))]) for domain in range(len(labels.domains))]
            intents = labels.intents_of(int(np.argmax(domains)))
        best.append(max(intents, key=lambda intent: float(probs_I[intent])))
    return best


class BrokenNetworks(ArithmeticNetworks):
    """Gives NaN or an infinity for one of the numbers that confidences are made of."""

    broken = ""
    value = float("nan")

    def score(self, batch: Batch, network: int) -> tuple[Floats, Floats]:
        joint_BI, emissions_BTK = super().score(batch, network)
        if self.broken == "joint":
            joint_BI = np.full_like(joint_BI, self.value)
        return joint_BI, emissions_BTK

    def decode(self, *args: object) -> Decoded[NDArray[Any]]:
        decoded = super().decode(*args)  # type: ignore[arg-type]
        if self.broken == "marginals":
            decoded = decoded._replace(marginals_RT=np.full_like(decoded.marginals_RT, self.value))
        if self.broken == "path":
            decoded = decoded._replace(log_prob_R=np.full_like(decoded.log_prob_R, self.value))
        return decoded


@pytest.mark.parametrize("postprocessing", [Postprocessing(), CALIBRATED], ids=["own", "calibrated"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("broken", ["joint", "marginals", "path"])
@pytest.mark.parametrize("name", ["soft", "hard", "per-domain"])
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_network_that_gives_no_number_fails_and_is_not_taken_for_certain(
    name: str, broken: str, value: float, postprocessing: Postprocessing
) -> None:
    model = MODELS[name]
    networks = BrokenNetworks(model.of_networks, n_classes=model.n_classes)
    networks.broken, networks.value = broken, value
    pipeline = Pipeline(model.labels, model.topology, model.routing, networks, postprocessing)
    with pytest.raises(ModelRunFailed, match=r"confidence: found (nan|inf), expected a number from 0 to 1"):
        pipeline.run([VECTORIZER.item(Utterance(KNOWN))])
