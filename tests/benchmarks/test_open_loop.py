"""An open loop sends at the moments of its schedule whatever is unanswered, and counts latency from them."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from statistics import fmean, pvariance

import pytest

from benchmarks.client import on_uvloop, post
from benchmarks.echo import __file__ as echo
from benchmarks.errors import MeasurementFailed
from benchmarks.open_loop import NO_ANSWER, USUAL, Connections, OpenLoad, Record, poisson, uniform
from benchmarks.process import started
from tests.benchmarks.scripted import Script, answer, scripted
from tests.service.fakes import until

TEXTS = [f"utterance {number}".encode() for number in range(7)]
BOUND_S = 20.0


def burst(count: int) -> Iterator[float]:
    """So many moments that are all now, and no other for long."""
    yield from [0.0] * count
    yield 3600.0


def sent(
    script: Script, schedule: Iterator[float], count: int, connections: Connections = USUAL
) -> tuple[list[Record], list[bytes]]:
    """The records of an open loop that ran until so many requests had reached the server, and their bodies."""

    async def main() -> tuple[list[Record], list[bytes]]:
        enough = asyncio.Event()

        def noted(body: bytes) -> Sequence[bytes]:
            nonlocal count
            count -= 1
            if count == 0:
                enough.set()
            return script(body)

        async with asyncio.timeout(BOUND_S), scripted(noted) as (port, came):
            requests = [post("/parse", text) for text in TEXTS]
            async with OpenLoad(port, requests, schedule, connections=connections) as load:
                await enough.wait()
            return list(load.records), list(came)

    return asyncio.run(main())


class TestSchedule:
    def test_uniform_moments_are_at_equal_distances(self) -> None:
        assert list(islice(uniform(4.0), 4)) == [0.0, 0.25, 0.5, 0.75]

    def test_poisson_moments_have_the_rate_asked_for_and_are_the_same_for_a_seed(self) -> None:
        moments = list(islice(poisson(500.0, 7), 20_000))
        gaps = [after - before for before, after in pairwise(moments)]
        assert fmean(gaps) == pytest.approx(1 / 500, rel=0.03)
        assert pvariance(gaps) == pytest.approx(1 / 500**2, rel=0.1)
        assert moments == list(islice(poisson(500.0, 7), 20_000))
        assert moments != list(islice(poisson(500.0, 8), 20_000))


class TestOpenLoop:
    def test_requests_go_in_a_circle_and_each_has_a_record(self) -> None:
        records, came = sent(lambda body: [answer(200, b'{"version":"1"}')], burst(20), 20)
        assert sorted(came) == sorted(islice(TEXTS * 3, 20))
        assert [(record.status, record.version) for record in records] == [(200, "1")] * 20
        assert all(record.intended_s <= record.sent_s <= record.done_s for record in records)

    def test_nobody_waits_for_another_and_what_is_never_answered_is_recorded_as_such(self) -> None:
        """More at once than are open at first: all reach the server though it answers none."""
        patient = USUAL._replace(first=8, answer_s=1.0)
        records, came = sent(lambda _: [b"HTTP/1.1 200 OK\r\n"], burst(40), 40, patient)
        assert len(came) == 40
        assert [(record.status, record.version) for record in records] == [(NO_ANSWER, None)] * 40

    def test_records_are_those_since_it_was_last_asked(self) -> None:
        async def main() -> tuple[int, int]:
            async with scripted(lambda _: [answer(200, b"{}")]) as (port, _):
                async with OpenLoad(port, [post("/parse", b"{}")], uniform(200.0)) as load:
                    await until(lambda: bool(load.records))
                    before = len(load.records)
                return before, len(load.records)

        before, after = asyncio.run(main())
        assert 0 < before <= after

    def test_a_refusal_and_a_lost_connection_are_recorded_and_the_others_go_on(self) -> None:
        def script(body: bytes) -> Sequence[bytes]:
            if body == TEXTS[0]:
                return [answer(503, b'{"version":"1"}')]
            return [] if body == TEXTS[1] else [answer(200, b'{"model":{"name":"m","version":"2"}}')]

        records, _ = sent(script, burst(7), 7)
        assert sorted((record.status, record.version or "") for record in records) == [
            (NO_ANSWER, ""),
            *[(200, "2")] * 5,
            (503, ""),
        ]

    def test_latency_counts_from_the_moment_that_was_intended(self) -> None:
        record = Record(intended_s=1.0, sent_s=1.25, done_s=3.0, status=200, version=None)
        assert (record.latency_s, record.lag_s) == (2.0, 0.25)

    def test_a_port_without_a_server_is_named(self) -> None:
        async def main() -> None:
            async with scripted(lambda _: []) as (port, _):
                pass
            async with OpenLoad(port, [post("/parse", b"{}")], uniform(10.0)):
                pass

        with pytest.raises(MeasurementFailed, match="found no server"):
            asyncio.run(main())


def test_a_service_that_does_nothing_answers_everything_in_the_order_of_the_schedule() -> None:
    request = post("/parse", b'{"text": "wake me up"}')

    async def main(port: int) -> OpenLoad:
        async with OpenLoad(port, [request], poisson(200.0, 1)) as load:
            await asyncio.sleep(0.5)
        return load

    with started([sys.executable, echo], core=None) as server:
        load = on_uvloop(lambda: main(server.port))
    moments = [record.intended_s for record in sorted(load.records)]
    requested = list(islice(poisson(200.0, 1), len(moments)))
    assert [moment - moments[0] for moment in moments] == pytest.approx(
        [each - requested[0] for each in requested]
    )
    assert {record.status for record in load.records} == {200}
    assert 0 < load.cpu_share < 1
