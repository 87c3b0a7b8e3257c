"""How busy the device is, asked of the driver's NVML; the CUDA runtime that ONNX Runtime has loaded says which one it is."""

from __future__ import annotations

import ctypes
from functools import partial
from typing import TYPE_CHECKING, Any

from polyparse.runtime.device_memory import LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from polyparse.runtime.session import Device

    Load = Callable[[str], Any]

NVML = ("libnvidia-ml.so.1", "libnvidia-ml.so")
BUS_ID_BYTES = 32


class Utilisation(ctypes.Structure):
    """nvmlUtilization_t: percent of the last period in which the device ran something, and in which it used its memory."""

    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


def device_use(device: Device, *, load: Load = ctypes.CDLL) -> Callable[[], float] | None:
    """What tells the share of the time in which the current CUDA device ran something, whoever's; None where nothing can.

    NVML takes it over the latest period between a sixth of a second and a second.
    """
    if device != "cuda":
        return None
    runtime, nvml = _loaded(LIBRARIES, load), _loaded(NVML, load)
    if runtime is None or nvml is None:
        return None
    number, bus_id, handle = ctypes.c_int(), ctypes.create_string_buffer(BUS_ID_BYTES), ctypes.c_void_p()
    steps = (
        partial(runtime.cudaGetDevice, ctypes.byref(number)),
        lambda: runtime.cudaDeviceGetPCIBusId(bus_id, BUS_ID_BYTES, number),
        nvml.nvmlInit_v2,
        partial(nvml.nvmlDeviceGetHandleByPciBusId_v2, bus_id, ctypes.byref(handle)),
    )
    if any(step() for step in steps) or _use(nvml, handle) is None:
        return None
    return lambda: _use(nvml, handle) or 0.0


def _loaded(names: Sequence[str], load: Load) -> Any:
    for name in names:
        try:
            return load(name)
        except OSError:
            continue
    return None


def _use(nvml: Any, handle: ctypes.c_void_p) -> float | None:
    found = Utilisation()
    if nvml.nvmlDeviceGetUtilizationRates(handle, ctypes.byref(found)):
        return None
    return int(found.gpu) / 100
