"""Utterances are logged only where text may be, and then redacted."""

import logging
from typing import Any

import pytest

from tests.service.serving import Serving, serving

pytestmark = pytest.mark.anyio


async def said(s: Serving) -> None:
    """Ask for single utterances and for several."""
    await s.parse("mail ann@example.org", locale="en-US", headers={"x-request-id": "one"})
    await s.parse_batch([{"text": "call 0171 555"}, {"text": ""}], headers={"x-request-id": "several"})
    await s.parse("poison")


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records if record.name == "service.utterance_log"]


async def test_each_answered_utterance_has_a_redacted_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="service")
    async with serving(log_text=True, redact_slots=("nothing",)) as s:
        await said(s)
    names = ("request_id", "version", "text", "locale", "domain", "intent")
    assert [tuple(line[name] for name in names) for line in lines(caplog)] == [
        ("one", "1", "mail [email]", "en-US", None, "words_2"),
        ("several", "1", "call [number]", None, None, "words_3"),
    ]
    assert lines(caplog)[0]["slots"] == [
        {"name": "word", "start": 0, "end": 4, "value": "mail"},
        {"name": "word", "start": 5, "end": 20, "value": "[email]"},
    ]


async def test_slots_of_the_policy_are_not_in_the_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="service")
    async with serving(log_text=True, redact_slots=("word",)) as s:
        await s.parse("wake me")
    assert lines(caplog)[0]["text"] == "[word] [word]"


async def test_by_default_no_line_has_a_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(access_log=True) as s:
        await s.parse("mail ann")
    assert lines(caplog) == []
    assert "ann" not in str([vars(record) for record in caplog.records if record.name.startswith("service")])
