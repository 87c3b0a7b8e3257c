"""The head class for each `head` of `JointConfig`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from torch import nn

from train.models.heads.ain_annealed import AinAnnealed
from train.models.heads.ain_factorised import AinFactorised
from train.models.heads.ain_first import AinFirst
from train.models.heads.crf import Crf
from train.models.heads.margin_crf import MarginCrf
from train.models.heads.softmax import Softmax

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AnyHead: TypeAlias = Softmax | Crf | AinFirst | AinFactorised

HEADS: Mapping[str, type[AnyHead]] = {
    "softmax": Softmax,
    "crf": Crf,
    "margin-crf": MarginCrf,
    "ain": AinFirst,
    "ain-annealed": AinAnnealed,
    "ain-f2o": AinFactorised,
}
ITERATED = frozenset(name for name, kind in HEADS.items() if issubclass(kind, AinFirst))
"""The heads that have iterations."""


def new_head(
    name: str, tags: Sequence[str], scheme: str, *, iterations: int | None, start_spread: float
) -> AnyHead:
    """A head to be trained: its potentials are drawn from N(0, start_spread^2), or are 0 without a draw.

    `iterations` is M of AIN; with None it is the head's own.
    """
    head = HEADS[name](tags, scheme)
    if iterations is not None and isinstance(head, AinFirst):
        head.iterations = iterations
    if start_spread:
        for potentials in head.parameters():
            nn.init.normal_(potentials, std=start_spread)
    return head
