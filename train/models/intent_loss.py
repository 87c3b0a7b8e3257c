"""The loss of intents. Axes: B utterances, I intents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn.functional import cross_entropy

if TYPE_CHECKING:
    from torch import Tensor

NO_INTENT = -1
"""In place of the id of a true intent: the utterance has none, or one that the network lacks."""


def intent_loss(
    logits_BI: Tensor, intents_B: Tensor, *, label_smoothing: float = 0.0, weights_B: Tensor | None = None
) -> Tensor:
    """Cross entropy, a mean over all utterances, to which one without an intent of the network's adds nothing.

    With `weights_B`, each utterance's counts by its weight; the mean is still over their number.
    """
    n_known = int((intents_B != NO_INTENT).sum())
    if n_known == 0:
        return logits_BI.sum() * 0.0
    if weights_B is not None:
        losses_B = cross_entropy(
            logits_BI, intents_B, ignore_index=NO_INTENT, label_smoothing=label_smoothing, reduction="none"
        )
        return (losses_B * weights_B).mean()
    of_known = cross_entropy(logits_BI, intents_B, ignore_index=NO_INTENT, label_smoothing=label_smoothing)
    return of_known * (n_known / len(intents_B))
