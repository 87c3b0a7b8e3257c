"""Where public corpora are, as the environment says: CORPORA, a folder of them all, and CORPUS, MASSIVE as massive:PATH."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.corpus import VARIABLE, is_present

CORPORA = Path(os.environ.get("CORPORA", "") or "absent")
MASSIVE = os.environ.get(VARIABLE, "")

needs_corpora = pytest.mark.skipif(not CORPORA.is_dir(), reason="needs a folder of public corpora at CORPORA")
needs_massive = pytest.mark.skipif(
    not is_present(MASSIVE), reason=f"needs MASSIVE 1.1 at {VARIABLE}=massive:PATH"
)
