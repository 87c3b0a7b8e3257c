"""Where a command finds models: a folder, or a repository behind a URL whose bundles are kept in a cache."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from polyparse.cli.arguments import integer, path
from polyparse.repository.cache import Cache
from polyparse.repository.place import CACHE_BYTES, Place
from polyparse.repository.place import place as place_of
from polyparse.repository.repository import models_at

if TYPE_CHECKING:
    from polyparse.bundle.model import Models

MOST_BYTES = 10**15


def add_place(parser: argparse.ArgumentParser, what: str) -> None:
    """Add --models, and what of its bundles stays on this machine."""
    parser.add_argument("--models", type=place, default=Path("models"), help=what)
    parser.add_argument(
        "--cache", type=path, help="where bundles of a URL are kept on this machine (~/.cache/polyparse)"
    )
    parser.add_argument(
        "--cache-bytes",
        type=integer(1, MOST_BYTES),
        default=CACHE_BYTES,
        metavar="N",
        help="its bound (2000000000)",
    )


def place(text: str) -> Place:
    """The type of an option that takes a folder or a URL."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a path or a URL")
    return place_of(text)


def cache_of(options: argparse.Namespace) -> Cache:
    """The cache that the options name."""
    return Cache(options.cache, limit_bytes=options.cache_bytes)


def models_of(options: argparse.Namespace) -> Models:
    """The models that the options name."""
    return models_at(options.models, lambda: cache_of(options))
