"""The share of the time in which the device is busy, asked of stand-ins of CUDA's runtime and of NVML."""

from __future__ import annotations

from typing import Any

import pytest

from polyparse.runtime.device_use import device_use

BUS_ID = b"0000:65:00.0"
FAILED = 999


class StandIn:
    """Both libraries; the functions of `broken` fail, the names of `absent` cannot be loaded."""

    def __init__(self, *, broken: str = "", absent: str = "", percent: int = 40) -> None:
        self.percent = percent
        self._broken, self._absent = broken, absent

    def load(self, name: str) -> StandIn:
        if self._absent and name.startswith(self._absent):
            raise OSError(name)
        return self

    def cudaGetDevice(self, number: Any) -> int:
        number._obj.value = 1
        return self._status("cudaGetDevice")

    def cudaDeviceGetPCIBusId(self, bus_id: Any, _: int, number: Any) -> int:
        assert number.value == 1
        bus_id.value = BUS_ID
        return self._status("cudaDeviceGetPCIBusId")

    def nvmlInit_v2(self) -> int:
        return self._status("nvmlInit_v2")

    def nvmlDeviceGetHandleByPciBusId_v2(self, bus_id: Any, handle: Any) -> int:
        assert bus_id.value == BUS_ID
        handle._obj.value = 7
        return self._status("nvmlDeviceGetHandleByPciBusId_v2")

    def nvmlDeviceGetUtilizationRates(self, handle: Any, found: Any) -> int:
        assert handle.value == 7
        found._obj.gpu = self.percent
        return self._status("nvmlDeviceGetUtilizationRates")

    def _status(self, function: str) -> int:
        return FAILED if function == self._broken else 0


def test_it_is_asked_of_the_device_that_is_used_at_each_call() -> None:
    stand_in = StandIn()
    use = device_use("cuda", load=stand_in.load)
    assert use is not None
    assert use() == 0.4
    stand_in.percent = 90
    assert use() == 0.9


@pytest.mark.parametrize(
    "broken",
    [
        "cudaGetDevice",
        "cudaDeviceGetPCIBusId",
        "nvmlInit_v2",
        "nvmlDeviceGetHandleByPciBusId_v2",
        "nvmlDeviceGetUtilizationRates",
    ],
)
def test_where_a_library_refuses_there_is_none(broken: str) -> None:
    assert device_use("cuda", load=StandIn(broken=broken).load) is None


@pytest.mark.parametrize("absent", ["libcudart", "libnvidia-ml"])
def test_where_a_library_is_absent_there_is_none(absent: str) -> None:
    assert device_use("cuda", load=StandIn(absent=absent).load) is None


def test_a_cpu_has_none() -> None:
    assert device_use("cpu", load=StandIn().load) is None
