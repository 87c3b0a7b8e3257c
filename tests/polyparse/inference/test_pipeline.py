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
    def own(self) -> list[Labels]:
        if self.topology == "shared":
            return [self.labels]
        return [self.labels.restrict(domain) for domain in range(len(self.labels.domains))]

    @property
    def n_classes(self) -> int:
        sizes = {"intents": len(self.labels.intents), "domains": len(self.labels.domains), "none": 0}
        return sizes[self.routing.classifier]

    def networks(self) -> ArithmeticNetworks:
        return ArithmeticNetworks(self.own, n_classes=self.n_classes)

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
asked = st.lists(
    st.builds(Utterance, utterances, st.just("es-ES"), st.integers(1, 10)), min_size=1, max_size=5
)


def parse(model: Model, wanted: Sequence[Utterance]) -> list[Frame]:
    return model.pipeline().run([VECTORIZER.item(utterance) for utterance in wanted]).frames


def readings_of(frame: Frame) -> list[Alternative]:
    """The frame's own reading, then its alternatives."""
    best = Alternative(frame.domain, frame.intent, frame.slots, frame.confidence)
    return [best, *frame.alternatives]


def decision(reading: Alternative) -> tuple[object, ...]:
    return (
        reading.domain and reading.domain.name,
        reading.intent and reading.intent.name,
        [(slot.name, slot.start, slot.end) for slot in reading.slots],
    )


def probabilities(reading: Alternative) -> list[float]:
    choices = [choice.confidence for choice in (reading.domain, reading.intent) if choice is not None]
    return [reading.confidence, *choices, *(slot.confidence for slot in reading.slots)]


def assert_same(found: Frame, expected: Frame) -> None:
    assert found.text == expected.text
    pairs = list(zip(readings_of(found), readings_of(expected), strict=True))
    assert [decision(one) for one, _ in pairs] == [decision(other) for _, other in pairs]
    for one, other in pairs:
        assert probabilities(one) == pytest.approx(probabilities(other), abs=TOLERANCE)


@every_model
@fewer
@given(asked)
@example([Utterance(KNOWN, None, 10), Utterance("wake me"), Utterance("7:30 東京", None, 3)])
def test_alone_equals_in_company(model: Model, wanted: list[Utterance]) -> None:
    for together, utterance in zip(parse(model, wanted), wanted, strict=True):
        assert_same(together, parse(model, [utterance])[0])


@every_model
def test_the_order_of_a_batch_changes_no_frame(model: Model) -> None:
    wanted = [
        Utterance(text, None, n) for n, text in enumerate((KNOWN, "wake me", "ok 7:30", "東京"), start=1)
    ]
    for found, expected in zip(parse(model, wanted[::-1]), parse(model, wanted)[::-1], strict=True):
        assert_same(found, expected)


@every_model
@fewer
@given(asked)
def test_a_frame_answers_its_utterance(model: Model, wanted: list[Utterance]) -> None:
    frames = parse(model, wanted)
    assert [(frame.text, frame.locale) for frame in frames] == [(u.text, u.locale) for u in wanted]
    most = len(model.labels.intents) or 1
    assert [len(readings_of(frame)) for frame in frames] == [min(u.n_best, most) for u in wanted]


@every_model
@fewer
@given(asked)
def test_slots_are_slices_of_the_text_in_order_and_of_the_readings_domain(
    model: Model, wanted: list[Utterance]
) -> None:
    labels = model.labels
    for frame in parse(model, wanted):
        for reading in readings_of(frame):
            domain = None if reading.domain is None else labels.domains.index(reading.domain.name)
            assert {slot.name for slot in reading.slots} <= set(labels.slots_of(domain))
            assert all(frame.text[slot.start : slot.end] == slot.value for slot in reading.slots)
            assert all(left.end <= right.start for left, right in pairwise(reading.slots))


@every_model
@fewer
@given(asked)
def test_readings_differ_in_intent_and_each_intent_is_of_its_domain(
    model: Model, wanted: list[Utterance]
) -> None:
    labels = model.labels
    for frame in parse(model, wanted):
        readings = readings_of(frame)
        intents = [reading.intent and reading.intent.name for reading in readings]
        assert len(set(intents)) == len(intents)
        for reading in readings:
            if reading.domain is not None and reading.intent is not None:
                owner = labels.intent_domains[labels.intents.index(reading.intent.name)]
                assert labels.domains[owner] == reading.domain.name
            assert (reading.domain is None) == (not labels.domains)
            assert (reading.intent is None) == (not labels.intents)


@every_model
@fewer
@given(asked)
def test_confidences_are_probabilities_and_a_frame_is_no_surer_than_its_parts(
    model: Model, wanted: list[Utterance]
) -> None:
    for frame in parse(model, wanted):
        for reading in readings_of(frame):
            found = probabilities(reading)
            assert all(0.0 <= probability <= 1.0 for probability in found)
            assert all(reading.confidence <= part * (1 + TOLERANCE) + 1e-9 for part in found)
            if reading.domain is not None and reading.intent is not None:
                assert reading.intent.confidence <= reading.domain.confidence * (1 + TOLERANCE) + 1e-9


def falls(confidences: Iterable[float]) -> bool:
    return all(one >= other - TOLERANCE for one, other in pairwise(confidences))


@every_model
@fewer
@given(utterances)
def test_readings_come_by_confidence_and_where_routing_is_hard_by_domain_first(
    model: Model, text: str
) -> None:
    readings = readings_of(parse(model, [Utterance(text, None, 10)])[0])
    runs = [readings]
    if model.routing.kind == "hard":
        runs = [list(run) for _, run in groupby(readings, key=lambda reading: reading.domain)]
        assert len(runs) == len(LABELS.domains)
        assert falls(run[0].domain.confidence for run in runs if run[0].domain)
    for run in runs:
        assert falls(reading.intent.confidence for reading in run if reading.intent)


@every_model
@fewer
@given(utterances, st.integers(1, 9))
def test_asking_for_more_readings_changes_none_of_the_first(model: Model, text: str, n_best: int) -> None:
    few, many = (readings_of(parse(model, [Utterance(text, None, n)])[0]) for n in (n_best, 10))
    assert [decision(reading) for reading in few] == [decision(reading) for reading in many[: len(few)]]
    for one, other in zip(few, many, strict=False):
        assert probabilities(one) == pytest.approx(probabilities(other), abs=TOLERANCE)


def test_the_best_reading_is_that_of_scores_and_routes_worked_out_by_hand() -> None:
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
    assert decision(readings_of(frame)[0]) == (
        LABELS.domains[domain],
        LABELS.intents[intent],
        [(span.name, item.starts[span.start], item.ends[span.end - 1]) for span in spans],
    )
    intent_probability = weights[intent] / sum(weights)
    assert frame.confidence == pytest.approx(intent_probability * path_probability, abs=TOLERANCE)


@every_model
def test_an_outcome_says_where_time_went_and_what_share_was_padding(model: Model) -> None:
    outcome = model.pipeline().run(
        [VECTORIZER.item(Utterance(text)) for text in ("wake me at seven", "wake")]
    )
    assert set(outcome.seconds) == {"score", "decode", "assemble"}
    assert all(seconds >= 0.0 for seconds in outcome.seconds.values())
    assert outcome.padding == pytest.approx(3 / 8)
