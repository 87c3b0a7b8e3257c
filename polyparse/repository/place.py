"""Where models are: a folder, or the URL of a repository. It imports nothing, for processes that only pass it on."""

import re
from pathlib import Path

Place = Path | str
"""A folder, or the URL of a repository."""
URL = re.compile(r"[a-z][a-z0-9+.-]*://.", re.IGNORECASE)
CACHE_BYTES = 2_000_000_000
"""Bound of the cache of a repository's bundles, where none is set."""


def place(text: str) -> Place:
    """What a text names: the URL of a repository, else a folder."""
    return text if is_url(text) else Path(text)


def is_url(text: str) -> bool:
    """Whether a text is a URL, and not the path of a folder."""
    return URL.match(text) is not None
