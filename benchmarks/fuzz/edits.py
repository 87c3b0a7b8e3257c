"""Bytes with a few of them taken out, put in, changed, doubled or swapped for what parsers stumble over."""

from hypothesis import strategies as st

STUMBLES = (
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\x00",
        b" ",
        b"\t",
        b":",
        b"\r\n\r\n",
        b"0\r\n\r\n",
        b"\xff",
        b"HTTP/1.1",
        b"HTTP/9.9",
    ),
    *(
        b"content-length: 5\r\n",
        b"transfer-encoding: chunked\r\n",
        b"connection: close\r\n",
        b"upgrade: h2c\r\n",
    ),
    *(b"-1", b"99999999999999999999", b"0x10", b"\\u", b'"', b"{", b"}", b"[", b"]", b","),
)
edits = st.tuples(
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 8),
    st.sampled_from(STUMBLES) | st.binary(max_size=4) | st.none(),
)
"""Where, as a share of the whole; how many bytes go; what comes in their place, None for themselves twice."""


def edited(whole: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """These bytes after one to four edits."""
    return st.builds(_edited, whole, st.lists(edits, min_size=1, max_size=4))


def _edited(whole: bytes, changes: list[tuple[float, int, bytes | None]]) -> bytes:
    for share, size, put in changes:
        start = int(share * len(whole))
        gone = whole[start : start + size]
        whole = whole[:start] + (2 * gone if put is None else put) + whole[start + size :]
    return whole
