"""`polyparse vectors fetch`: download published files, going on where a cut download was; what came first is pinned.

Size and sha256 of each file are written to a pin file at its first download, and compared ever after.
"""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

from polyparse.cli.arguments import path
from polyparse.errors import ConfigError
from polyparse.outputs import check_folder
from train.progress import Progress
from train.vectors.download import Downloader
from train.vectors.http_source import check_url
from train.vectors.pins import FILE, Pins

if TYPE_CHECKING:
    from pathlib import Path


def add_action(actions: Any, quiet: argparse.ArgumentParser) -> None:
    """Add `fetch` to the parser."""
    add = actions.add_parser("fetch", parents=[quiet], help="download published files", description=__doc__)
    add.add_argument("urls", nargs="+", metavar="URL", help="http:// or https://")
    add.add_argument("--out", type=path, metavar="DIR", required=True, help="the folder that they go into")
    add.add_argument("--pins", type=path, metavar="FILE", help=f"the pin file (DIR/{FILE})")
    add.add_argument(
        "--sha256", type=_digest, metavar="HEX", help="what the one file has to be, at its first download too"
    )
    add.set_defaults(action=run)


def run(options: argparse.Namespace) -> int:
    """Download the files one after the other."""
    if options.sha256 and len(options.urls) != 1:
        raise ConfigError(f"--sha256: found {len(options.urls)} URLs, expected one")
    for url in options.urls:
        check_url(url)
    pins: Path = options.pins or options.out / FILE
    check_folder(options.out)
    check_folder(pins.parent, files=[pins.name])
    with Progress(quiet=options.quiet) as progress:
        downloader = Downloader(folder=options.out, pins=Pins(pins), progress=progress)
        for url in options.urls:
            downloader.fetch(url, sha256=options.sha256)
    return 0


def _digest(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected 64 hexadecimal digits")
    return text.lower()
