"""Who rings waits until all others have published, and not for one that is gone or busy."""

from __future__ import annotations

import asyncio
import socket
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

from service.workers import bell as bells
from service.workers.bell import Bell

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


def bells_at(folder: Path, stack: ExitStack, published: list[int]) -> list[Bell]:
    """Three workers' bells, each of which notes its number when it publishes."""
    return [
        stack.enter_context(closing(Bell(folder, number, 3, lambda number=number: published.append(number))))  # type: ignore[misc]
        for number in range(3)
    ]


async def test_all_others_have_published_when_the_ring_ends(tmp_path: Path) -> None:
    published: list[int] = []
    with ExitStack() as stack:
        first, second, _ = bells_at(tmp_path, stack, published)
        await first.ring()
        assert sorted(published) == [1, 2]
        await asyncio.gather(first.ring(), second.ring())
        assert sorted(published) == [0, 1, 1, 2, 2, 2]


async def test_who_is_gone_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bells, "ANSWER_S", 3600.0)
    published: list[int] = []
    with ExitStack() as stack:
        first, second, third = bells_at(tmp_path, stack, published)
        second.close()
        third.close()
        await first.ring()
        assert published == []


async def test_who_is_busy_is_not_waited_for_long(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as busy:
        busy.bind(str(tmp_path / "bell.1"))
        with closing(Bell(tmp_path, 0, 2, lambda: None)) as bell:
            await bell.ring()
        assert busy.recv(100)


async def test_who_takes_the_place_of_a_dead_worker_hears_the_bell(tmp_path: Path) -> None:
    published: list[str] = []
    dead = Bell(tmp_path, 1, 2, lambda: published.append("dead"))
    with (
        closing(dead),
        closing(Bell(tmp_path, 1, 2, lambda: published.append("heir"))),
        closing(Bell(tmp_path, 0, 2, lambda: None)) as bell,
    ):
        await bell.ring()
    assert published == ["heir"]
