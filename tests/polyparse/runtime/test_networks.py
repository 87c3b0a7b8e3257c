"""A bundle's graphs as the pipeline sees them: a padded score graph runs in groups of like lengths, a packed one at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import onnx
import pytest

from polyparse.bundle import manifest as manifests
from polyparse.contract.frame import Utterance
from polyparse.runtime.load import load
from polyparse.runtime.networks import DECODE, SCORE, OnnxNetworks
from polyparse.text.vectorizer import collate
from tests.bundles import LABELS, write_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.bundle.manifest import Manifest
    from polyparse.text.vectorizer import Batch

Layout = Literal["padded", "packed"] | None
LAYOUTS: tuple[Layout, ...] = ("padded", "packed", None)
TEXTS = (
    "wake me at seven",
    "luces",
    "lights in the kitchen today please or else the cocina at siete",
    "wake",
)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "words" / "1")


def described_as(bundle: Path, layout: Layout) -> Manifest:
    """The manifest of the bundle, its score graph being of a layout."""
    manifest = manifests.parse(bundle.joinpath(manifests.FILE).read_bytes(), file=bundle / manifests.FILE)
    (network,) = manifest.networks
    graphs = {device: replace(each, layout=layout) for device, each in network.graphs.items()}
    return replace(manifest, networks=(replace(network, graphs=graphs),))


def say_packed(graph: Path) -> None:
    """Let a graph say of itself that it is packed, as those of schema 1 did."""
    model = onnx.load(graph)
    onnx.helper.set_model_props(model, {"rows": "packed"})
    onnx.save(model, graph)


def networks_of(bundle: Path, manifest: Manifest) -> OnnxNetworks:
    return OnnxNetworks(bundle, manifest, device="cpu", threads=1)


def batch_of(bundle: Path) -> Batch:
    vectorizer = load(bundle, device="cpu").parser.vectorizer
    return collate([vectorizer.item(Utterance(text)) for text in TEXTS])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_whatever_the_layout_each_sequence_gets_the_same(bundle: Path, layout: Layout) -> None:
    batch = batch_of(bundle)
    networks = networks_of(bundle, described_as(bundle, layout))
    log_probs_BI, emissions_BTK = networks.score(batch, 0)
    allowed_BK = np.ones((len(TEXTS), len(LABELS.tags)), dtype=np.bool_)
    decoded = networks.decode(emissions_BTK, allowed_BK, batch.lengths_B, 0)
    assert np.exp(log_probs_BI).argmax(axis=1).tolist() == [0, 1, 1, 0]
    assert decoded.path_RT.shape == decoded.marginals_RT.shape == batch.words_BT.shape
    assert decoded.log_prob_R.shape == (len(TEXTS),)
    time, place = LABELS.tags.index("B-time"), LABELS.tags.index("B-place")
    assert decoded.path_RT[0, :4].tolist() == [0, 0, 0, time]
    assert decoded.path_RT[2].tolist() == [0, 0, 0, place, time, 0, 0, 0, 0, place, 0, time]
    assert networks.classify(batch) is None


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_tokens_that_the_score_graph_worked_on_are_counted(bundle: Path, layout: Layout) -> None:
    batch = batch_of(bundle)
    networks_of(bundle, described_as(bundle, layout)).score(batch, 0)
    useful = int(batch.lengths_B.sum())
    assert batch.work.tokens - batch.work.padding == useful
    assert (batch.work.padding == 0) == (layout == "packed")
    assert batch.work.tokens <= batch.words_BT.size


@pytest.mark.parametrize("says_packed", [False, True], ids=["silent", "says packed"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_manifest_says_whether_a_score_graph_is_packed_or_else_the_graph_does(
    bundle: Path, layout: Layout, says_packed: bool
) -> None:
    if says_packed:
        say_packed(bundle / "score.onnx")
    networks = networks_of(bundle, described_as(bundle, layout))
    is_packed = layout == "packed" or (layout is None and says_packed)
    assert networks._score[0]._cost == (None if is_packed else SCORE)
    assert networks._decode[0]._cost == DECODE
