"""What several of these tests share: a checkpoint that is trained once, and only read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.model_export.checkpoints import trained

if TYPE_CHECKING:
    from train.checkpoint import Checkpoint


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A finished run with a CRF."""
    return trained(tmp_path_factory.mktemp("runs") / "crf")
