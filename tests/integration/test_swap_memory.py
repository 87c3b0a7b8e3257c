"""A process that has swapped many times holds no more memory than after its second swap."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.resident import resident_mb
from tests.integration.server import ROOT, serving
from tests.integration.systems import polyparse

if TYPE_CHECKING:
    from pathlib import Path

SWAPS = 6
MORE_AT_MOST = 1.15
"""The allocator may keep a little that it did not keep before; a version that is not freed is a third of the whole."""


def test_the_memory_of_retired_versions_comes_back(tmp_path: Path) -> None:
    """The shipped bundles, promoted back and forth, of which one at a time stays loaded."""
    model = shutil.copytree(ROOT / "models" / "massive", tmp_path / "models" / "massive")
    first, second = sorted(path.name for path in model.iterdir() if path.joinpath("manifest.json").exists())
    polyparse("models", "promote", "massive", first, "--models", model.parent)
    flags = ("--keep-previous=off", "--rehearsal=off", "--state-poll-s=0.05")
    with serving(model.parent, tmp_path / "log", *flags) as server:

        def shows(version: str) -> bool:
            text = server.get("/metrics").body
            return (
                f'state="serving",version="{version}"' in text and text.count("polyparse_version_info{") == 1
            )

        resident = []
        for number in range(SWAPS):
            wished = (second, first)[number % 2]
            polyparse("models", "promote", "massive", wished, "--models", model.parent)
            server.until(partial(shows, wished))
            for text in ("wake me at seven", "pon música", "che tempo fa", "आवाज़ बढ़ाओ"):
                assert server.parse(text).body["model"]["version"] == wished
            resident.append(resident_mb(server.process.pid))
    assert resident[-1] <= MORE_AT_MOST * resident[1]
