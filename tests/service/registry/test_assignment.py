"""Which version answers a request."""

import random
from itertools import pairwise

import pytest

from service.errors import NotReady, VersionNotLoaded
from service.registry.assignment import Split, assign, point_of
from service.registry.policy import VersionState
from service.registry.version import Version
from tests.service.fakes import located

VERSIONS = {state: Version(located(state.name.lower()), state) for state in VersionState}
SERVING = VERSIONS[VersionState.SERVING]
CANARY = VERSIONS[VersionState.READY]
KEYS = [f"user-{number}".encode() for number in range(2000)]


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


@pytest.mark.parametrize(
    ("percent", "point", "is_canary"),
    [(5, 0.0499, True), (5, 0.05, False), (0, 0.0, False), (100, 1 - 2**-53, True), (0.01, 0.00009, True)],
)
def test_the_canary_answers_those_who_stand_below_its_percentage(
    percent: float, point: float, *, is_canary: bool
) -> None:
    assert assign(None, SERVING, [], Split(CANARY, percent), point) is (CANARY if is_canary else SERVING)


@pytest.mark.parametrize("state", VersionState)
def test_a_canary_that_takes_no_requests_leaves_them_to_the_stable_version(state: VersionState) -> None:
    takes = state in (VersionState.READY, VersionState.SERVING)
    canary = VERSIONS[state]
    assert assign(None, SERVING, [], Split(canary, 100), 0.0) is (canary if takes else SERVING)


def test_whoever_asks_for_a_version_gets_it_whatever_the_canary() -> None:
    assert assign("serving", SERVING, list(VERSIONS.values()), Split(CANARY, 100), 0.0) is SERVING
    with pytest.raises(NotReady):
        assign(None, None, [], Split(CANARY, 100), 0.0)


def test_a_key_stands_where_it_stands_in_every_process_and_every_python() -> None:
    """The numbers were computed once, and are not to change: callers would change sides."""
    assert point_of(b"user-1", "d1") == 0.31292623839244627
    assert point_of("é".encode(), "d1") == 0.08033143483022187
    assert point_of(b"user-1", "d2") == 0.6802853190193137


def test_points_are_spread_evenly() -> None:
    points = sorted(point_of(key, "d1") for key in KEYS)
    assert all(0 <= point < 1 for point in points)
    assert max(abs(point - (rank + 0.5) / len(points)) for rank, point in enumerate(points)) < 0.04


def test_as_the_percentage_grows_those_who_are_in_stay_in() -> None:
    ins = [
        {
            key
            for key in KEYS
            if assign(None, SERVING, [], Split(CANARY, percent), point_of(key, "d1")) is CANARY
        }
        for percent in (0, 1, 5, 25, 100)
    ]
    assert all(fewer < more for fewer, more in pairwise(ins))
    assert [len(ins[0]), len(ins[-1])] == [0, len(KEYS)]


def test_another_canary_is_tried_on_others() -> None:
    first, second = ({key for key in KEYS if point_of(key, digest) < 0.1} for digest in ("d1", "d2"))
    assert len(first & second) < 50


def test_without_keys_the_canary_gets_its_percentage_of_the_draws() -> None:
    generator = random.Random(0)
    split = Split(CANARY, 20)
    hits = sum(assign(None, SERVING, [], split, generator.random()) is CANARY for _ in range(2000))
    assert abs(hits - 400) < 4 * (2000 * 0.2 * 0.8) ** 0.5
