"""Accuracy of labels: whether a domain or an intent is right."""

from polyparse.contract.frame import Choice


def is_right(true: str | None, choice: Choice | None) -> bool:
    """Whether the choice is the true label; where the corpus has none, no choice is wrong."""
    return true is None or (choice is not None and choice.name == true)
