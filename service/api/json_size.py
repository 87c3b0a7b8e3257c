"""How many values a JSON text has, counted without making any of them: a body of junk costs no more than reading it."""

import re
from functools import lru_cache


def beginning(body: bytes, max_values: int) -> bytes | None:
    """Cut a JSON text behind as many values, those inside of others included; None where it has no more than that.

    What opens an object or an array counts, and so does what stands between two members: valid JSON has one value more
    than those at most. Names and what is inside of strings do not count.
    """
    marks = body.count(b",") + body.count(b"[") + body.count(b"{")
    if marks < max_values or (match := _marks_outside_strings(max_values).match(body)) is None:
        return None
    return body[: match.end()]


@lru_cache(maxsize=8)
def _marks_outside_strings(count: int) -> re.Pattern[bytes]:
    """Matches up to the last of so many. Each part is possessive: nothing is read twice, whatever the text is."""
    other, string, mark = rb'[^",\[{]*+', rb'"(?:[^"\\]++|\\.)*+"?', rb"[,\[{]"
    return re.compile(rb"(?:%b(?:%b%b)*+%b){%d}+" % (other, string, other, mark, count), re.DOTALL)
