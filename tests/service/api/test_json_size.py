"""The values of a JSON text are bounded without being made; text inside strings never counts."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.api.json_size import beginning

texts = st.text(st.sampled_from(',[]{}:"\\ a\u0905\n'))
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
)


def count(value: Any) -> int:
    """How many values one has, itself included: the slow twin. An empty array has as many as one of one member."""
    if isinstance(value, list | dict):
        members = list(value.values()) if isinstance(value, dict) else value
        return 1 + (sum(map(count, members)) or 1)
    return 1


@settings(deadline=None)
@given(documents, st.sampled_from([None, 2]), st.booleans())
def test_values_count_and_what_is_in_strings_does_not(value: Any, indent: int | None, is_ascii: bool) -> None:
    body = json.dumps(value, indent=indent, ensure_ascii=is_ascii).encode()
    total = count(value)
    for most in {1, total - 1, total, total + 1} - {0}:
        part = beginning(body, most)
        assert (part is not None) == (total > most)
        assert part is None or (body.startswith(part) and beginning(part, most) == part)


@pytest.mark.parametrize(
    "body", [b'"' + b'",' * 9, b'"\\', b'"\\"' + b"," * 99, b'"' + b"\\\\" * 99 + b'"', b"\xff" * 99, b""]
)
def test_what_is_no_json_is_counted_as_far_as_it_goes(body: bytes) -> None:
    assert beginning(body, 9) is None


def test_an_array_that_never_ends_has_too_many() -> None:
    assert beginning(b"[" * 99, 10) == b"[" * 10
    assert beginning(b"[" * 9, 10) is None
    assert beginning(b'["a" ' + b', "a"' * 10, 3) == b'["a" , "a", '[:-1]
