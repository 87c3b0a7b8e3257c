"""Whether a fleet agrees that its canary is unhealthy: a function of what its processes say of themselves.

A host is of the opinion of most of its processes, and the fleet of that of most of its hosts: one node that is sick says
nothing about the canary, however many processes it has. One host alone decides alone, as does one process.

Who has no opinion yet counts as one that does not agree: a node that is sick may be the first to follow a state, and have
its verdict before the others have fetched what it is about. Only who could not load the canary is not asked.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from polyparse.bundle.status import ProcessStatus, VersionStatus

RUNS = ("loading", "ready")
"""States of a canary that answers requests, or is about to."""


def agrees(statuses: Sequence[ProcessStatus], *, generation: int, digest: str) -> bool:
    """Whether most find the canary of this digest, in the state of this generation, unhealthy."""
    hosts: defaultdict[str, list[bool]] = defaultdict(list)
    for status in statuses:
        follows = status.generation == generation
        canary = [version for version in status.versions if version.digest == digest]
        if follows and canary and not any(_tries(version) for version in canary):
            continue
        hosts[status.host].append(follows and any(version.verdict == "unhealthy" for version in canary))
    return _most(_most(opinions) for opinions in hosts.values())


def _tries(version: VersionStatus) -> bool:
    return version.verdict is not None or version.state in RUNS


def _most(opinions: Iterable[bool]) -> bool:
    """Whether more than half say yes; nobody does not."""
    given = list(opinions)
    return 2 * sum(given) > len(given)
