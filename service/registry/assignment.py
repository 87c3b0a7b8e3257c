"""Which version answers a request: the one that it asks for by `X-Model-Version`, else the one that serves."""

from collections.abc import Sequence

from service.errors import NotReady, VersionNotLoaded
from service.registry.policy import VersionState
from service.registry.version import Version

ANSWERS = (VersionState.SERVING, VersionState.READY)
"""The states in which a version takes new requests, the preferred one first."""


def assign(pinned: str | None, serving: Version | None, versions: Sequence[Version]) -> Version:
    """The version for a request that asks for version `pinned`, or for none.

    Raises:
        NotReady: it asks for none, and none serves.
        VersionNotLoaded: the one that it asks for is not loaded, or is about to go.
    """
    if pinned is None:
        if serving is None:
            raise NotReady("found no model that serves, expected one")
        return serving
    for state in ANSWERS:
        for version in versions:
            if version.state is state and version.number == pinned:
                return version
    loaded = sorted(version.number for version in versions if version.state in ANSWERS)
    raise VersionNotLoaded(
        f"X-Model-Version: found {pinned!r}, expected a version that is loaded: {', '.join(loaded) or 'none is'}"
    )
