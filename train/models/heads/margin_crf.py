"""A CRF that is trained for a margin: a wrong path must score below the true one by a cost for each of its wrong tokens.

    loss = log sum_{y'} exp(f(y') + cost(y, y')) - f(y)        (Yang, Salakhutdinov & Cohen 2017)

The cost is `cost` times the number of tokens at which y' differs from y. So the loss is that of the CRF with `cost` added to
the emissions of all tags but the true ones. It has no part in decoding.

Axes: B utterances, T tokens, K tags.
"""

from __future__ import annotations

import torch
from torch import Tensor

from train.models.heads.crf import Crf
from train.models.padding import inside


class MarginCrf(Crf):
    """At cost 0 the CRF; soft targets, which have no true path, are learnt as it learns them."""

    cost = 5.0
    """Of a wrong token; the number is that of the paper's code."""

    def loss(self, emissions_BTK: Tensor, tags_BT: Tensor, lengths_B: Tensor) -> Tensor:
        """The loss in nats, mean over utterances, never below the CRF's; a given path must be legal."""
        tags_BT = tags_BT.masked_fill(~inside(lengths_B, emissions_BTK.shape[1]), 0)
        tags_K = torch.arange(len(self.tags), device=tags_BT.device)
        cost_BTK = self.cost * (tags_BT[:, :, None] != tags_K).double()
        return super().loss(emissions_BTK.double() + cost_BTK, tags_BT, lengths_B)
