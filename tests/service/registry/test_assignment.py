"""Which version answers a request."""

import pytest

from service.errors import NotReady, VersionNotLoaded
from service.registry.assignment import assign
from service.registry.policy import VersionState
from service.registry.version import Version
from tests.service.fakes import located

VERSIONS = {state: Version(located(state.name.lower()), state) for state in VersionState}
SERVING = VERSIONS[VersionState.SERVING]


def test_a_request_that_asks_for_none_gets_the_one_that_serves() -> None:
    assert assign(None, SERVING, list(VERSIONS.values())) is SERVING
    with pytest.raises(NotReady):
        assign(None, None, list(VERSIONS.values()))


def test_a_request_gets_the_version_that_it_asks_for_if_it_is_loaded_and_stays() -> None:
    for state, version in VERSIONS.items():
        if state in (VersionState.SERVING, VersionState.READY):
            assert assign(version.number, SERVING, list(VERSIONS.values())) is version
        else:
            with pytest.raises(VersionNotLoaded, match=r"expected a version that is loaded: ready, serving"):
                assign(version.number, SERVING, list(VERSIONS.values()))


def test_of_two_that_bear_one_number_the_one_that_serves_answers() -> None:
    rewritten = [Version(located("1"), VersionState.READY), Version(located("1"), VersionState.SERVING)]
    assert assign("1", rewritten[1], rewritten) is rewritten[1]


def test_where_none_is_loaded_it_says_so() -> None:
    with pytest.raises(VersionNotLoaded, match="found '9', expected a version that is loaded: none is"):
        assign("9", None, [])
