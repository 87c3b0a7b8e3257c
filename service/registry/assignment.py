"""Which version answers a request: the one that it asks for by `X-Model-Version`, else the canary or the one that serves.

Every request has a point from 0 to 1, and the canary answers those below its percentage: as that grows, whoever was in
stays in. A key gives the same point in every process, whatever its host and its Python; the digest of the canary goes into
it, so that not the same callers try every canary.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from service.errors import NotReady, VersionNotLoaded
from service.registry.policy import VersionState
from service.registry.version import Version

ANSWERS = (VersionState.SERVING, VersionState.READY)
"""The states in which a version takes new requests, the preferred one first."""
BITS = 53
"""Of a hash; so many a float holds, and none of them makes 1."""


class Asked(NamedTuple):
    """What a request says about the version that it wants: its number, or the key of whoever shall stay with one."""

    pinned: str | None = None
    canary_key: bytes | None = None


class Split(NamedTuple):
    """The canary, and the percentage of the requests that it answers."""

    canary: Version
    percent: float


def point_of(key: bytes, digest: str) -> float:
    """Where a key stands for the canary of this digest, from 0 to 1 exclusive."""
    sha256 = hashlib.sha256(digest.encode() + b"\0" + key).digest()
    return (int.from_bytes(sha256[:8], "big") >> 64 - BITS) / (1 << BITS)


def assign(
    pinned: str | None,
    serving: Version | None,
    versions: Sequence[Version],
    split: Split | None = None,
    point: float = 1.0,
) -> Version:
    """The version for a request that asks for version `pinned`, or for none; it stands at `point`.

    Raises:
        NotReady: it asks for none, and none serves.
        VersionNotLoaded: the one that it asks for is not loaded, or is about to go.
    """
    if pinned is None:
        if serving is None:
            raise NotReady("found no model that serves, expected one")
        is_in = split is not None and 100 * point < split.percent and split.canary.state in ANSWERS
        return split.canary if split is not None and is_in else serving
    for state in ANSWERS:
        for version in versions:
            if version.state is state and version.number == pinned:
                return version
    loaded = sorted(version.number for version in versions if version.state in ANSWERS)
    raise VersionNotLoaded(
        f"X-Model-Version: found {pinned!r}, expected a version that is loaded: {', '.join(loaded) or 'none is'}"
    )
