"""Bodies that are JSON of the wrong form, nearly JSON, or nothing like it."""

import json
from typing import Any

from hypothesis import strategies as st

from benchmarks.fuzz.case import Case, End, request
from benchmarks.fuzz.edits import edited
from benchmarks.fuzz.texts import items

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=20,
)
wrong_items = st.dictionaries(
    st.sampled_from(("text", "locale", "n_best", "span_unit", "allow_refusal", "other")), values, max_size=6
)
documents = st.one_of(
    values,
    items,
    wrong_items,
    st.lists(items | wrong_items | values, max_size=5).map(lambda each: {"items": each}),
)
nested = st.builds(
    lambda opening, depth, closing: opening * depth + closing * depth,
    st.sampled_from((b"[", b'{"items":[', b'{"a":', b'{"text":')),
    st.integers(1, 2000),
    st.sampled_from((b"]", b"}", b"")),
)
ODDITIES = (
    *(b"", b"\xef\xbb\xbf{}", b'{"text": "\\ud800"}', b'{"items": [{"text": "\\udc00 a"}, {"text": "b"}]}'),
    *(b'{"text": "a", "text": "b"}', b'{"text": "a", "n_best": 1e400}', b'{"text": "a", "n_best": NaN}'),
    *(
        b'{"text": "a", "n_best": 1.0}',
        b'{"text": "\xff\xfe"}',
        b'{"text": "a"} {"text": "b"}',
        b'{"text": "a\x00"}',
    ),
    *(b"9" * 5000, '{"text": "a"}'.encode("utf-16"), b'{"text": "\xed\xa0\x80"}'),
)
bodies = st.one_of(
    documents.map(lambda document: json.dumps(document).encode()),
    edited(documents.map(lambda document: json.dumps(document).encode())),
    nested,
    st.sampled_from(ODDITIES),
    st.binary(max_size=200),
)
headers = st.lists(
    st.sampled_from(
        (
            *(
                b"content-type: application/json",
                b"content-type: text/plain",
                b"content-type: application/json; charset=utf-16",
            ),
            *(b"content-encoding: gzip", b"content-encoding: deflate", b"content-encoding: br"),
            *(
                b"x-deadline-ms: 0",
                b"x-deadline-ms: x",
                b"x-deadline-ms: 60000",
                b"x-model-version: none",
                b"x-request-id: \xff",
            ),
            *(b"traceparent: 00-0-0-0", b"x-server-timing: 1", b"x-canary-key: \xe2\x82\xac"),
        )
    ),
    max_size=3,
)


def _case(body: bytes, headers: list[bytes], path: bytes) -> Case:
    return Case((request(body, b"connection: close", *headers, path=path),), End.READ)


cases: st.SearchStrategy[Case] = st.builds(
    _case, bodies, headers, st.sampled_from((b"/parse", b"/parse/batch"))
)
