"""A trained CRF decoded by mean field: the same potentials, other inference (AIN, section 2.1, without its training)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from polyparse.errors import ConfigError
from train.models.heads.ain_annealed import AinAnnealed
from train.models.heads.crf import Crf

if TYPE_CHECKING:
    from torch import nn

ILLEGAL = -10.0
"""What an illegal transition costs. Mean field averages potentials over Q, so that -1e4 would let a neighbour's tag of
probability 0.001 decide; what gets through is repaired afterwards."""


def mean_field_of(head: nn.Module) -> AinAnnealed:
    """An annealed AIN head with the CRF's potentials; raises ConfigError for a head that is no CRF."""
    if not isinstance(head, Crf):
        raise ConfigError(f"--approximate ain: found a {type(head).__name__} head, expected a CRF")
    found = AinAnnealed(head.tags, head.scheme)
    with torch.no_grad():
        for parameter, value in zip(
            (found.start_K, found.transitions_KK, found.end_K), head.potentials(ILLEGAL), strict=True
        ):
            parameter.copy_(value)
    return found.eval()
