"""Whether a store holds the condition of a conditional put, tried on an object of its own: some ignore it and overwrite."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from polyparse.errors import EditsUnsafe, RepositoryError
from polyparse.repository.store import Lost

if TYPE_CHECKING:
    from collections.abc import Callable

    from polyparse.repository.store import ObjectStore

PREFIX = ".polyparse-probe-"


def check_conditional_puts(store: ObjectStore, folder: str = "") -> None:
    """Raise EditsUnsafe for a store that ignores conditions, AccessDenied for one that takes no object from us.

    `folder`, which is empty or ends in "/", is where the object is made for a moment.
    """
    key = f"{folder}{PREFIX}{secrets.token_hex(8)}"
    try:
        store.put_new(key, b"1")
        _expect_lost(store, "If-None-Match", lambda: store.put_new(key, b"2"))
        stale = store.tag(key) or ""
        store.put_if(key, b"3", stale)
        _expect_lost(store, "If-Match", lambda: store.put_if(key, b"4", stale))
    except Lost as error:
        raise EditsUnsafe(
            "found that it refuses a conditional put whose condition holds, expected it to be made",
            file=store.url,
        ) from error
    finally:
        with suppress(RepositoryError):
            store.remove(key)


def _expect_lost(store: ObjectStore, condition: str, put: Callable[[], None]) -> None:
    try:
        put()
    except Lost:
        return
    raise EditsUnsafe(
        f"found that it ignores {condition} and overwrites, expected a conditional put to be refused: "
        "two edits could overwrite each other unseen, so that none is made",
        file=store.url,
    )
