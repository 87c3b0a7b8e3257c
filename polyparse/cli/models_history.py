"""`polyparse models history`: which versions of a model served, who let them, and when."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from polyparse.bundle import history
from polyparse.bundle import store as bundles
from polyparse.bundle.model import file_of
from polyparse.cli.place import models_of
from polyparse.cli.table import print_table
from polyparse.errors import BundleNotFound
from polyparse.schema import unstructure
from polyparse.visible import visible

if TYPE_CHECKING:
    import argparse

    from polyparse.bundle.history import HistoryEntry

HEADER = ("GENERATION", "ACTION", "VERSION", "FROM", "CANDIDATES", "BY", "AT", "SHA256", "REASON")
DIGITS = 12
"""Of a digest in the table; --json has all of them."""


def print_history(options: argparse.Namespace) -> int:
    """Print the generations of a model's state, newest first; lines that cannot be read are named on standard error."""
    models = models_of(options)
    if options.name not in (names := models.names()):
        raise BundleNotFound(
            f"found {bundles.listed(names)}, expected a model named {options.name!r}", file=models.place
        )
    model = models.model(options.name)
    archive = model.history()
    newest_first = archive.entries[::-1]
    if options.json:
        print(json.dumps(unstructure(newest_first), ensure_ascii=False, indent=1))
    else:
        print_table(HEADER, [cells_of(entry) for entry in newest_first])
    file = file_of(model, history.FILE)
    for number in archive.unreadable:
        with suppress(OSError):
            print(visible(f"polyparse: {file}:{number}: found no entry, left it out"), file=sys.stderr)
    return 0


def cells_of(entry: HistoryEntry) -> tuple[str, ...]:
    """The cells of one generation, as in HEADER."""
    return (
        str(entry.generation),
        entry.action or "-",
        entry.version,
        entry.from_version or "-",
        _candidates(entry),
        entry.by or "-",
        entry.at or "-",
        entry.digest[:DIGITS],
        entry.reason or "-",
    )


def _candidates(entry: HistoryEntry) -> str:
    canary = f"{entry.canary.version} canary {entry.canary.percent:g} %" if entry.canary else ""
    shadow = f"{entry.shadow.version} shadow {entry.shadow.share:g}" if entry.shadow else ""
    return ", ".join(each for each in (canary, shadow) if each) or "-"
