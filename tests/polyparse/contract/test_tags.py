"""Spans and tags say the same; what is illegal is read by one rule."""

from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.contract.tags import SCHEMES, Scheme, TokenSpan

SLOTS = ("date", "place-name")
every_scheme = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)


@st.composite
def spans_in_tokens(draw: st.DrawFn) -> tuple[list[TokenSpan], int]:
    """Spans in order, some touching, with the number of tokens."""
    spans: list[TokenSpan] = []
    free = 0
    for _ in range(draw(st.integers(0, 4))):
        start = free + draw(st.integers(0, 2))
        free = start + draw(st.integers(1, 4))
        spans.append(TokenSpan(draw(st.sampled_from(SLOTS)), start, free))
    return spans, free + draw(st.integers(0, 2))


def tag_lists(scheme: Scheme) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(scheme.tags(SLOTS)), max_size=8)


def is_legal(scheme: Scheme, tags: Sequence[str]) -> bool:
    """The slow twin: tags are legal when some spans are written so."""
    return scheme.encode(scheme.decode(tags), len(tags)) == list(tags)


def repaired_by(scheme: Scheme, tags: Sequence[str]) -> list[str]:
    """Legal tags with the same spans as these."""
    return scheme.encode(scheme.decode(tags), len(tags))


def slots_of(tags: Sequence[str]) -> list[str]:
    return [tag.partition("-")[2] for tag in tags]


@every_scheme
@given(spans_in_tokens())
def test_spans_to_tags_to_spans_is_the_identity(scheme: Scheme, case: tuple[list[TokenSpan], int]) -> None:
    spans, n_tokens = case
    if scheme is SCHEMES["IO"]:  # it cannot tell touching spans of one slot apart
        spans = spans[:1] + [b for a, b in pairwise(spans) if (a.name, a.end) != (b.name, b.start)]
    assert scheme.decode(scheme.encode(spans, n_tokens)) == spans


@every_scheme
@given(st.data())
def test_repaired_tags_are_legal_and_keep_each_tokens_slot(scheme: Scheme, data: st.DataObject) -> None:
    tags = data.draw(tag_lists(scheme))
    repaired = repaired_by(scheme, tags)
    assert repaired_by(scheme, repaired) == repaired
    assert slots_of(repaired) == slots_of(tags)
    assert scheme.decode(repaired) == scheme.decode(tags)


@every_scheme
def test_transitions_allow_the_legal_sequences_and_no_others(scheme: Scheme) -> None:
    names = scheme.tags(SLOTS)
    start_K, allowed_KK, end_K = scheme.transitions(names)
    for path in (path for length in (1, 2, 3) for path in product(range(len(names)), repeat=length)):
        allowed = start_K[path[0]] and end_K[path[-1]] and all(allowed_KK[i, j] for i, j in pairwise(path))
        assert allowed == is_legal(scheme, [names[k] for k in path]), [names[k] for k in path]


def test_transitions_follow_the_order_of_the_tags() -> None:
    start_K, allowed_KK, end_K = SCHEMES["BIO"].transitions(["I-x", "O", "B-y", "B-x"])
    np.testing.assert_array_equal(start_K, [False, True, True, True])
    np.testing.assert_array_equal(end_K, [True] * 4)
    np.testing.assert_array_equal(allowed_KK[:, 0], [True, False, False, True])


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("IO", "O I-date I-place-name"),
        ("BIO", "O B-date I-date B-place-name I-place-name"),
        ("BIOES", "O B-date I-date E-date S-date B-place-name I-place-name E-place-name S-place-name"),
    ],
)
def test_tags_are_outside_then_those_of_each_slot(name: str, tags: str) -> None:
    assert SCHEMES[name].tags(SLOTS) == tuple(tags.split())


@pytest.mark.parametrize(
    ("name", "tags", "repaired"),
    [
        ("IO", "I-x I-x O I-y", "I-x I-x O I-y"),
        ("BIO", "O I-x I-x", "O B-x I-x"),
        ("BIO", "B-x I-y I-y", "B-x B-y I-y"),
        ("BIO", "B-x B-x I-x", "B-x B-x I-x"),
        ("BIOES", "I-x I-x O", "B-x E-x O"),
        ("BIOES", "B-x O E-x", "S-x O S-x"),
        ("BIOES", "B-x B-x", "S-x S-x"),
        ("BIOES", "S-x E-x I-x I-x", "S-x S-x B-x E-x"),
    ],
)
def test_repairs(name: str, tags: str, repaired: str) -> None:
    assert repaired_by(SCHEMES[name], tags.split()) == repaired.split()


@pytest.mark.parametrize("tag", ["", "B", "B-", "E-x", "x", "o"])
def test_an_unknown_tag_is_named(tag: str) -> None:
    with pytest.raises(ValueError, match=f"found the tag '{tag}', expected O, B-SLOT, I-SLOT"):
        SCHEMES["BIO"].decode([tag])


@pytest.mark.parametrize(
    "span", [TokenSpan("x", 1, 2), TokenSpan("x", 3, 3), TokenSpan("x", 4, 6), TokenSpan("x", -1, 0)]
)
def test_a_span_that_does_not_fit_is_named(span: TokenSpan) -> None:
    with pytest.raises(ValueError, match=r"expected it to lie in \[\d, 5\)"):
        SCHEMES["BIO"].encode([TokenSpan("y", 0, 2), span], 5)
