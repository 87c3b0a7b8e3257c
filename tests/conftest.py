"""What tests share: a checkpoint that is trained once and only read, and how a coroutine runs as a test.

An async test is marked `pytest.mark.anyio`. It runs in asyncio, and within a bound.
"""

from __future__ import annotations

import asyncio
import gc
from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests.model_export.checkpoints import trained
from tests.once import once
from tests.tools import pytest_runtest_makereport, pytest_runtest_setup
from train.checkpoint import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

__all__ = ["pytest_runtest_makereport", "pytest_runtest_setup"]
"""Hooks, by which no test is skipped whose tools are required."""

ASYNC_TEST_BOUND_S = 40.0
"""An async test that does not end by then fails: it hangs."""

settings.load_profile("ci")  # The same examples in every run, each with the time that it takes.


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A finished run with a CRF, to be read only."""
    return Checkpoint(once(tmp_path_factory, "checkpoint", lambda folder: trained(folder / "crf")) / "crf")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The service runs in asyncio, and in nothing else."""
    return "asyncio"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the garbage collector leave alone what lives until the end: modules and the tests themselves."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


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
