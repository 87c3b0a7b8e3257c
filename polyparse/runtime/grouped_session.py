"""A graph over rows of tokens whose rows run in groups of like lengths, where padding costs more than another run.

A graph may say that padding costs it nothing; it then runs once, whatever the lengths.

A tensor with the tokens of each row has a name whose axes begin with the row's and T: words_BT, emissions_BTK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from polyparse.inference.length_groups import groups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from polyparse.inference.length_groups import Cost
    from polyparse.runtime.session import Session

    Arrays = Mapping[str, NDArray[Any]]


class GroupedSession:
    """A session, and what a run of it costs; without a cost all rows run at once, padded as they are."""

    def __init__(self, session: Session, cost: Cost | None) -> None:
        self._session = session
        self._cost = None if session.packs_rows else cost

    def run(self, rows: Arrays, shared: Arrays | None = None) -> Sequence[NDArray[Any]]:
        """The graph's outputs in their order and the rows'; what lies beyond a row's length means nothing.

        Args:
            rows: tensors with an entry for each row, `lengths_B` among them.
            shared: tensors that every group gets as they are.
        """
        shared = shared or {}
        lengths_B = rows["lengths_B"]
        parts = (
            groups(lengths_B.tolist(), self._cost) if self._cost is not None and len(lengths_B) > 1 else []
        )
        if len(parts) < 2:
            return self._session.run({**rows, **shared})
        whole = [np.empty(0)] * len(self._session.outputs)
        for part in parts:
            longest = lengths_B[part[-1]]
            inputs = {name: _taken(name, array, part, longest) for name, array in rows.items()}
            for index, found in enumerate(self._session.run({**inputs, **shared})):
                if part is parts[0]:
                    tokens = (lengths_B.max(),) if _has_tokens(self._session.outputs[index]) else ()
                    tail = found.shape[1 + len(tokens) :]
                    whole[index] = np.zeros((len(lengths_B), *tokens, *tail), found.dtype)
                place = (part, slice(longest)) if _has_tokens(self._session.outputs[index]) else part
                whole[index][place] = found
        return whole


def _taken(name: str, array: NDArray[Any], part: Sequence[int], longest: int) -> NDArray[Any]:
    taken: NDArray[Any] = array[part, :longest] if _has_tokens(name) else array[part]
    return taken


def _has_tokens(name: str) -> bool:
    return name.rpartition("_")[2][1:2] == "T"
