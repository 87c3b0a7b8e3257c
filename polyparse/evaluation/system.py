"""What is evaluated: a model as a parser, and what a reader of the report must know about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from polyparse.inference.parser import Parser

if TYPE_CHECKING:
    from polyparse.inference.routing import Routing

Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class EvaluatedSystem:
    """A model under evaluation; `facts` say in words which it is and how it makes frames.

    `decoders` make the same model with its slots decoded by another inference, by name.
    """

    title: str
    facts: Mapping[str, str]
    parser: Parser
    decoders: Mapping[str, Callable[[], Parser]] = field(default_factory=dict)


def routing_in_words(routing: Routing, topology: str) -> str:
    """How a model chooses domain and intent, in words."""
    if routing.classifier_classes == "none":
        return f"{topology} network, without a domain classifier"
    mixed = routing.kind == "soft" and topology == "shared"
    weight = f", lambda {routing.joint_weight:g} on the joint network" if mixed else ""
    kind = routing.kind if topology == "shared" else "hard"
    return f"{kind}{weight}, domain classifier over {routing.classifier_classes}, {topology} network"
