"""Which hypotheses each topology gives to the decoder: all that are asked for, once, from no more networks than needed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.contract.frame import Utterance
from polyparse.contract.labels import Labels
from polyparse.errors import ConfigError
from polyparse.inference.routing import Route, Routing, domain_log_probs, rank, routed_log_probs
from polyparse.inference.topology import Hypotheses, PerDomainTopology, SharedTopology
from polyparse.text.vectorizer import Item, collate
from tests.networks import ArithmeticNetworks, vectorizer_of
from tests.strategies import utterances

LABELS = Labels(
    domains=("alarm", "music", "news"),
    intents=("cancel", "like", "play", "read", "set", "show"),
    intent_domains=(0, 1, 1, 2, 0, 0),
    slots=("artist", "date", "song-name", "time"),
    domain_slots=((1, 3), (0, 2), ()),
    scheme="BIO",
)
OF_DOMAINS = [LABELS.restrict(d) for d in range(len(LABELS.domains))]
VECTORIZER = vectorizer_of("wake me at seven", "play música", "read the news")
CLASSES = {"intents": len(LABELS.intents), "domains": len(LABELS.domains)}
ROUTINGS = [Routing("hard", 0.5, "intents"), Routing("hard", 0.5, "domains")]

requests = st.lists(st.tuples(utterances, st.integers(1, 8)), min_size=1, max_size=5)
Requests = list[tuple[str, int]]


def items_of(batch: Requests) -> list[Item]:
    return [VECTORIZER.item(Utterance(text, n_best=n_best)) for text, n_best in batch]


def by_rank(hypotheses: list[Hypotheses]) -> dict[tuple[int, int], tuple[int, int, Route]]:
    """(item, rank) -> (network, position in its batch, route); each pair stands once."""
    ranked = {}
    for entry in hypotheses:
        for position, item, rank_, route in zip(
            entry.positions, entry.items, entry.ranks, entry.routes, strict=True
        ):
            assert (item, rank_) not in ranked
            ranked[item, rank_] = (entry.network, position, route)
    return ranked


@given(requests)
def test_shared_gives_every_items_best_routes_from_one_network(batch: Requests) -> None:
    items, routing = items_of(batch), Routing("soft", 0.4, "intents")
    networks = ArithmeticNetworks([LABELS], n_classes=CLASSES["intents"])
    collated = collate(items)
    (hypotheses,) = SharedTopology(LABELS, routing, networks).score(collated, items).hypotheses
    joint_BI, emissions_BTK = networks.score(collated, 0)
    n_best = [n for _, n in batch]
    classified_BX = networks.classify(collated)
    mixture_BI = routed_log_probs(joint_BI, classified_BX, LABELS, routing)
    expected = rank(mixture_BI, classified_BX, LABELS, routing, n_best)
    assert by_rank([hypotheses]) == {
        (b, rank_): (0, b, route) for b, routes in enumerate(expected) for rank_, route in enumerate(routes)
    }
    np.testing.assert_array_equal(hypotheses.emissions_STK, emissions_BTK)


@given(requests, st.sampled_from(ROUTINGS))
def test_per_domain_orders_domains_by_the_classifier_and_intents_by_the_domains_network(
    batch: Requests, routing: Routing
) -> None:
    items = items_of(batch)
    networks = ArithmeticNetworks(OF_DOMAINS, n_classes=CLASSES[routing.classifier_classes])
    topology = PerDomainTopology(LABELS, routing, networks)
    by_item_and_rank = by_rank(topology.score(collate(items), items).hypotheses)
    for b, (item, (_, n_best)) in enumerate(zip(items, batch, strict=True)):
        alone = collate([item])
        classified_BX = networks.classify(alone)
        assert classified_BX is not None
        domains_D = domain_log_probs(classified_BX, LABELS, routing)[0]
        expected = []
        for d in sorted(range(len(domains_D)), key=lambda d: -domains_D[d]):
            joint_I = networks.score(alone, d)[0][0]
            ranked = sorted(range(len(joint_I)), key=lambda i: -joint_I[i])
            expected += [(d, LABELS.intents_of(d)[i], domains_D[d], joint_I[i]) for i in ranked]
        ranks = [rank_ for b_, rank_ in sorted(by_item_and_rank) if b_ == b]
        assert ranks == list(range(min(n_best, len(expected))))
        for rank_, (d, intent, domain_log_prob, log_prob) in enumerate(expected[:n_best]):
            network, _, route = by_item_and_rank[b, rank_]
            assert (network, route.domain, route.intent) == (d, d, intent)
            assert route.domain_prob == pytest.approx(np.exp(domain_log_prob), abs=1e-5)
            assert route.intent_prob == pytest.approx(np.exp(domain_log_prob + log_prob), abs=1e-5)
            assert route.log_prob == pytest.approx(domain_log_prob + log_prob, abs=1e-4)


@given(requests)
def test_per_domain_scores_an_item_once_in_each_network_that_it_needs(batch: Requests) -> None:
    """A domain's intents come before the next domain's, so that few domains hold the hypotheses asked for."""
    items = items_of(batch)
    networks = ArithmeticNetworks(OF_DOMAINS, n_classes=CLASSES["domains"])
    hypotheses = PerDomainTopology(LABELS, ROUTINGS[1], networks).score(collate(items), items).hypotheses
    assert sorted(networks.scored) == sorted(entry.network for entry in hypotheses)
    for entry in hypotheses:
        assert set(entry.positions) == set(range(len(entry.lengths_S)))
        assert max(Counter(entry.items).values()) <= len(OF_DOMAINS[entry.network].intents)


@given(requests)
def test_each_hypothesis_has_the_emissions_of_its_item_alone(batch: Requests) -> None:
    items = items_of(batch)
    networks = ArithmeticNetworks(OF_DOMAINS, n_classes=CLASSES["domains"])
    for entry in PerDomainTopology(LABELS, ROUTINGS[1], networks).score(collate(items), items).hypotheses:
        emissions_RTK, lengths_R = entry.emissions()
        assert len(emissions_RTK) == len(lengths_R) == len(entry.routes)
        for r, b in enumerate(entry.items):
            alone_TK = networks.score(collate([items[b]]), entry.network)[1][0]
            assert lengths_R[r] == len(alone_TK)
            np.testing.assert_allclose(emissions_RTK[r, : len(alone_TK)], alone_TK, atol=1e-4)


def test_one_hypothesis_an_item_copies_no_emissions() -> None:
    items = items_of([("wake me", 1), ("play", 1)])
    networks = ArithmeticNetworks([LABELS], n_classes=0)
    routing = Routing("soft", 1.0, "none")
    (hypotheses,) = SharedTopology(LABELS, routing, networks).score(collate(items), items).hypotheses
    assert hypotheses.emissions()[0] is hypotheses.emissions_STK


@pytest.mark.parametrize(
    ("labels", "routing", "message"),
    [
        (Labels((), ("a",), (), (), (), "BIO"), ROUTINGS[0], "found labels without domains"),
        (LABELS, replace(ROUTINGS[0], classifier_classes="none"), "found no domain classifier"),
    ],
)
def test_per_domain_is_refused_where_nothing_could_be_routed(
    labels: Labels, routing: Routing, message: str
) -> None:
    networks = ArithmeticNetworks(OF_DOMAINS, n_classes=0)
    with pytest.raises(ConfigError, match=f"topology: {message}, expected"):
        PerDomainTopology(labels, routing, networks)
