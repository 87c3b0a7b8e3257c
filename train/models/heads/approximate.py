"""A trained CRF decoded by mean field with the same potentials (AIN, section 2.1, without its training)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from polyparse.errors import ConfigError
from train.models.heads.ain_annealed import AinAnnealed
from train.models.heads.crf import Crf

if TYPE_CHECKING:
    from torch import nn

ILLEGAL = -10.0
"""Score of an illegal transition. Mean field averages potentials over Q, so that with -1e4 a neighbour's tag of probability
0.001 would decide; illegal paths that remain are repaired afterwards."""


def mean_field_of(head: nn.Module) -> AinAnnealed:
    """An annealed AIN head with the CRF's potentials; raises ConfigError for a head that is no CRF."""
    if not isinstance(head, Crf):
        raise ConfigError(f"--approximate ain: found a {type(head).__name__} head, expected a CRF")
    approximation = AinAnnealed(head.tags, head.scheme)
    with torch.no_grad():
        for parameter, value in zip(
            (approximation.start_K, approximation.transitions_KK, approximation.end_K),
            head.potentials(ILLEGAL),
            strict=True,
        ):
            parameter.copy_(value)
    return approximation.eval()
