"""Whether this machine has a GPU: asked of the driver, before anything is installed. Nothing but Python is needed.

    python3 benchmarks/check_gpu/driver.py

It exits with 0 and prints the card, or with 1 and prints "not verified: no GPU" and why.
"""

import ctypes
import sys
from collections.abc import Callable
from typing import Any

LIBRARY = "libcuda.so.1"
NAME_BYTES = 100


class NoGpu(Exception):  # noqa: N818 - it is what was found
    """There is none that the driver would run anything on; the message says why."""


def card(load: Callable[[str], Any] = ctypes.CDLL) -> str:
    """The name of the first device; NoGpu where there is none."""
    try:
        driver = load(LIBRARY)
    except OSError as error:
        raise NoGpu(f"found no driver ({error})") from error
    if status := driver.cuInit(0):
        raise NoGpu(f"found a driver that does not start (CUDA error {status})")
    count = ctypes.c_int()
    if (status := driver.cuDeviceGetCount(ctypes.byref(count))) or not count.value:
        raise NoGpu(f"found a driver with {count.value} devices (CUDA error {status})")
    device, name = ctypes.c_int(), ctypes.create_string_buffer(NAME_BYTES)
    driver.cuDeviceGet(ctypes.byref(device), 0)
    driver.cuDeviceGetName(name, NAME_BYTES, device)
    return name.value.decode()


def main(load: Callable[[str], Any] = ctypes.CDLL) -> int:
    """0 with a GPU, else 1."""
    try:
        print(card(load))
    except NoGpu as error:
        print(f"not verified: no GPU: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
