"""What is evaluated: how a model comes to a domain and an intent is said in words."""

from __future__ import annotations

import pytest

from polyparse.evaluation.system import routing_in_words
from polyparse.inference.routing import Routing


@pytest.mark.parametrize(
    ("routing", "topology", "words"),
    [
        (
            Routing("soft", 0.6, "intents"),
            "shared",
            "soft, lambda 0.6 on the joint network, domain classifier over intents, shared network",
        ),
        (Routing("hard", 0.6, "domains"), "shared", "hard, domain classifier over domains, shared network"),
        (
            Routing("soft", 0.6, "intents"),
            "per-domain",
            "hard, domain classifier over intents, per-domain network",
        ),
        (Routing("soft", 1.0, "none"), "shared", "shared network, without a domain classifier"),
    ],
)
def test_routing_is_said_in_words(routing: Routing, topology: str, words: str) -> None:
    assert routing_in_words(routing, topology) == words
