"""Whether a fleet stops its canary, as a table from what its processes say."""

from itertools import count

import pytest

from polyparse.bundle.status import ProcessStatus, Verdict, VersionStatus
from service.registry.quorum import agrees

CANARY = "c" * 64
SICK: Verdict = "unhealthy"
WELL: Verdict = "healthy"
UNSURE: Verdict = "undecided"
PIDS = count(1)


def process(host: str, *versions: VersionStatus, generation: int | None = 5) -> ProcessStatus:
    stable = VersionStatus("1", "a" * 64, "serving")
    return ProcessStatus(
        host=host, pid=next(PIDS), at="", generation=generation, versions=(stable, *versions)
    )


def tries(host: str, verdict: Verdict | None, generation: int | None = 5) -> ProcessStatus:
    """A process that has loaded the canary, and what it finds."""
    return process(host, VersionStatus("2", CANARY, "ready", verdict=verdict), generation=generation)


TABLE: dict[str, tuple[list[ProcessStatus], bool]] = {
    "nobody decides nothing": ([], False),
    "one process alone decides alone": ([tries("a", SICK)], True),
    "and does not where it is well": ([tries("a", WELL)], False),
    "nor where it does not know": ([tries("a", UNSURE)], False),
    "one of two does not": ([tries("a", SICK), tries("b", UNSURE)], False),
    "two of two do": ([tries("a", SICK), tries("b", SICK)], True),
    "one sick node of three does not": ([tries("a", SICK), tries("b", WELL), tries("c", UNSURE)], False),
    "two of three do": ([tries("a", SICK), tries("b", SICK), tries("c", WELL)], True),
    "half of four do not": ([tries("a", SICK), tries("b", SICK), tries("c", WELL), tries("d", WELL)], False),
    "one sick node of two does not, however many processes it has": (
        [*(tries("a", SICK) for _ in range(5)), tries("b", WELL)],
        False,
    ),
    "one of three processes on the only node does not": (
        [tries("a", SICK), tries("a", WELL), tries("a", WELL)],
        False,
    ),
    "two of them do": ([tries("a", SICK), tries("a", SICK), tries("a", WELL)], True),
    "whoever loads it may yet find it well": (
        [tries("a", SICK), process("b", VersionStatus("2", CANARY, "loading"))],
        False,
    ),
    "whoever could not load it says nothing": (
        [tries("a", SICK), process("b", VersionStatus("2", CANARY, "failed"))],
        True,
    ),
    "whoever has not begun to load it may yet find it well": ([tries("a", SICK), process("b")], False),
    "so may who still follows the state before, as all do that fetch the canary": (
        [tries("a", SICK), process("b", generation=4), process("c", generation=None)],
        False,
    ),
    "a verdict of theirs is on another state": (
        [tries("a", SICK), tries("b", SICK, generation=4), tries("c", SICK, generation=4)],
        False,
    ),
    "one that is behind does not keep two others from it": (
        [tries("a", SICK), tries("b", SICK), process("c", generation=4)],
        True,
    ),
    "a verdict on the generation before is none": ([tries("a", SICK, generation=4)], False),
    "nor is one on another canary": (
        [process("a", VersionStatus("3", "d" * 64, "ready", verdict=SICK))],
        False,
    ),
    "processes of before, which know no verdicts, count as not knowing": (
        [tries("a", SICK), tries("b", None)],
        False,
    ),
}


@pytest.mark.parametrize("sentence", TABLE)
def test_a_fleet_stops_its_canary_where_most_agree(sentence: str) -> None:
    statuses, expected = TABLE[sentence]
    assert agrees(statuses, generation=5, digest=CANARY) is expected
