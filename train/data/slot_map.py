"""A slot map: how the slots of one corpus are called in another one, so that both teach the same labels (T-A)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from polyparse.corpora.example import Example, TextSpan

OUTSIDE = "O"
"""What a slot is mapped to that the other corpus does not have."""


def mapped(examples: Sequence[Example], slot_map: Mapping[str, str], slots: Collection[str]) -> list[Example]:
    """The examples with no other slots than `slots`: by the map, by their own name, or else without.

    Raises:
        ConfigError: the map has a slot that no example has, or leads to one that is not among `slots`.
    """
    found = {span.name for example in examples for span in example.slots}
    for name, to in slot_map.items():
        if name not in found:
            raise ConfigError(
                f"sharing.slot_map: found the slot {name!r}, expected some of {_listed(found)}, which other tasks have"
            )
        if to != OUTSIDE and to not in slots:
            raise ConfigError(
                f"sharing.slot_map.{name}: found {to!r}, expected {OUTSIDE} or some of {_listed(slots)}"
            )

    def spans_of(example: Example) -> tuple[TextSpan, ...]:
        renamed = (replace(span, name=slot_map.get(span.name, span.name)) for span in example.slots)
        return tuple(span for span in renamed if span.name in slots)

    return [replace(example, slots=spans_of(example)) for example in examples]


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"
