"""Requests by what became of them, frames by what they are, and no more series than there are kinds of them."""

import asyncio
from urllib.parse import quote

import pytest

from tests.service.fakes import turns
from tests.service.metrics.samples import requests
from tests.service.serving import serving

pytestmark = pytest.mark.anyio


async def test_what_fails_on_a_version_is_counted_as_its_and_what_is_wrong_with_a_request_is_not() -> None:
    async with serving() as s:
        await s.parse("poison")
        await s.parse("")
        await s.parse_batch([{"text": "poison"}])
        assert requests(await s.samples()) == {
            '{endpoint="parse",outcome="model_run_failed",version="1"}': 1,
            '{endpoint="parse",outcome="empty_text",version=""}': 1,
            '{endpoint="parse_batch",outcome="ok",version="1"}': 1,
        }


async def test_frames_show_their_confidence_and_what_they_are_refused_for_by_served_locale() -> None:
    async with serving() as s:
        await s.parse("a", locale="en-US")
        await s.parse("strange", locale="en-US")
        await s.parse("b")
        await s.parse("c", locale="de-DE")
        await s.parse_batch([{"text": "d", "locale": "hi-IN"}, {"text": ""}])
        samples = await s.samples()
        counts = {
            name: count
            for name, count in samples.items()
            if name.startswith("polyparse_frames_total{") and count
        }
        assert counts == {
            'polyparse_frames_total{locale="en-US",refused="none"}': 1,
            'polyparse_frames_total{locale="en-US",refused="domain"}': 1,
            'polyparse_frames_total{locale="none",refused="none"}': 1,
            'polyparse_frames_total{locale="hi-IN",refused="none"}': 1,
        }
        for locale, count in (("en-US", 2), ("none", 1), ("hi-IN", 1)):
            assert samples[f'polyparse_frame_confidence_count{{locale="{locale}"}}'] == count
            assert samples[f'polyparse_frame_confidence_sum{{locale="{locale}"}}'] == 0.25 * count


async def test_requests_are_in_flight_until_they_are_answered_however_that_ends() -> None:
    async with serving() as s:
        with s.gate.held():
            waiting = [
                asyncio.create_task(s.parse("a")),
                asyncio.create_task(s.parse_batch([{"text": "poison"}])),
            ]
            await s.gate.batch()
            await turns()
            assert (await s.samples())["polyparse_requests_in_flight"] == 2
        await asyncio.gather(*waiting)
        await s.parse("")
        await s.parse("poison")
        assert (await s.samples())["polyparse_requests_in_flight"] == 0


HOSTILE = ("x", "é", "\u202e", 'a"b', "c\\d", "e\nf", "y" * 300)


async def test_whatever_callers_send_the_number_of_series_stays_what_it_is() -> None:
    """Each of the forms below is sent once, then with other values of all that callers choose."""
    async with serving() as s:

        async def send(number: int) -> None:
            value = f"{HOSTILE[number % len(HOSTILE)]}{number}"
            header = value.encode("ascii", "ignore").decode().replace("\n", "")
            for path in (f"/{quote(value)}", f"/parse/{number}", f"/admin/{number}", f"/v2/models/{number}"):
                await s.client.get(path)
            await s.client.request(f"M{number}", "/parse")
            await s.client.request(f"M{number}", f"/{number}")
            for name in (
                "x-model-version",
                "x-canary-key",
                "x-request-id",
                "x-deadline-ms",
                "accept-language",
            ):
                await s.parse("a", headers={name: header})
            for fields in ({"locale": value}, {"locale": f"en-{number}"}, {value: value}, {"n_best": number}):
                await s.parse("a", **fields)
            await s.parse_batch([{"text": "a", "locale": value}, {"text": value}, {value: value}])
            await s.client.post("/parse", content=value.encode(), headers={"content-type": header})

        for number in range(12):
            await send(number)
        series = set(await s.samples())
        for number in range(12, 60):
            await send(number)
        assert set(await s.samples()) == series
        assert not [name for name in series if any(hostile in name for hostile in HOSTILE[1:])]
