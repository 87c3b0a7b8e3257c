"""The outcome of a request is its status in one word, and that of a batch is its worst item's."""

from __future__ import annotations

import json

import pytest

from loadtest import outcome


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, "ok"),
        (204, "ok"),
        (400, "rejected"),
        (422, "rejected"),
        (408, "refused"),
        (429, "refused"),
        (503, "refused"),
        (504, "too late"),
        (500, "error"),
        (302, "error"),
    ],
)
def test_a_status_says_whose_fault_it_is(status: int, expected: str) -> None:
    assert outcome.of_status(status) == expected


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], "ok"),
        ([422], "rejected"),
        ([422, 429], "refused"),
        ([504, 429], "too late"),
        ([429, 500], "error"),
    ],
)
def test_a_batch_is_as_good_as_its_worst_item(statuses: list[int], expected: str) -> None:
    results = [{"text": "a frame"}, *({"status": status} for status in statuses)]
    assert outcome.of_batch(200, json.dumps({"results": results}).encode()) == expected


def test_a_batch_that_is_none_is_garbled() -> None:
    assert outcome.of_batch(200, b"<html>") == "garbled"
    assert outcome.of_batch(429, b"") == "refused"


def test_every_outcome_is_explained() -> None:
    named = {value for name, value in vars(outcome).items() if name.isupper() and isinstance(value, str)}
    assert named == set(outcome.MEANINGS)
