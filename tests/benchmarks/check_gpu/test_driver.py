"""Whether there is a GPU is the driver's word, and without one nothing pretends that there is."""

import ctypes
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.check_gpu.driver import NoGpu, card, main

FILE = Path(__file__).parents[3] / "benchmarks" / "check_gpu" / "driver.py"


class FakeDriver:
    """A driver with some devices, that may not start."""

    def __init__(self, devices: int, *, status: int = 0) -> None:
        self._devices, self._status = devices, status

    def __call__(self, library: str) -> Any:
        assert library == "libcuda.so.1"
        return self

    def cuInit(self, _flags: int) -> int:
        return self._status

    def cuDeviceGetCount(self, count: Any) -> int:
        count._obj.value = self._devices
        return 0

    def cuDeviceGet(self, _device: Any, number: int) -> int:
        assert number == 0
        return 0

    def cuDeviceGetName(self, name: Any, size: int, _device: Any) -> int:
        assert size > 20
        name.value = b"NVIDIA Imagined 1"
        return 0


def absent(library: str) -> Any:
    raise OSError(f"{library}: cannot open shared object file")


def test_a_device_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert card(FakeDriver(1)) == "NVIDIA Imagined 1"
    assert main(FakeDriver(2)) == 0
    assert capsys.readouterr().out == "NVIDIA Imagined 1\n"


@pytest.mark.parametrize(
    ("load", "why"),
    [
        (absent, r"found no driver \(libcuda.so.1: cannot open shared object file\)"),
        (FakeDriver(1, status=100), r"found a driver that does not start \(CUDA error 100\)"),
        (FakeDriver(0), "found a driver with 0 devices"),
    ],
    ids=["no driver", "no device", "none left"],
)
def test_without_one_it_says_so_and_why(load: Any, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NoGpu, match=why):
        card(load)
    assert main(load) == 1
    assert capsys.readouterr().out.startswith("not verified: no GPU: found ")


def has_driver() -> bool:
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


@pytest.mark.skipif(has_driver(), reason="there is a driver")
def test_it_needs_no_more_than_python() -> None:
    command = [sys.executable, "-I", "-S", str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - our own
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("not verified: no GPU: found no driver")
