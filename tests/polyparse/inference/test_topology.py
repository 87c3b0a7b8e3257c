"""Which readings each topology gives to the decoder: every frame wanted, once, from no more networks than needed."""

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
from polyparse.inference.topology import PerDomainTopology, Readings, SharedTopology
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
OWN = [LABELS.restrict(d) for d in range(len(LABELS.domains))]
VECTORIZER = vectorizer_of("wake me at seven", "play música", "read the news")
CLASSES = {"intents": len(LABELS.intents), "domains": len(LABELS.domains)}
ROUTINGS = [Routing("hard", 0.5, "intents"), Routing("hard", 0.5, "domains")]

wanted = st.lists(st.tuples(utterances, st.integers(1, 8)), min_size=1, max_size=5)


def items_of(asked: list[tuple[str, int]]) -> list[Item]:
    return [VECTORIZER.item(Utterance(text, n_best=n_best)) for text, n_best in asked]


def by_rank(readings: list[Readings]) -> dict[tuple[int, int], tuple[int, int, Route]]:
    """(item, rank) -> (network, row, route); each pair stands once."""
    found = {}
    for entry in readings:
        for row, item, position, route in zip(
            entry.rows, entry.items, entry.ranks, entry.routes, strict=True
        ):
            assert (item, position) not in found
            found[item, position] = (entry.network, row, route)
    return found


@given(wanted)
def test_shared_reads_every_items_best_routes_from_one_network(asked: list[tuple[str, int]]) -> None:
    items, routing = items_of(asked), Routing("soft", 0.4, "intents")
    networks = ArithmeticNetworks([LABELS], n_classes=CLASSES["intents"])
    batch = collate(items)
    (readings,) = SharedTopology(LABELS, routing, networks).read(batch, items).readings
    joint_BI, emissions_BTK = networks.score(batch, 0)
    n_best = [n for _, n in asked]
    classified_BX = networks.classify(batch)
    mixture_BI = routed_log_probs(joint_BI, classified_BX, LABELS, routing)
    expected = rank(mixture_BI, classified_BX, LABELS, routing, n_best)
    found = by_rank([readings])
    assert found == {
        (b, position): (0, b, route)
        for b, routes in enumerate(expected)
        for position, route in enumerate(routes)
    }
    np.testing.assert_array_equal(readings.emissions_STK, emissions_BTK)


@given(wanted, st.sampled_from(ROUTINGS))
def test_per_domain_orders_domains_by_the_classifier_and_intents_by_the_domains_network(
    asked: list[tuple[str, int]], routing: Routing
) -> None:
    items = items_of(asked)
    networks = ArithmeticNetworks(OWN, n_classes=CLASSES[routing.classifier])
    found = by_rank(PerDomainTopology(LABELS, routing, networks).read(collate(items), items).readings)
    for b, (item, (_, n_best)) in enumerate(zip(items, asked, strict=True)):
        alone = collate([item])
        classified_BX = networks.classify(alone)
        assert classified_BX is not None
        domains_D = domain_log_probs(classified_BX, LABELS, routing)[0]
        expected = []
        for d in sorted(range(len(domains_D)), key=lambda d: -domains_D[d]):
            joint_I = networks.score(alone, d)[0][0]
            ranked = sorted(range(len(joint_I)), key=lambda i: -joint_I[i])
            expected += [(d, LABELS.intents_of(d)[i], domains_D[d], joint_I[i]) for i in ranked]
        assert [position for b_, position in sorted(found) if b_ == b] == list(
            range(min(n_best, len(expected)))
        )
        for position, (d, intent, domain_log_prob, log_prob) in enumerate(expected[:n_best]):
            network, _, route = found[b, position]
            assert (network, route.domain, route.intent) == (d, d, intent)
            assert route.domain_prob == pytest.approx(np.exp(domain_log_prob), abs=1e-5)
            assert route.intent_prob == pytest.approx(np.exp(domain_log_prob + log_prob), abs=1e-5)
            assert route.log_prob == pytest.approx(domain_log_prob + log_prob, abs=1e-4)


@given(wanted)
def test_per_domain_scores_an_item_once_in_each_network_that_it_needs(asked: list[tuple[str, int]]) -> None:
    """A domain's intents come before the next domain's, so that few domains hold the frames wanted."""
    items = items_of(asked)
    networks = ArithmeticNetworks(OWN, n_classes=CLASSES["domains"])
    readings = PerDomainTopology(LABELS, ROUTINGS[1], networks).read(collate(items), items).readings
    assert sorted(networks.scored) == sorted(entry.network for entry in readings)
    for entry in readings:
        assert set(entry.rows) == set(range(len(entry.lengths_S)))
        assert max(Counter(entry.items).values()) <= len(OWN[entry.network].intents)


@given(wanted)
def test_each_reading_has_the_emissions_of_its_item_alone(asked: list[tuple[str, int]]) -> None:
    items = items_of(asked)
    networks = ArithmeticNetworks(OWN, n_classes=CLASSES["domains"])
    for entry in PerDomainTopology(LABELS, ROUTINGS[1], networks).read(collate(items), items).readings:
        emissions_RTK, lengths_R = entry.emissions()
        assert len(emissions_RTK) == len(lengths_R) == len(entry.routes)
        for r, b in enumerate(entry.items):
            alone_TK = networks.score(collate([items[b]]), entry.network)[1][0]
            assert lengths_R[r] == len(alone_TK)
            np.testing.assert_allclose(emissions_RTK[r, : len(alone_TK)], alone_TK, atol=1e-4)


def test_one_reading_an_item_copies_no_emissions() -> None:
    items = items_of([("wake me", 1), ("play", 1)])
    networks = ArithmeticNetworks([LABELS], n_classes=0)
    routing = Routing("soft", 1.0, "none")
    (readings,) = SharedTopology(LABELS, routing, networks).read(collate(items), items).readings
    assert readings.emissions()[0] is readings.emissions_STK


@pytest.mark.parametrize(
    ("labels", "routing", "message"),
    [
        (Labels((), ("a",), (), (), (), "BIO"), ROUTINGS[0], "found labels without domains"),
        (LABELS, replace(ROUTINGS[0], classifier="none"), "found no domain classifier"),
    ],
)
def test_per_domain_is_refused_where_nothing_could_be_routed(
    labels: Labels, routing: Routing, message: str
) -> None:
    networks = ArithmeticNetworks(OWN, n_classes=0)
    with pytest.raises(ConfigError, match=f"topology: {message}, expected"):
        PerDomainTopology(labels, routing, networks)
