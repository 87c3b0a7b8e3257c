"""Every inference over the potentials of one trained head: what it was trained for, and what it was not.

AIN is derived as an approximation of the CRF. How far it is one shows where the potentials of each are decoded by the
other's inference, and by the emissions alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

import torch

from train.models.heads.ain_factorised import AinFactorised
from train.models.heads.ain_first import AinFirst
from train.models.heads.approximate import ILLEGAL
from train.models.heads.crf import Crf
from train.models.heads.second_order import SecondOrderViterbi
from train.models.heads.softmax import Softmax

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

    from train.models.heads import AnyHead

Decoder: TypeAlias = Softmax | Crf | AinFirst | SecondOrderViterbi
ChainT = TypeVar("ChainT", Crf, AinFirst)


def decoders_of(head: AnyHead) -> dict[str, Decoder]:
    """By name: "viterbi" (of legal paths), "ain", and "emissions" (each token's largest), which is all that a softmax has.

    A CRF's potentials are decoded by the three plain iterations of AIN-1O, an illegal transition scoring `ILLEGAL`.
    """
    decoders: dict[str, Decoder] = {"emissions": Softmax(head.tags, head.scheme)}
    if isinstance(head, Crf):
        ain = _with(AinFirst(head.tags, head.scheme), head.potentials(ILLEGAL))
        return {"viterbi": head, "ain": ain, **decoders}
    if isinstance(head, AinFirst):
        potentials = (head.start_K, head.transitions_KK, head.end_K)
        chain = _with(Crf(head.tags, head.scheme), potentials)
        exact = SecondOrderViterbi(chain, head.skips_KK) if isinstance(head, AinFactorised) else chain
        return {"viterbi": exact, "ain": head, **decoders}
    return decoders


def _with(head: ChainT, potentials: Iterable[Tensor]) -> ChainT:
    """The head with these start, transition and end scores."""
    with torch.no_grad():
        own = (head.start_K, head.transitions_KK, head.end_K)
        for parameter, value in zip(own, potentials, strict=True):
            parameter.copy_(value)
    return head.eval()
