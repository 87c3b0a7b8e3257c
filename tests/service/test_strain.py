"""Who comes while a version is loaded or closed beside requests waits longer before he is refused, and only then."""

from __future__ import annotations

from functools import partial

import pytest

from service.admission import AdmissionControl
from service.app import strain
from service.registry.policy import VersionState
from service.registry.version import Version
from tests.service.fakes import FakeClock, located

MOVING = {VersionState.LOADING, VersionState.CANCELLED, VersionState.CLOSING}


@pytest.mark.parametrize("state", VersionState)
def test_the_line_is_longer_while_a_version_moves(state: VersionState) -> None:
    clock = FakeClock()
    admission = AdmissionControl(max_wait_s=0.05, batch_tokens=100, clock=clock)
    tell = partial(strain, admission)
    admission.light.inside = 150  # of the 100 of a batch
    serving = Version(located("1"), VersionState.SERVING)
    tell([serving, Version(located("2"), state)], 1)
    assert admission.light.admits(10) == (state in MOVING)
    tell([serving], 1)
    clock.now += 1
    assert not admission.light.admits(10)
