"""What harms a device, asked of the driver itself: memory that is taken, and a kernel that ends in a trap.

A trap is an error after which no process that has this context can run anything on the device: CUDA failure 719.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.check_gpu.driver import LIBRARY
from benchmarks.errors import MeasurementFailed

TRAP = b".version 7.0\n.target sm_75\n.address_size 64\n.visible .entry harm()\n{\n    trap;\n    ret;\n}\n"
"""In PTX, which the driver compiles for its device."""


class Driver:
    """The driver's own interface, in the context that the CUDA runtime shares with it."""

    def __init__(self) -> None:
        self._cuda = ctypes.CDLL(LIBRARY)
        device, context = ctypes.c_int(), ctypes.c_void_p()
        self.call("cuInit", 0)
        self.call("cuDeviceGet", ctypes.byref(device), 0)
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self.call("cuCtxSetCurrent", context)

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function; MeasurementFailed where it fails."""
        if status := getattr(self._cuda, name)(*arguments):
            raise MeasurementFailed(f"{name}: found CUDA error {status}, expected 0")

    def harm(self) -> None:
        """Run the kernel that traps; the error of waiting for it is what was wanted."""
        module, function = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("cuModuleLoadData", ctypes.byref(module), ctypes.c_char_p(TRAP))
        self.call("cuModuleGetFunction", ctypes.byref(function), module, b"harm")
        one_thread = (ctypes.c_uint(1),) * 6
        self.call("cuLaunchKernel", function, *one_thread, ctypes.c_uint(0), None, None, None)
        if not self._cuda.cuCtxSynchronize():
            raise MeasurementFailed("found a device that runs on after a trap, expected CUDA error 719")

    @contextmanager
    def all_but(self, left_bytes: int) -> Iterator[None]:
        """Hold all memory of the device but so much."""
        free, total, held = ctypes.c_size_t(), ctypes.c_size_t(), ctypes.c_uint64()
        self.call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
        self.call("cuMemAlloc_v2", ctypes.byref(held), ctypes.c_size_t(max(1, free.value - left_bytes)))
        try:
            yield
        finally:
            self.call("cuMemFree_v2", held)
