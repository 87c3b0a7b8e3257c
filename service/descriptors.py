"""How many connections a process may hold: by its file descriptors, of which some are kept for files and models."""

import logging
import resource
from contextlib import suppress

RESERVED = 100
"""For files of models, logs, sockets that listen, the process of a rehearsal, and whatever a library opens."""
LEAST = 16
MOST = 50_000
"""A connection takes some 10 kB of memory here."""

logger = logging.getLogger(__name__)


def connections_here() -> int:
    """The most connections for this process, once its limit of descriptors is as high as it may set it itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST + RESERVED if hard == resource.RLIM_INFINITY else min(hard, MOST + RESERVED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return connections_for(wanted if soft == resource.RLIM_INFINITY else soft)


def connections_for(descriptors: int) -> int:
    """The most connections for so many descriptors."""
    return max(LEAST, min(MOST, descriptors - RESERVED))
