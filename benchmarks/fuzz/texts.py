"""Text of every script, whole or broken, one or many at a time, with options that are allowed or nearly so."""

import json
from typing import Any

from hypothesis import strategies as st

from benchmarks.fuzz.case import Case, End, Item, request
from benchmarks.hostile import SCRIPTS

LETTERS = [st.integers(low, high - 1).map(chr) for ranges in SCRIPTS.values() for low, high in ranges]
UNITS = ("codepoint", "utf16", "byte")
words = st.sampled_from(LETTERS).flatmap(lambda letters: st.text(letters, min_size=1, max_size=24))
"""A word in one script."""
texts = st.one_of(
    st.lists(words, max_size=12).map(" ".join),
    st.text(max_size=80),
    st.lists(
        st.one_of(
            words, st.text(max_size=3), st.sampled_from((" ", "\u200d", "\ufe0f", "\u0301", "7", "a.m."))
        ),
        max_size=24,
    ).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=500, max_size=520),
)
"""Words, any code points, or both with joiners and marks between them; some of about the greatest length."""
items = st.fixed_dictionaries(
    {"text": texts},
    optional={
        "locale": st.sampled_from(("en-US", "hi-IN", "es-MX", "it", "xx", None)),
        "n_best": st.integers(1, 3),
        "span_unit": st.sampled_from(UNITS),
        "allow_refusal": st.booleans(),
    },
)


def _single(item: dict[str, Any], *, is_ascii: bool) -> Case:
    return _case(item, b"/parse", [item], is_ascii=is_ascii)


def _batch(batch: list[dict[str, Any]], *, is_ascii: bool) -> Case:
    return _case({"items": batch}, b"/parse/batch", batch, is_ascii=is_ascii)


def _case(document: object, path: bytes, asked: list[dict[str, Any]], *, is_ascii: bool) -> Case:
    body = json.dumps(document, ensure_ascii=is_ascii).encode(errors="surrogatepass")
    sent = request(body, b"connection: close", path=path)
    return Case(
        (sent,), End.READ, tuple(Item(each["text"], each.get("span_unit", "codepoint")) for each in asked)
    )


cases: st.SearchStrategy[Case] = st.one_of(
    st.builds(_single, items, is_ascii=st.booleans()),
    st.builds(_batch, st.lists(items, max_size=6), is_ascii=st.booleans()),
)
