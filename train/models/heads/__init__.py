"""The head class for each `head` of `JointConfig`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from train.models.heads.ain_annealed import AinAnnealed
from train.models.heads.ain_factorised import AinFactorised
from train.models.heads.ain_first import AinFirst
from train.models.heads.crf import Crf
from train.models.heads.softmax import Softmax

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADS: Mapping[str, type[Softmax | Crf | AinFirst | AinFactorised]] = {
    "softmax": Softmax,
    "crf": Crf,
    "ain": AinFirst,
    "ain-annealed": AinAnnealed,
    "ain-f2o": AinFactorised,
}
