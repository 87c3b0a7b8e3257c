"""Whether a version that does not fit beside what serves is refused: almost all of the device is held meanwhile."""

from threading import Event

from benchmarks.check_gpu.broken_device import Driver
from polyparse.bundle.store import Located
from polyparse.runtime.session import Device
from service.registry.errors import MemoryShort
from service.registry.loader import BundleLoader

LEFT_BYTES = 20_000_000
BATCH_TOKENS = 64


def figures(located: Located, device: Device, driver: Driver) -> dict[str, float]:
    """1 where the load is refused for want of memory, and where it then loads once there is room."""
    loader = BundleLoader(device=device, batch_tokens=BATCH_TOKENS, rehearsals=None)
    with driver.all_but(LEFT_BYTES):
        try:
            loader.load(located, beside=None, is_cancelled=Event())
            is_refused = False
        except MemoryShort as error:
            is_refused = "memory of cuda" in str(error)
    loader.load(located, beside=None, is_cancelled=Event())
    return {"refused_where_short": float(is_refused)}
