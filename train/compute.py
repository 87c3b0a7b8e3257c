"""Where networks compute, and how precisely: the device, and the precision of matrix products."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import torch
from torch import nn

from polyparse.errors import DeviceUnavailable

Precision = Literal["float32", "bfloat16"]
DEVICES = ("cpu", "cuda")


@dataclass(frozen=True)
class Compute:
    """A device, and the precision of the matrix products of a forward pass on it; everything else is float32."""

    device: torch.device
    precision: Precision = "float32"

    def autocast(self) -> torch.autocast:
        """A context whose matrix products have this precision."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16")


def lstm_autocast(device: torch.device) -> torch.autocast:
    """A context for an LSTM: that of what is around it, but float32 where the device has no LSTM in bfloat16."""
    enabled = torch.is_autocast_enabled(device.type) and lacks_bfloat16_lstm(device.type) is None
    return torch.autocast(device.type, enabled=enabled)


@cache
def lacks_bfloat16_lstm(device_type: str) -> str | None:
    """Why devices of the type have no LSTM in bfloat16, by the error of trying a small one; None where they have one.

    Some processors can multiply matrices in bfloat16, and have no LSTM for it.
    """
    try:
        with torch.inference_mode(mode=False), torch.enable_grad(), torch.random.fork_rng(devices=[]):
            lstm = nn.LSTM(2, 2, batch_first=True, bidirectional=True).to(device_type)
            with torch.autocast(device_type, torch.bfloat16):
                output_BTH, _ = lstm(torch.zeros(1, 2, 2, device=device_type))
            torch.autograd.backward(output_BTH.float().sum())
    except RuntimeError as error:
        return str(error).splitlines()[0].partition(". ")[0]
    return None


CPU = torch.device("cpu")


def device_of(name: str) -> torch.device:
    """The device of a name of `DEVICES`; raises DeviceUnavailable where this machine has none of it."""
    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceUnavailable(
            "--device cuda: found no CUDA device that PyTorch can use, expected one (or --device cpu)"
        )
    return torch.device(name)
