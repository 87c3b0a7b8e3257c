"""How much memory of the device is free, asked of the CUDA runtime that ONNX Runtime has loaded."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polyparse.runtime.session import Device

LIBRARIES = ("libcudart.so.13", "libcudart.so.12", "libcudart.so")


def free_device_bytes(device: Device) -> int | None:
    """The bytes that are free on the current CUDA device; None on a CPU, or where no CUDA runtime can be asked."""
    if device != "cuda":
        return None
    for library in LIBRARIES:
        try:
            runtime = ctypes.CDLL(library)
        except OSError:
            continue
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        if runtime.cudaMemGetInfo(ctypes.byref(free), ctypes.byref(total)) == 0:
            return free.value
    return None
