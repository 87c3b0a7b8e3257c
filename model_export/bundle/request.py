"""The request of an export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Request:
    """Name and version of the bundle, how its numbers are stored and how a CRF is decoded.

    `refuse`: a checkpoint without an out-of-domain score gets the default one. `data` and `licence` describe the corpus on
    the model card, in place of `dataset_info_of`.
    """

    name: str
    version: str
    precision: Literal["small", "float32"] = "small"
    approximate: Literal["ain"] | None = None
    refuse: bool = True
    data: str | None = None
    licence: str | None = None
