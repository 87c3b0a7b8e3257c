"""The inputs of every decoder's nodes, which give a `Decoded` of values; these have no meaning in padding.

Axes: B utterances, T tokens, K tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from model_export.graphs.builder import Value


class DecoderInputs(NamedTuple):
    """Emissions, `FORBIDDEN` for tags that are not allowed; `inside_BT` masks padding, `positions_T` counts from 0."""

    emissions_BTK: Value
    allowed_BK: Value
    lengths_B: Value
    inside_BT: Value
    positions_T: Value
