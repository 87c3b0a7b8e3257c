"""Routing against sums written out: what each hypothesis's probability is, and in which order they are decoded."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, pairwise
from math import exp, fsum, log
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polyparse.contract.labels import Labels
from polyparse.inference.routing import (
    Route,
    Routing,
    domain_log_probs,
    log_normalise,
    rank,
    routed_log_probs,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

OWNERS = (1, 0, 2, 1, 0, 1)
LABELS = Labels(tuple("abc"), tuple("uvwxyz"), OWNERS, (), ((), (), ()), "BIO")
NO_DOMAINS = Labels((), LABELS.intents, (), (), (), "BIO")
NO_INTENTS = Labels((), (), (), ("s",), (), "BIO")
N_INTENTS, N_DOMAINS = len(LABELS.intents), len(LABELS.domains)

scores = st.floats(-200, 200, width=32)
weights = st.sampled_from([0.0, 0.3, 0.5, 1.0])
HARD = [Routing("hard", 0.5, "intents"), Routing("hard", 0.5, "domains")]
SOFT = [Routing("soft", 0.5, "intents"), Routing("soft", 0.5, "domains")]
joint_rows = st.lists(scores, min_size=N_INTENTS, max_size=N_INTENTS)
classes = {"intents": N_INTENTS, "domains": N_DOMAINS}


def ranked(
    joint_BI: Floats, classified_BX: Floats | None, labels: Labels, routing: Routing, n_best: Sequence[int]
) -> list[list[Route]]:
    """The routes of what both models say."""
    log_probs_BI = routed_log_probs(joint_BI, classified_BX, labels, routing)
    return rank(log_probs_BI, classified_BX, labels, routing, n_best)


def log_probs(rows: Sequence[Sequence[float]]) -> Floats:
    return log_normalise(np.array(rows, dtype=np.float32))


@st.composite
def cases(draw: st.DrawFn, *, size: int = 1) -> tuple[Floats, Floats, Routing]:
    """log P_joint_BI, log P_DC_BX and a routing that fits them."""
    routing = draw(st.sampled_from(SOFT + HARD))
    joint = [draw(joint_rows) for _ in range(size)]
    n = classes[routing.classifier_classes]
    classified = [draw(st.lists(scores, min_size=n, max_size=n)) for _ in range(size)]
    return log_probs(joint), log_probs(classified), replace(routing, joint_weight=draw(weights))


def normalised(weights_of: dict[int, float]) -> dict[int, float]:
    """Probabilities in proportion to exp of the values."""
    top = max(weights_of.values())
    total = fsum(exp(value - top) for value in weights_of.values())
    return {key: exp(value - top) / total for key, value in weights_of.items()}


def soft_probs(joint_I: Floats, classified_X: Floats, routing: Routing) -> dict[int, float]:
    """The slow twin of soft routing: P(i) is in proportion to P_joint(i)**lambda * P_DC(i)**(1 - lambda)."""
    of_intent = [
        classified_X[i if routing.classifier_classes == "intents" else OWNERS[i]] for i in range(N_INTENTS)
    ]
    weight = routing.joint_weight
    return normalised(
        {i: weight * float(joint_I[i]) + (1 - weight) * float(of_intent[i]) for i in range(N_INTENTS)}
    )


def hard_probs(joint_I: Floats, classified_X: Floats, routing: Routing) -> dict[int, float]:
    """The slow twin of hard routing: P(i) = P_DC(domain of i) * P_joint(i | domain of i)."""
    probs: dict[int, float] = {}
    for d in range(N_DOMAINS):
        intents = [i for i in range(N_INTENTS) if OWNERS[i] == d]
        within = normalised({i: float(joint_I[i]) for i in intents})
        classes_of_d = [d] if routing.classifier_classes == "domains" else intents
        domain_prob = fsum(exp(float(classified_X[x])) for x in classes_of_d)
        probs |= {i: domain_prob * within[i] for i in intents}
    return probs


TWINS = {"soft": soft_probs, "hard": hard_probs}


def everything(case: tuple[Floats, Floats, Routing]) -> list[Route]:
    """All routes of a case of one utterance."""
    joint_BI, classified_BX, routing = case
    (routes,) = ranked(joint_BI, classified_BX, LABELS, routing, [N_INTENTS])
    return routes


@given(cases())
def test_a_route_has_the_probability_that_the_sums_give_it(case: tuple[Floats, Floats, Routing]) -> None:
    joint_BI, classified_BX, routing = case
    expected = TWINS[routing.kind](joint_BI[0], classified_BX[0], routing)
    for route in everything(case):
        assert route.intent is not None
        assert route.intent_prob == pytest.approx(expected[route.intent], rel=1e-3, abs=1e-6)
        assert exp(route.log_prob) == pytest.approx(route.intent_prob, rel=1e-5)


@given(cases())
def test_the_probabilities_of_all_routes_sum_to_one(case: tuple[Floats, Floats, Routing]) -> None:
    routes = everything(case)
    assert fsum(route.intent_prob for route in routes) == pytest.approx(1.0, abs=1e-5)
    by_domain = {route.domain: route.domain_prob for route in routes}
    assert fsum(by_domain.values()) == pytest.approx(1.0, abs=1e-5)


@given(cases())
def test_a_domain_is_as_probable_as_its_intents_together(case: tuple[Floats, Floats, Routing]) -> None:
    routes = everything(case)
    for route in routes:
        local = [other.intent_prob for other in routes if other.domain == route.domain]
        assert route.domain_prob == pytest.approx(fsum(local), abs=1e-5)


@given(cases())
def test_every_intent_is_ranked_once_under_its_own_domain(case: tuple[Floats, Floats, Routing]) -> None:
    routes = everything(case)
    assert sorted(route.intent for route in routes if route.intent is not None) == list(range(N_INTENTS))
    assert all(route.domain == OWNERS[route.intent] for route in routes if route.intent is not None)


@example(
    (
        np.array([[-66.0, -66.0, 0.0, -66.0, -65.0, -66.0]], np.float32),
        np.full((1, 3), -1.0986123, np.float32),
        Routing("hard", 0.0, "domains"),
    )
)
@given(cases())
def test_soft_routes_come_by_probability_and_hard_ones_by_domain_first(
    case: tuple[Floats, Floats, Routing],
) -> None:
    routes = everything(case)
    runs = [routes]
    if case[2].kind == "hard":
        runs = [list(run) for _, run in groupby(routes, key=lambda route: route.domain)]
        assert len(runs) == N_DOMAINS
        assert all(a[0].domain_prob >= b[0].domain_prob - 1e-6 for a, b in pairwise(runs))
    assert all(a.log_prob >= b.log_prob for run in runs for a, b in pairwise(run))


@given(cases())
def test_hard_routing_stays_in_the_classifiers_domain_whatever_the_joint_network_says(
    case: tuple[Floats, Floats, Routing],
) -> None:
    joint_BI, classified_BX, routing = case
    best = ranked(joint_BI, classified_BX, LABELS, replace(routing, kind="hard"), [1])[0][0]
    domain = int(domain_log_probs(classified_BX, LABELS, routing)[0].argmax())
    local = LABELS.intents_of(domain)
    assert best.domain == domain
    assert best.intent == local[int(joint_BI[0, list(local)].argmax())]


@pytest.mark.parametrize("routing", HARD)
def test_hard_routing_holds_where_the_joint_network_is_certain_of_another_domain(routing: Routing) -> None:
    """Probabilities too small for a float are still compared as logarithms."""
    joint = log_probs([[0.0, 300.0, 0.0, 1.0, 0.0, 2.0]])
    classified = log_probs(
        [[0.0] * N_INTENTS if routing.classifier_classes == "intents" else [0.0, 5.0, 0.0]]
    )
    routes = ranked(joint, classified, LABELS, routing, [3])[0]
    domain_prob = exp(domain_log_probs(classified, LABELS, routing)[0, 1])
    assert [route.intent for route in routes] == [5, 3, 0]
    assert [route.domain_prob for route in routes] == pytest.approx([domain_prob] * 3, rel=1e-4)
    expected = normalised({0: 0.0, 3: 1.0, 5: 2.0})
    for route in routes:
        assert route.intent_prob == pytest.approx(domain_prob * expected[route.intent or 0], rel=1e-4)


def test_a_domain_that_the_classifier_all_but_excludes_keeps_its_place() -> None:
    """Of two hopeless domains the less hopeless comes first."""
    classified = log_probs([[0.0, 300.0, 20.0, 0.0, 300.0, 0.0]])
    actual = domain_log_probs(classified, LABELS, Routing("hard", 0.5, "intents"))[0]
    assert actual.tolist() == pytest.approx([0.0, log(3) - 300 - log(2), 20 - 300 - log(2)], abs=1e-3)


def test_domains_of_equal_probability_are_not_mixed() -> None:
    joint = log_probs([[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]])
    classified = log_probs([[0.0, 0.0, 0.0]])
    routes = ranked(joint, classified, LABELS, Routing("hard", 0.5, "domains"), [N_INTENTS])[0]
    assert [route.domain for route in routes] == [0, 0, 1, 1, 1, 2]


@given(cases(), st.integers(1, N_INTENTS), st.integers(1, N_INTENTS))
def test_a_shorter_list_is_the_beginning_of_a_longer_one(
    case: tuple[Floats, Floats, Routing], some: int, more: int
) -> None:
    joint_BI, classified_BX, routing = case
    few, many = (ranked(joint_BI, classified_BX, LABELS, routing, [n])[0] for n in sorted((some, more)))
    assert many[: len(few)] == few
    assert (len(few), len(many)) == tuple(sorted((some, more)))


def test_no_more_routes_are_given_than_there_are_intents() -> None:
    assert (
        len(ranked(log_probs([[0.0] * N_INTENTS]), None, LABELS, Routing(classifier_classes="none"), [10])[0])
        == N_INTENTS
    )


@given(cases(size=4), st.lists(st.integers(1, N_INTENTS), min_size=4, max_size=4))
def test_an_utterance_in_a_batch_is_routed_as_alone(
    case: tuple[Floats, Floats, Routing], n_best: list[int]
) -> None:
    joint_BI, classified_BX, routing = case
    together = ranked(joint_BI, classified_BX, LABELS, routing, n_best)
    for b, n in enumerate(n_best):
        alone = ranked(joint_BI[[b]], classified_BX[[b]], LABELS, routing, [n])[0]
        assert [route.intent for route in together[b]] == [route.intent for route in alone]
        actual, expected = ([route.intent_prob for route in routes] for routes in (together[b], alone))
        assert actual == pytest.approx(expected, abs=1e-6)


@given(joint_rows, weights)
@example([0.0] * N_INTENTS, 0.5)
def test_without_a_classifier_the_joint_network_decides_alone(joint: list[float], weight: float) -> None:
    joint_BI = log_probs([joint])
    routes = ranked(joint_BI, None, LABELS, Routing("hard", weight, "none"), [N_INTENTS])[0]
    assert [route.intent for route in routes] == np.argsort(-joint_BI[0], kind="stable").tolist()
    assert [route.intent_prob for route in routes] == pytest.approx(
        [exp(float(joint_BI[0, route.intent or 0])) for route in routes], abs=1e-6
    )


@given(joint_rows, joint_rows, st.sampled_from([SOFT[0], HARD[0]]))
def test_a_corpus_without_domains_is_routed_softly_and_has_none(
    joint: list[float], classified: list[float], routing: Routing
) -> None:
    joint_BI, classified_BX = log_probs([joint]), log_probs([classified])
    routes = ranked(joint_BI, classified_BX, NO_DOMAINS, routing, [N_INTENTS])[0]
    expected = soft_probs(joint_BI[0], classified_BX[0], routing)
    assert {(route.domain, route.domain_prob) for route in routes} == {(None, 1.0)}
    assert {route.intent: route.intent_prob for route in routes} == pytest.approx(expected, abs=1e-5)


def test_a_corpus_without_intents_has_one_certain_hypothesis() -> None:
    joint_BI = np.zeros((2, 0), dtype=np.float32)
    certain = [Route(None, None, 1.0, 1.0, 0.0)]
    assert ranked(joint_BI, None, NO_INTENTS, Routing(classifier_classes="none"), [1, 5]) == [
        certain,
        certain,
    ]
