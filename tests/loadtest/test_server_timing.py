"""The header Server-Timing is read as it is written here and by others."""

from __future__ import annotations

import pytest

from loadtest.server_timing import stages_ms


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("encode;dur=0.123, queue;dur=4", {"encode": 0.123, "queue": 4.0}),
        ('db;desc="a, b";dur=3', {}),  # a comma inside a quoted text is not looked for
        ("cache;desc=hit;dur=2.5,miss", {"cache": 2.5}),
        ('app; dur="7"', {"app": 7.0}),
        ("", {}),
        (";dur=1", {}),
    ],
)
def test_stages_are_those_that_have_a_duration(header: str, expected: dict[str, float]) -> None:
    assert stages_ms(header) == expected
