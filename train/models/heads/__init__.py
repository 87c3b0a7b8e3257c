"""Heads by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from train.models.heads.ain_factorised import AinFactorised
from train.models.heads.ain_first import AinFirst
from train.models.heads.ain_likelihood import AinLikelihood
from train.models.heads.crf import Crf
from train.models.heads.softmax import Softmax

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADS: Mapping[str, type[Softmax | Crf | AinFirst | AinFactorised]] = {
    "softmax": Softmax,
    "crf": Crf,
    "ain": AinFirst,
    "ain-crf": AinLikelihood,
    "ain-f2o": AinFactorised,
}
