"""Screens, pure: small models that say of a text, beside the networks, that it shall be refused, and why.

Axes: B items of a batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from polyparse.contract.frame import Reason
    from polyparse.text.vectorizer import Item


class Screen(Protocol):
    """One reason to refuse, and how surely it holds of each item; above the threshold an item is refused."""

    @property
    def reason(self) -> Reason:
        """What a refused frame says."""

    @property
    def threshold(self) -> float:
        """From 0 to 1."""

    def scores(self, items: Sequence[Item]) -> NDArray[np.float32]:
        """Shape (B,), from 0 to 1; an item's own does not depend on what else is in the batch."""


def refusals(screens: Sequence[Screen], items: Sequence[Item]) -> list[Reason | None]:
    """Why each item is refused, by the first of the screens that refuses it; None where none does."""
    reasons: list[Reason | None] = [None] * len(items)
    for screen in reversed(screens):
        for position in (screen.scores(items) > screen.threshold).nonzero()[0].tolist():
            reasons[position] = screen.reason
    return reasons
