"""From items to frames, under every topology and routing: each frame is what its utterance alone gets, and is sound."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from math import exp
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from polyparse.contract.frame import Alternative, Frame, Utterance
from polyparse.contract.labels import Labels
from polyparse.contract.tags import SCHEMES
from polyparse.inference.pipeline import Pipeline
from polyparse.inference.routing import Routing
from polyparse.text.vectorizer import collate
from tests.networks import ArithmeticNetworks, vectorizer_of
from tests.strategies import utterances

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LABELS = Labels(
    domains=("alarm", "music", "news"),
    intents=("cancel", "like", "play", "read", "set", "show"),
    intent_domains=(0, 1, 1, 2, 0, 0),
    slots=("artist", "date", "song-name", "time"),
    domain_slots=((1, 3), (0, 2, 3), (1,)),
    scheme="BIO",
)
KNOWN = "wake me at seven, играй музыку. pon la alarma d'oggi 東京 अलार्म बजे 7:30 मुझे"
VECTORIZER = vectorizer_of(KNOWN)
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Model:
    """A kind of model: its inventory, topology and routing."""

    labels: Labels
    topology: str
    routing: Routing

    @property
    def of_networks(self) -> list[Labels]:
        """The inventory of each network."""
        if self.topology == "shared":
            return [self.labels]
        return [self.labels.restrict(domain) for domain in range(len(self.labels.domains))]

    @property
    def n_classes(self) -> int:
        sizes = {"intents": len(self.labels.intents), "domains": len(self.labels.domains), "none": 0}
        return sizes[self.routing.classifier_classes]

    def networks(self) -> ArithmeticNetworks:
        return ArithmeticNetworks(self.of_networks, n_classes=self.n_classes)

    def pipeline(self) -> Pipeline:
        return Pipeline(self.labels, self.topology, self.routing, self.networks())


NO_DOMAINS = replace(LABELS, domains=(), intent_domains=(), domain_slots=(), scheme="BIOES")
NO_INTENTS = replace(NO_DOMAINS, intents=(), scheme="IO")
MODELS = {
    "soft": Model(LABELS, "shared", Routing("soft", 0.6, "intents")),
    "soft over domains": Model(LABELS, "shared", Routing("soft", 0.6, "domains")),
    "hard": Model(LABELS, "shared", Routing("hard", 0.5, "intents")),
    "hard over domains": Model(LABELS, "shared", Routing("hard", 0.5, "domains")),
    "no classifier": Model(LABELS, "shared", Routing("soft", 1.0, "none")),
    "no domains": Model(NO_DOMAINS, "shared", Routing("soft", 0.6, "intents")),
    "no intents": Model(NO_INTENTS, "shared", Routing("soft", 1.0, "none")),
    "per-domain": Model(replace(LABELS, scheme="BIOES"), "per-domain", Routing("hard", 0.5, "intents")),
    "per-domain over domains": Model(LABELS, "per-domain", Routing("hard", 0.5, "domains")),
}
every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
fewer = settings(max_examples=25)
batches = st.lists(
    st.builds(Utterance, utterances, st.just("es-ES"), st.integers(1, 10)), min_size=1, max_size=5
)


def parse(model: Model, batch: Sequence[Utterance]) -> list[Frame]:
    return model.pipeline().run([VECTORIZER.item(utterance) for utterance in batch]).frames


def hypotheses_of(frame: Frame) -> list[Alternative]:
    """The best one, then the alternatives."""
    best = Alternative(frame.domain, frame.intent, frame.slots, frame.confidence)
    return [best, *frame.alternatives]


def decision(hypothesis: Alternative) -> tuple[object, ...]:
    return (
        hypothesis.domain and hypothesis.domain.name,
        hypothesis.intent and hypothesis.intent.name,
        [(slot.name, slot.start, slot.end) for slot in hypothesis.slots],
    )


def probabilities(hypothesis: Alternative) -> list[float]:
    choices = [choice.confidence for choice in (hypothesis.domain, hypothesis.intent) if choice is not None]
    return [hypothesis.confidence, *choices, *(slot.confidence for slot in hypothesis.slots)]


def assert_same(frame: Frame, expected: Frame) -> None:
    assert frame.text == expected.text
    pairs = list(zip(hypotheses_of(frame), hypotheses_of(expected), strict=True))
    assert [decision(one) for one, _ in pairs] == [decision(other) for _, other in pairs]
    for one, other in pairs:
        assert probabilities(one) == pytest.approx(probabilities(other), abs=TOLERANCE)


@every_model
@fewer
@given(batches)
@example([Utterance(KNOWN, None, 10), Utterance("wake me"), Utterance("7:30 東京", None, 3)])
def test_alone_equals_in_company(model: Model, batch: list[Utterance]) -> None:
    for together, utterance in zip(parse(model, batch), batch, strict=True):
        assert_same(together, parse(model, [utterance])[0])


@every_model
def test_the_order_of_a_batch_changes_no_frame(model: Model) -> None:
    batch = [
        Utterance(text, None, n) for n, text in enumerate((KNOWN, "wake me", "ok 7:30", "東京"), start=1)
    ]
    for frame, expected in zip(parse(model, batch[::-1]), parse(model, batch)[::-1], strict=True):
        assert_same(frame, expected)


@every_model
@fewer
@given(batches)
def test_a_frame_answers_its_utterance(model: Model, batch: list[Utterance]) -> None:
    frames = parse(model, batch)
    assert [(frame.text, frame.locale) for frame in frames] == [(u.text, u.locale) for u in batch]
    most = len(model.labels.intents) or 1
    assert [len(hypotheses_of(frame)) for frame in frames] == [min(u.n_best, most) for u in batch]


@every_model
@fewer
@given(batches)
def test_slots_are_slices_of_the_text_in_order_and_of_the_hypothesis_domain(
    model: Model, batch: list[Utterance]
) -> None:
    labels = model.labels
    for frame in parse(model, batch):
        for hypothesis in hypotheses_of(frame):
            domain = None if hypothesis.domain is None else labels.domains.index(hypothesis.domain.name)
            assert {slot.name for slot in hypothesis.slots} <= set(labels.slots_of(domain))
            assert all(frame.text[slot.start : slot.end] == slot.value for slot in hypothesis.slots)
            assert all(left.end <= right.start for left, right in pairwise(hypothesis.slots))


@every_model
@fewer
@given(batches)
def test_hypotheses_differ_in_intent_and_each_intent_is_of_its_domain(
    model: Model, batch: list[Utterance]
) -> None:
    labels = model.labels
    for frame in parse(model, batch):
        hypotheses = hypotheses_of(frame)
        intents = [hypothesis.intent and hypothesis.intent.name for hypothesis in hypotheses]
        assert len(set(intents)) == len(intents)
        for hypothesis in hypotheses:
            if hypothesis.domain is not None and hypothesis.intent is not None:
                owner = labels.intent_domains[labels.intents.index(hypothesis.intent.name)]
                assert labels.domains[owner] == hypothesis.domain.name
            assert (hypothesis.domain is None) == (not labels.domains)
            assert (hypothesis.intent is None) == (not labels.intents)


@every_model
@fewer
@given(batches)
def test_confidences_are_probabilities_and_a_frame_is_no_surer_than_its_parts(
    model: Model, batch: list[Utterance]
) -> None:
    for frame in parse(model, batch):
        for hypothesis in hypotheses_of(frame):
            parts = probabilities(hypothesis)
            assert all(0.0 <= part <= 1.0 for part in parts)
            assert all(hypothesis.confidence <= part * (1 + TOLERANCE) + 1e-9 for part in parts)
            if hypothesis.domain is not None and hypothesis.intent is not None:
                assert hypothesis.intent.confidence <= hypothesis.domain.confidence * (1 + TOLERANCE) + 1e-9


def falls(confidences: Iterable[float]) -> bool:
    return all(one >= other - TOLERANCE for one, other in pairwise(confidences))


@every_model
@fewer
@given(utterances)
def test_hypotheses_come_by_confidence_and_where_routing_is_hard_by_domain_first(
    model: Model, text: str
) -> None:
    hypotheses = hypotheses_of(parse(model, [Utterance(text, None, 10)])[0])
    runs = [hypotheses]
    if model.routing.kind == "hard":
        runs = [list(run) for _, run in groupby(hypotheses, key=lambda hypothesis: hypothesis.domain)]
        assert len(runs) == len(LABELS.domains)
        assert falls(run[0].domain.confidence for run in runs if run[0].domain)
    for run in runs:
        assert falls(hypothesis.intent.confidence for hypothesis in run if hypothesis.intent)


@every_model
@fewer
@given(utterances, st.integers(1, 9))
def test_asking_for_more_hypotheses_changes_none_of_the_first(model: Model, text: str, n_best: int) -> None:
    few, many = (hypotheses_of(parse(model, [Utterance(text, None, n)])[0]) for n in (n_best, 10))
    assert [decision(hypothesis) for hypothesis in few] == [
        decision(hypothesis) for hypothesis in many[: len(few)]
    ]
    for one, other in zip(few, many, strict=False):
        assert probabilities(one) == pytest.approx(probabilities(other), abs=TOLERANCE)


def test_the_best_hypothesis_is_that_of_scores_and_routes_worked_out_by_hand() -> None:
    """One utterance through a shared network, step by step."""
    model = MODELS["soft"]
    item = VECTORIZER.item(Utterance("wake me at 7:30"))
    networks, batch = model.networks(), collate([item])
    joint_BI, emissions_BTK = networks.score(batch, 0)
    classified_BX = networks.classify(batch)
    assert classified_BX is not None
    weights = [
        exp(0.6 * float(j) + 0.4 * float(c)) for j, c in zip(joint_BI[0], classified_BX[0], strict=True)
    ]
    intent = max(range(len(weights)), key=weights.__getitem__)
    domain = LABELS.intent_domains[intent]
    path_probability, tags = 1.0, []
    for emission_K in emissions_BTK[0]:
        odds = {
            tag: exp(float(score))
            for tag, score in zip(LABELS.tags, emission_K, strict=True)
            if tag == "O" or tag[2:] in LABELS.slots_of(domain)
        }
        tags.append(max(odds, key=odds.__getitem__))
        path_probability *= odds[tags[-1]] / sum(odds.values())
    (frame,) = parse(model, [item.utterance])
    spans = SCHEMES["BIO"].decode(tags)
    assert decision(hypotheses_of(frame)[0]) == (
        LABELS.domains[domain],
        LABELS.intents[intent],
        [(span.name, item.starts[span.start], item.ends[span.end - 1]) for span in spans],
    )
    intent_probability = weights[intent] / sum(weights)
    assert frame.confidence == pytest.approx(intent_probability * path_probability, abs=TOLERANCE)


@every_model
def test_a_result_says_where_time_went_and_what_share_was_padding(model: Model) -> None:
    result = model.pipeline().run([VECTORIZER.item(Utterance(text)) for text in ("wake me at seven", "wake")])
    assert set(result.seconds) == {"score", "decode", "assemble"}
    assert all(seconds >= 0.0 for seconds in result.seconds.values())
    assert result.padding == pytest.approx(3 / 8)
