"""The load client sends each request once, waits for each answer, and counts as an error whatever is not a 200."""

import asyncio
from collections.abc import Sequence

import pytest

from benchmarks.client import Traffic, exchange, post, send
from benchmarks.errors import MeasurementFailed
from tests.benchmarks.scripted import Script, answer, scripted

TEXTS = [f"utterance {number}".encode() for number in range(20)]
BOUND_S = 20.0


def sent(script: Script, *, connections: int, texts: Sequence[bytes] = TEXTS) -> tuple[Traffic, list[bytes]]:
    """Traffic with a server that answers by the script, and the bodies that reached it."""

    async def main() -> tuple[Traffic, list[bytes]]:
        requests = [post("/parse", text) for text in texts]
        async with scripted(script) as (port, came):
            return await exchange(port, requests, connections=connections, timeout_s=BOUND_S), came

    return asyncio.run(main())


@pytest.mark.parametrize("connections", [1, 3, 50])
def test_each_request_is_sent_once_and_answered(connections: int) -> None:
    traffic, came = sent(lambda body: [answer(200, body)], connections=connections)
    assert sorted(came) == sorted(TEXTS)
    assert (len(traffic.latencies_s), traffic.errors) == (len(TEXTS), 0)


def test_one_connection_keeps_the_order() -> None:
    assert sent(lambda body: [answer(200, body)], connections=1)[1] == TEXTS


def test_an_answer_in_many_packets_is_one_answer() -> None:
    def in_bytes(body: bytes) -> list[bytes]:
        whole = answer(200, body)
        return [whole[i : i + 1] for i in range(len(whole))]

    traffic, _ = sent(in_bytes, connections=2)
    assert (len(traffic.latencies_s), traffic.errors) == (len(TEXTS), 0)


def test_a_status_other_than_200_is_an_error_and_the_others_go_on() -> None:
    refused = set(TEXTS[3:6])
    traffic, came = sent(lambda body: [answer(429 if body in refused else 200, b"{}")], connections=2)
    assert len(came) == len(TEXTS)
    assert (len(traffic.latencies_s), traffic.errors) == (len(TEXTS) - 3, 3)
    assert all(fault.startswith("429") for fault in traffic.faults)


def test_a_connection_that_the_server_closes_is_an_error() -> None:
    traffic, _ = sent(lambda body: [] if body == TEXTS[5] else [answer(200, b"")], connections=4)
    assert (len(traffic.latencies_s), traffic.errors) == (len(TEXTS) - 1, 1)


def test_an_answer_of_another_form_is_an_error() -> None:
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    traffic, _ = sent(lambda body: [chunked if body == TEXTS[5] else answer(200, b"")], connections=4)
    assert (len(traffic.latencies_s), traffic.errors) == (len(TEXTS) - 1, 1)


def test_an_answer_that_nobody_asked_for_is_an_error() -> None:
    traffic, _ = sent(lambda _: [2 * answer(200, b"")], connections=1, texts=TEXTS[:1])
    assert (len(traffic.latencies_s), traffic.errors) == (1, 1)


def test_not_one_200_is_no_measurement() -> None:
    with pytest.raises(MeasurementFailed, match="20 x 503"):
        sent(lambda _: [answer(503, b"{}")], connections=2)


def test_a_server_that_does_not_answer_is_given_up() -> None:
    async def main() -> None:
        async with scripted(lambda _: [b"HTTP/1.1 200 OK\r\n"]) as (port, _):
            await exchange(port, [post("/parse", b"{}")], connections=1, timeout_s=0.2)

    with pytest.raises(MeasurementFailed, match="no end"):
        asyncio.run(main())


def test_a_port_without_a_server_is_named() -> None:
    async def unused() -> int:
        async with scripted(lambda _: []) as (port, _):
            return port

    port = asyncio.run(unused())
    with pytest.raises(MeasurementFailed, match=f"port {port}: found no server"):
        send(port, [post("/parse", b"{}")], connections=1)


def test_rates_and_medians_follow_from_what_was_seen() -> None:
    traffic = Traffic(latencies_s=[0.001, 0.003, 0.002, 0.004], faults={"429": 2}, seconds=2.0, cpu_s=0.5)
    assert (traffic.per_s, traffic.p50_ms, traffic.errors, traffic.ceiling_per_s) == (2.0, 2.5, 2, 8.0)
