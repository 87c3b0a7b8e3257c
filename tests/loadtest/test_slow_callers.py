"""Slow callers behave as their kind does, come again when they are thrown out, and are gone in the end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from loadtest.scenario import SlowCallers, SlowKind
from loadtest.slow_callers import Ends, present
from tests.loadtest.site import BOUND_S, HANG_UP, Heard, Said, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadtest.address import Address

PAUSE_S = 0.001


def ends_of(address: Address, kind: SlowKind, enough: Callable[[Ends], bool]) -> Ends:
    """How the connections of two such callers ended, once it is enough."""

    async def main() -> Ends:
        crowd = SlowCallers(kind=kind, count=2, pause_s=PAUSE_S)
        async with asyncio.timeout(BOUND_S), present(address, [crowd]) as ends:
            while not enough(ends):  # noqa: ASYNC110 - a counter says nothing when it changes
                await asyncio.sleep(PAUSE_S)
        return ends

    return asyncio.run(main())


@pytest.mark.parametrize("kind", ["slow_head", "slow_body"])
def test_who_trickles_ends_with_the_whole_request(kind: SlowKind) -> None:
    with serving(lambda _: Said()) as (address, heard):
        ends = ends_of(address, kind, lambda ends: ends[kind, "200"] >= 2)
    assert set(ends) <= {(kind, "200"), (kind, "held")}
    assert heard[0].head.startswith("POST /parse HTTP/1.1")
    assert heard[0].body.startswith(b'{"text"')


def test_who_is_silent_is_held() -> None:
    with serving(lambda _: Said()) as (address, heard):
        ends = ends_of(address, "idle", lambda _: True)
    assert set(ends) <= {("idle", "held")}
    assert heard == []


def test_who_is_thrown_out_comes_again() -> None:
    with serving(lambda _: Said(HANG_UP)) as (address, _):
        ends = ends_of(address, "slow_body", lambda ends: ends["slow_body", "closed"] >= 4)
    assert ends["slow_body", "closed"] >= 4


def test_who_leaves_has_asked_before() -> None:
    asked: list[Heard] = []

    def note(heard: Heard) -> Said:
        asked.append(heard)
        return Said(after_s=0.01)

    with serving(note) as (address, _):
        ends_of(address, "leaver", lambda ends: ends["leaver", "left"] >= 4 and len(asked) >= 2)
    assert len(asked) >= 2


def test_who_is_deaf_sends_more_than_he_reads() -> None:
    with serving(lambda _: Said()) as (address, heard):
        ends = ends_of(address, "deaf", lambda _: len(heard) >= 100)
    assert ends["deaf", "held"] == 2
