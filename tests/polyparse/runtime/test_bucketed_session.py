"""On a device a batch runs in shapes that repeat, its emissions stay there, and the frames are those of a CPU."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_export.bundle.files import signature_of
from model_export.gates import agreement as gates
from polyparse.bundle import golden, store
from polyparse.contract.frame import Utterance
from polyparse.errors import ModelRunFailed
from polyparse.runtime import load as loading
from polyparse.runtime import networks
from polyparse.runtime.bucketed_session import BucketedSession
from polyparse.runtime.buckets import bucket
from polyparse.runtime.device_array import DeviceArray
from polyparse.runtime.load import load
from polyparse.runtime.session import Session
from tests.bundles import LABELS, write_bundle
from tests.polyparse.runtime.stand_in import StandIn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.contract.frame import Frame
    from polyparse.inference.parser import Parser

MODELS = Path(__file__).parents[3] / "models" / "massive"
N_TAGS = len(LABELS.tags)


def session_of(graph: Path) -> Session:
    return Session(graph, signature_of(onnx.load(graph)), device="cpu")


@pytest.fixture(scope="module")
def decode(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return session_of(write_bundle(tmp_path_factory.mktemp("models") / "words" / "1") / "decode.onnx")


def emissions(lengths: Sequence[int]) -> dict[str, NDArray[Any]]:
    random = np.random.default_rng(lengths)
    return {
        "emissions_BTK": random.normal(size=(len(lengths), max(lengths), N_TAGS)).astype(np.float32),
        "allowed_BK": np.ones((len(lengths), N_TAGS), dtype=np.bool_),
        "lengths_B": np.array(lengths, dtype=np.int32),
    }


@settings(deadline=None)  # of its first example, which loads the graph
@given(lengths=st.lists(st.integers(1, 12), min_size=1, max_size=9))
def test_a_padded_batch_gives_what_it_gives_as_it_is(decode: Session, lengths: list[int]) -> None:
    inputs = emissions(lengths)
    for one, other in zip(BucketedSession(decode).run(inputs), decode.run(inputs), strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        assert one == pytest.approx(other, abs=1e-6)


def test_what_is_kept_is_read_by_the_next_graph_where_it_is(decode: Session) -> None:
    kept = BucketedSession(decode, kept=("path_marginals_BT",)).run(emissions([3, 5, 2]))[1]
    assert isinstance(kept, DeviceArray)
    assert kept.shape == (3, 5)
    assert tuple(kept.value.shape()) == (4, 6)
    expected = decode.run(emissions([3, 5, 2]))[1]
    assert kept.numpy() == pytest.approx(expected)
    assert kept[[2, 0, 0]] == pytest.approx(expected[[2, 0, 0]])


def test_inputs_that_do_not_fit_fail_the_run_and_name_the_graph(decode: Session) -> None:
    session = BucketedSession(decode)
    refused: list[dict[str, NDArray[Any]]] = [
        {"allowed_BK": np.ones((1, 99), dtype=np.bool_)},
        {"extra": np.zeros(1)},
    ]
    for changes in refused:
        with pytest.raises(ModelRunFailed, match=r"^decode\.onnx: "):
            session.run(emissions([3]) | changes)


def prepared(parser: Parser, version: str) -> list[list[Frame]]:
    """Frames of golden utterances in batches of many sizes, some asked for several hypotheses."""
    entries = golden.load(MODELS / version / "golden.jsonl")
    utterances = [Utterance(each.text, each.locale, 1 + 2 * (i % 5 == 4)) for i, each in enumerate(entries)]
    items = [parser.prepare(utterance) for utterance in utterances]
    return [
        parser.run(items[first : first + size]).frames for first, size in ((0, 1), (1, 3), (4, 16), (20, 7))
    ]


@pytest.fixture(params=store.versions_in(MODELS))
def version(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_the_shipped_bundles_give_the_same_frames_in_buckets(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = prepared(load(MODELS / version, device="cpu").parser, version)
    monkeypatch.setattr(StandIn, "runs", [], raising=False)
    monkeypatch.setattr(networks, "Session", StandIn)
    monkeypatch.setattr(loading, "choose_device", lambda device: device)
    parser = load(MODELS / version, device="cuda").parser
    warmed = len(StandIn.runs)
    actual = prepared(parser, version)
    for one, other in zip(actual, expected, strict=True):
        gates.agree("buckets", one, other, file=MODELS / version)
        assert [len(frame.alternatives) for frame in one] == [len(frame.alternatives) for frame in other]
    assert {name for name, _, _ in StandIn.runs[:warmed]} == {"embed-all.onnx"}
    of_decode = [
        (shapes, there) for name, shapes, there in StandIn.runs[warmed:] if name == "decode-all.onnx"
    ]
    assert [there for _, there in of_decode] == [["emissions_BTK"], ["emissions_BTK"], [], []]
    for shapes, _ in of_decode:
        sequences, tokens, _ = shapes["emissions_BTK"]
        assert (bucket("B", sequences), bucket("T", tokens)) == (sequences, tokens)


def test_the_embed_graph_meets_no_new_shape_while_it_serves(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StandIn, "runs", [], raising=False)
    monkeypatch.setattr(networks, "Session", StandIn)
    monkeypatch.setattr(loading, "choose_device", lambda device: device)
    parser = load(MODELS / version, device="cuda").parser
    warm = {tuple(shapes.values()) for _, shapes, _ in StandIn.runs}
    prepared(parser, version)
    met = {tuple(shapes.values()) for name, shapes, _ in StandIn.runs if name == "embed-all.onnx"}
    assert met == warm
