"""What every decoder's part of a graph starts from, and what it yields.

Axes: B utterances, T tokens, K tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from model_export.graphs.builder import Value


class Inputs(NamedTuple):
    """What every decoder starts from; tags that a row does not allow stand at `FORBIDDEN`."""

    emissions_BTK: Value
    allowed_BK: Value
    lengths_B: Value
    inside_BT: Value
    positions_T: Value


class Answers(NamedTuple):
    """A path, the marginals of its tags and its log-probability; whatever stands in the padding."""

    path_BT: Value
    path_marginals_BT: Value
    log_prob_B: Value
