"""How many tokens networks worked on for a batch, and how many of them were padding."""

from __future__ import annotations


class Work:
    """Counts the runs of one batch, in one thread."""

    __slots__ = ("padding", "tokens")

    def __init__(self) -> None:
        self.tokens = self.padding = 0
        """All that was worked on, and how many of it were no tokens of an utterance."""

    def add(self, useful: int, worked: int) -> None:
        """Count a run with so many tokens of utterances, which worked on so many."""
        self.tokens += worked
        self.padding += worked - useful
