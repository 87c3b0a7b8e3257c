"""A graph over sequences of tokens, run in groups of similar lengths where padding costs more than another run.

A tensor has a token axis where the manifest gives its shape as (sequences, T, ...).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from polyparse.inference.length_groups import groups

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from polyparse.inference.length_groups import Cost
    from polyparse.runtime.bucketed_session import BucketedSession
    from polyparse.runtime.session import Session
    from polyparse.text.work import Work

    Arrays = Mapping[str, NDArray[Any]]


class GroupedSession:
    """Runs a session on groups of sequences, chosen by the cost of a run; without a cost, on all of them at once."""

    def __init__(self, session: Session | BucketedSession, cost: Cost | None, *, pads: bool = True) -> None:
        """`pads` is whether the graph works on padding too."""
        self._session = session
        self._pads = pads
        self._cost = cost

    def run(
        self, sequences: Arrays, shared: Arrays | None = None, work: Work | None = None
    ) -> Sequence[NDArray[Any]]:
        """The graph's outputs in its order, an entry for each sequence; values beyond a length are undefined.

        Args:
            sequences: tensors with an entry for each sequence, `lengths_B` among them.
            shared: tensors that every group gets whole.
            work: what counts the tokens that the graph works on.
        """
        shared = shared or {}
        lengths_B = sequences["lengths_B"]
        parts = (
            groups(lengths_B.tolist(), self._cost) if self._cost is not None and len(lengths_B) > 1 else []
        )
        if work is not None:
            work.add(int(lengths_B.sum()), self._worked(lengths_B, parts))
        if len(parts) < 2:
            return self._session.run({**sequences, **shared})
        longest = int(lengths_B.max())
        outputs: list[NDArray[Any]] = []
        for part in parts:
            length = int(lengths_B[part[-1]])
            inputs = {name: self._entries(name, array, part, length) for name, array in sequences.items()}
            results = self._session.run({**inputs, **shared})
            if not outputs:
                outputs = [self._empty(*each, len(lengths_B), longest) for each in self._with_names(results)]
            for output, (name, result) in zip(outputs, self._with_names(results), strict=True):
                output[(part, slice(length)) if self._has_tokens(name) else part] = result
        return outputs

    def _worked(self, lengths_B: NDArray[np.int32], parts: Sequence[Sequence[int]]) -> int:
        """The tokens that the graph works on: with padding, those of each group's longest sequence for each of it."""
        if not self._pads:
            return int(lengths_B.sum())
        if len(parts) < 2:
            return len(lengths_B) * int(lengths_B.max())
        return sum(len(part) * int(lengths_B[part[-1]]) for part in parts)

    def _with_names(self, results: Sequence[NDArray[Any]]) -> list[tuple[str, NDArray[Any]]]:
        return list(zip(self._session.outputs, results, strict=True))

    def _empty(self, name: str, result: NDArray[Any], count: int, longest: int) -> NDArray[Any]:
        """Zeros in the shape of an output for all sequences, given the output for one group."""
        if self._has_tokens(name):
            return np.zeros((count, longest, *result.shape[2:]), result.dtype)
        return np.zeros((count, *result.shape[1:]), result.dtype)

    def _entries(self, name: str, array: NDArray[Any], part: Sequence[int], length: int) -> NDArray[Any]:
        """The entries of one group in an input, cut to the group's longest."""
        entries: NDArray[Any] = array[part, :length] if self._has_tokens(name) else array[part]
        return entries

    def _has_tokens(self, name: str) -> bool:
        return self._session.axes[name][1:2] == ("T",)
