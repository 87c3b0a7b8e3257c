"""The inventory of names: what a corpus has, what a domain may hold, and which inventories are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.contract.labels import Labels
from polyparse.contract.tags import SCHEMES
from polyparse.errors import ConfigError
from polyparse.schema import structure, unstructure

FRAMES = [
    ("music", "play", ["artist", "song-name"]),
    ("alarm", "set", ["time", "date"]),
    ("alarm", "cancel", ["time"]),
    ("music", "play", []),
    ("news", "read", []),
]
LABELS = Labels.collect(FRAMES)
every_scheme = pytest.mark.parametrize("scheme", SCHEMES)

triples = st.lists(
    st.sampled_from(["play", "set", "cancel", "stop"]).flatmap(
        lambda intent: st.tuples(
            st.just({"play": "music", "set": "alarm", "cancel": "alarm", "stop": "home"}[intent]),
            st.just(intent),
            st.lists(st.sampled_from(["time", "date", "artist"]), max_size=3),
        )
    ),
    min_size=1,
)


def test_names_are_sorted_and_point_at_each_other() -> None:
    expected = Labels(
        domains=("alarm", "music", "news"),
        intents=("cancel", "play", "read", "set"),
        intent_domains=(0, 1, 2, 0),
        slots=("artist", "date", "song-name", "time"),
        domain_slots=((1, 3), (0, 2), ()),
        scheme="BIO",
    )
    assert Labels.collect(FRAMES) == expected


@given(triples, st.randoms(use_true_random=False))
def test_the_order_of_a_corpus_changes_nothing(
    frames: list[tuple[str, str, list[str]]], random: object
) -> None:
    shuffled = sorted(frames, key=lambda _: random.random())  # type: ignore[attr-defined]  # Hypothesis's Random
    assert Labels.collect(shuffled) == Labels.collect(frames)


@given(triples)
def test_every_frame_of_a_corpus_is_possible_under_its_labels(
    frames: list[tuple[str, str, list[str]]],
) -> None:
    labels = Labels.collect(frames)
    for domain, intent, slots in frames:
        owner = labels.intent_domains[labels.intents.index(intent)]
        assert labels.domains[owner] == domain
        assert set(slots) <= set(labels.slots_of(owner))


def test_an_intent_of_two_domains_goes_where_it_is_most_frequent_and_takes_its_slots_along() -> None:
    frames = [("a", "x", ["s"]), ("b", "x", ["t"]), ("b", "x", []), ("a", "y", [])]
    labels = Labels.collect(frames)
    assert labels.intent_domains == (1, 0)
    assert labels.slots_of(1) == ("s", "t")


def test_a_corpus_without_domains_has_one_set_of_slots() -> None:
    labels = Labels.collect([(None, "b", ["x"]), (None, "a", ["y"])])
    assert (labels.domains, labels.intents, labels.intent_domains) == ((), ("a", "b"), ())
    assert labels.slots_of(None) == labels.slots == ("x", "y")
    assert labels.allowed(None, labels.tags).all()


def test_a_corpus_without_intents_has_slots_only() -> None:
    labels = Labels.collect([(None, None, ["PER"]), (None, None, [])], scheme="BIOES")
    assert labels == Labels((), (), (), ("PER",), (), "BIOES")


@pytest.mark.parametrize(
    "frames",
    [
        [("a", "x", []), (None, "y", [])],
        [("a", "x", []), ("a", None, [])],
        [(None, "x", []), (None, None, [])],
    ],
)
def test_a_corpus_that_names_domains_or_intents_here_and_there_is_refused(
    frames: list[tuple[str | None, str | None, list[str]]],
) -> None:
    with pytest.raises(ConfigError, match="corpus: found utterances with and without"):
        Labels.collect(frames)


def test_a_corpus_with_domains_and_no_intents_is_refused() -> None:
    with pytest.raises(ConfigError, match="found domains and no intents"):
        Labels.collect([("a", None, []), ("b", None, [])])


@every_scheme
@pytest.mark.parametrize("domain", [None, 0, 1, 2])
def test_allowed_tags_are_outside_and_those_of_the_domains_slots(scheme: str, domain: int | None) -> None:
    labels = replace(LABELS, scheme=scheme)
    local = SCHEMES[scheme].tags(labels.slots_of(domain))
    assert labels.allowed(domain, labels.tags).tolist() == [tag in local for tag in labels.tags]


@every_scheme
@pytest.mark.parametrize("domain", range(3))
def test_a_restricted_inventory_is_the_domains_part_in_the_same_order(scheme: str, domain: int) -> None:
    labels = replace(LABELS, scheme=scheme)
    local = labels.restrict(domain)
    allowed = labels.allowed(domain, labels.tags)
    assert local.tags == tuple(tag for tag, may in zip(labels.tags, allowed, strict=True) if may)
    assert local.intents == tuple(labels.intents[intent] for intent in labels.intents_of(domain))
    assert local.domains == (labels.domains[domain],)
    assert local.allowed(0, local.tags).all()
    assert local.restrict(0) == local


def test_labels_come_back_from_json_as_they_were() -> None:
    assert structure(Labels, unstructure(LABELS), where="labels.json") == LABELS


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scheme": "BILOU"}, "labels.scheme: found 'BILOU', expected one of IO, BIO, BIOES"),
        ({"intent_domains": (0, 1)}, "labels.intent_domains: found 2 entries for 4 intents with a domain"),
        ({"domain_slots": ((1,),)}, "labels.domain_slots: found 1 entries for 3 domains"),
        ({"intent_domains": (0, 1, 3, 0)}, r"labels.intent_domains: found 3, expected an index below 3"),
        ({"intent_domains": (0, 1, -1, 0)}, r"labels.intent_domains: found -1, expected an index below 3"),
        ({"domain_slots": ((1, 4), (0,), ())}, r"labels.domain_slots: found 4, expected an index below 4"),
        ({"intent_domains": (0, 1, 1, 0)}, "labels.intent_domains: found no intent of domain 'news'"),
        ({"intents": ("a", "b", "b", "c")}, "labels.intents: found 'b' twice"),
        ({"slots": ("a", "b", "c", "a")}, "labels.slots: found 'a' twice"),
        ({"domains": ("a", "a", "b")}, "labels.domains: found 'a' twice"),
    ],
)
def test_labels_at_odds_with_themselves_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        structure(Labels, unstructure(LABELS) | changes, where="labels.json")
