"""How much memory the device has, asked of the CUDA runtime that ONNX Runtime has loaded."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from polyparse.runtime.session import Device

LIBRARIES = ("libcudart.so.13", "libcudart.so.12", "libcudart.so")


class DeviceMemory(NamedTuple):
    """Bytes, whoever uses them."""

    used: int
    total: int


def device_memory(device: Device) -> DeviceMemory | None:
    """The memory of the current CUDA device; None on a CPU, or where no CUDA runtime can be asked."""
    if device != "cuda":
        return None
    for library in LIBRARIES:
        try:
            runtime = ctypes.CDLL(library)
        except OSError:
            continue
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        if runtime.cudaMemGetInfo(ctypes.byref(free), ctypes.byref(total)) == 0:
            return DeviceMemory(total.value - free.value, total.value)
    return None


def free_device_bytes(device: Device) -> int | None:
    """The bytes that are free there; None as above."""
    memory = device_memory(device)
    return None if memory is None else memory.total - memory.used
