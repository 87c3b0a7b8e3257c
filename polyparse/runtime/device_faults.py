"""Which errors of ONNX Runtime mean that the device is lost to this process: a table of CUDA's own codes.

    CUDA failure 700: an illegal memory access was encountered ; GPU=0 ; hostname=... ; file=... ; expr=...

After some errors every later call gives the same one, and by CUDA's documentation the process must be ended and started
anew; after others, such as too little memory, the next run may succeed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LOST: Mapping[int, str] = {
    4: "the driver is shutting down",
    46: "the device is in use by another process or not available",
    100: "there is no device any more",
    214: "its memory has an error that cannot be corrected",
    220: "the connection between devices has an error that cannot be corrected",
    700: "a kernel read or wrote memory that is not its own",
    702: "a kernel ran for too long",
    709: "its context was destroyed",
    710: "a kernel found an assertion violated",
    714: "a kernel's stack has an error",
    715: "a kernel has an illegal instruction",
    716: "a kernel used a misaligned address",
    717: "a kernel used an address of a wrong space",
    718: "a kernel's program counter is out of its code",
    719: "a kernel failed for an unknown reason",
    721: "its memory is not contained",
    999: "an unknown error inside CUDA",
}
"""Number of a cudaError_t after which the process cannot use the device -> what it says (CUDA Runtime API, 6.36)."""
FAILURE = re.compile(r"\bCUDA (?:failure|error) (\d+)\b", re.IGNORECASE)
FALLEN = re.compile(r"\bGPU (?:is lost|has fallen off the bus)\b", re.IGNORECASE)


def why_lost(message: str) -> str | None:
    """Why the device is lost, by an error's message; None where it may run the next batch."""
    if FALLEN.search(message):
        return "it is not on the bus any more"
    codes = (int(number) for number in FAILURE.findall(message))
    return next((LOST[code] for code in codes if code in LOST), None)
