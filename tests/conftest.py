"""What tests share: a checkpoint that is trained once and only read, and how a coroutine runs as a test.

An async test is marked `pytest.mark.anyio`. It runs in asyncio, and within a bound.
"""

from __future__ import annotations

import asyncio
from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

import pytest

from tests.model_export.checkpoints import trained

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from train.checkpoint import Checkpoint

ASYNC_TEST_BOUND_S = 40.0
"""An async test that does not end by then fails: it hangs."""


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A finished run with a CRF."""
    return trained(tmp_path_factory.mktemp("runs") / "crf")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The service runs in asyncio, and in nothing else."""
    return "asyncio"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bound every async test."""
    for item in items:
        if isinstance(item, pytest.Function) and iscoroutinefunction(item.obj):
            item.obj = _bounded(item.obj)


def _bounded(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @wraps(test)
    async def within_bound(**fixtures: Any) -> None:
        async with asyncio.timeout(ASYNC_TEST_BOUND_S):
            await test(**fixtures)

    return within_bound
