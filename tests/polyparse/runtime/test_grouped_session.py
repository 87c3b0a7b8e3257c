"""A batch that runs in groups gives each sequence what it gets in one run, and alone; its padding says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_export.bundle.files import signature_of
from polyparse.inference.length_groups import Cost
from polyparse.runtime.grouped_session import GroupedSession
from polyparse.runtime.session import Session
from polyparse.text.work import Work
from tests.bundles import LABELS, write_bundle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

N_TAGS = len(LABELS.tags)


class Counted(Session):
    """A session that notes how many sequences and tokens each run had."""

    def __init__(self, graph: Path) -> None:
        super().__init__(graph, signature_of(onnx.load(graph)), device="cpu")
        self.runs: list[tuple[int, ...]] = []

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
        self.runs.append(next(iter(inputs.values())).shape[:2])
        return super().run(inputs)


def session_of(graph: Path) -> Session:
    return Session(graph, signature_of(onnx.load(graph)), device="cpu")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("models") / "words" / "1")


def emissions(lengths: Sequence[int]) -> dict[str, NDArray[Any]]:
    """Sequences to decode, random."""
    random = np.random.default_rng(lengths)
    emissions_BTK = random.normal(size=(len(lengths), max(lengths), N_TAGS)).astype(np.float32)
    allowed_BK = random.random((len(lengths), N_TAGS)) < 0.7
    allowed_BK[:, 0] = True
    lengths_B = np.array(lengths, dtype=np.int32)
    return {"emissions_BTK": emissions_BTK, "allowed_BK": allowed_BK, "lengths_B": lengths_B}


@settings(deadline=None)  # of its first example, which loads the graph
@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=9),
    cost=st.builds(Cost, step=st.integers(0, 3), run=st.integers(0, 9)),
)
def test_a_sequence_gets_in_groups_what_it_gets_in_one_run(
    bundle: Path, lengths: list[int], cost: Cost
) -> None:
    session = session_of(bundle / "decode.onnx")
    sequences = emissions(lengths)
    grouped, expected = GroupedSession(session, cost).run(sequences), session.run(sequences)
    for one, other in zip(grouped, expected, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
    for b, length in enumerate(lengths):
        assert grouped[0][b].tolist() == expected[0][b].tolist()  # paths are 0 beyond a length
        assert grouped[1][b, :length] == pytest.approx(expected[1][b, :length], abs=1e-6)
        assert grouped[2][b] == pytest.approx(expected[2][b], rel=1e-6, abs=1e-6)


def test_what_is_shared_goes_to_every_group_as_it_is(bundle: Path) -> None:
    words = {"word_rows_U": np.arange(6), "characters_UC": np.zeros((6, 1), dtype=np.int64)}
    words_BT = np.array([[1, 2, 3, 4], [5, 0, 0, 0], [2, 1, 3, 0]])
    sequences = {"words_BT": words_BT, "lengths_B": np.array([4, 1, 3], dtype=np.int32)}
    session = session_of(bundle / "score.onnx")
    intents_BI, emissions_BTK = GroupedSession(session, Cost(step=0, run=0)).run(sequences, words)
    expected_BI, expected_BTK = session.run(sequences | words)
    for b, length in enumerate(sequences["lengths_B"]):
        assert emissions_BTK[b, :length] == pytest.approx(expected_BTK[b, :length])
    assert intents_BI == pytest.approx(expected_BI)


def test_each_group_is_padded_to_its_own_longest_sequence(bundle: Path) -> None:
    session = Counted(bundle / "decode.onnx")
    GroupedSession(session, Cost(step=0, run=4)).run(emissions([9, 2, 9, 3, 2]))
    assert session.runs == [(3, 3), (2, 9)]


def test_without_a_cost_and_alone_all_run_at_once(bundle: Path) -> None:
    session = Counted(bundle / "decode.onnx")
    GroupedSession(session, None).run(emissions([9, 2]))
    GroupedSession(session, Cost(step=0, run=0)).run(emissions([9]))
    GroupedSession(session, Cost(step=0, run=0)).run(emissions([9, 9]))
    assert session.runs == [(2, 9), (1, 9), (2, 9)]


@settings(deadline=None)  # as above
@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=9),
    cost=st.none() | st.builds(Cost, step=st.integers(0, 3), run=st.integers(0, 9)),
)
def test_the_tokens_of_all_runs_are_counted_with_their_padding(
    bundle: Path, lengths: list[int], cost: Cost | None
) -> None:
    session, work = Counted(bundle / "decode.onnx"), Work()
    GroupedSession(session, cost).run(emissions(lengths), work=work)
    assert work.tokens == sum(sequences * tokens for sequences, tokens in session.runs)
    assert work.tokens - work.padding == sum(lengths)


def test_a_graph_that_does_not_pad_works_on_no_padding(bundle: Path) -> None:
    work = Work()
    GroupedSession(session_of(bundle / "decode.onnx"), None, pads=False).run(emissions([1, 7]), work=work)
    assert (work.tokens, work.padding) == (8, 0)
