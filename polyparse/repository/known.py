"""The states of models that a cache knows: which bundles are wanted, and what served last, for when nobody can be asked.

.known/<hash of the model's URL>/url            the URL
.known/<hash of the model's URL>/state.json     the state as it was read last
.known/<hash of the model's URL>/served.json    the last one whose stable version was in the cache

A model that no process here has followed for so long is forgotten: else its bundles would be wanted for ever.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from polyparse.atomic import replace_file
from polyparse.errors import AccessDenied
from polyparse.repository.layout import DIGEST

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.repository.layout import Layout

Kind = Literal["state.json", "served.json"]
LATEST: Kind = "state.json"
SERVED: Kind = "served.json"
URL = "url"
RENEWED_S = 86_400.0
"""Time after which a state that is read again, and is the same, gets a new time."""
FORGOTTEN_S = 30 * 86_400.0
"""Time after which a model that was not read is forgotten."""


def remember(layout: Layout, url: str, content: bytes, kind: Kind) -> None:
    """Keep the bytes of a model's state; where they are kept already, no more than that they were read."""
    folder = _folder(layout, url)
    if _read(folder / kind) == content:
        _renew(folder / kind)
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / URL, url.encode())
        replace_file(folder / kind, content)
    except OSError as error:
        raise AccessDenied(
            f"found no way to write ({error.strerror}), expected a cache that takes files", file=folder
        ) from error


def recall(layout: Layout, url: str) -> bytes | None:
    """The state of a model that served last, None where the cache knows of none."""
    file = _folder(layout, url) / SERVED
    _renew(file)
    return _read(file)


def urls(layout: Layout) -> list[str]:
    """The URLs of the models of which the cache knows what served last, in order."""
    files = (path.with_name(URL) for path in layout.known.glob(f"*/{SERVED}"))
    return sorted((_read(file) or b"").decode("utf-8", "replace") for file in files)


def forget(layout: Layout) -> None:
    """Forget the models that were not read for very long."""
    for folder in layout.known.glob("*"):
        if _is_forgotten(folder):
            shutil.rmtree(folder, ignore_errors=True)


def wanted(layout: Layout) -> set[str]:
    """Every digest that a known state names, be it of a schema that we know or of a later one."""
    folders = [folder for folder in layout.known.glob("*") if not _is_forgotten(folder)]
    files = [folder / kind for kind in (LATEST, SERVED) for folder in folders]
    contents = (_read(file) or b"" for file in files)
    return {digest for content in contents for digest in DIGEST.findall(content.decode("utf-8", "replace"))}


def _folder(layout: Layout, url: str) -> Path:
    return layout.known / hashlib.sha256(url.encode()).hexdigest()[:32]


def _is_forgotten(folder: Path) -> bool:
    """Whether none of a model's states was read for very long."""
    ages_s = [age_s for kind in (LATEST, SERVED) if (age_s := _age_s(folder / kind)) is not None]
    return bool(ages_s) and min(ages_s) >= FORGOTTEN_S


def _renew(file: Path) -> None:
    """Note that a state was read, unless that is noted already."""
    if (_age_s(file) or 0.0) >= RENEWED_S:
        with suppress(OSError):
            os.utime(file)


def _age_s(file: Path) -> float | None:
    """How long ago a file was written or renewed, None where there is none; all of a cache is on one machine."""
    with suppress(OSError):
        return time.time() - file.stat().st_mtime
    return None


def _read(file: Path) -> bytes | None:
    with suppress(OSError):
        return file.read_bytes()
    return None
