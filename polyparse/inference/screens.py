"""Screens, pure: small models that say of a text, beside the networks, that it shall be refused, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    def scores(self, items: Sequence[Item]) -> Sequence[float]:
        """From 0 to 1, one each; an item's own does not depend on what else is in the batch."""


def refusals(screens: Sequence[Screen], items: Sequence[Item]) -> list[Reason | None]:
    """Why each item is refused, by the first of the screens that refuses it; None where none does."""
    reasons: list[Reason | None] = [None] * len(items)
    for screen in reversed(screens):
        for position, score in enumerate(screen.scores(items)):
            if score > screen.threshold:
                reasons[position] = screen.reason
    return reasons
