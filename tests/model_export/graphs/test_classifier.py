"""The classifier graph against the domain classifier that it was made of.

Axes: B utterances, F features of one utterance, V rows of the feature table, C classes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import pytest

from model_export.graphs.classifier import classifier_graph
from train.models.domain_classifier import DomainClassifier
from train.models.maxent import MaxEnt
from train.models.word_bag import WordBag

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

N_ROWS, N_CLASSES = 40, 7
SKIPPED, N_WORDS, SIZE, N_HIDDEN = 6, 15, 4, 9
SHAPES = [(rows, features) for rows in (1, 3, 32) for features in (1, 2, 50)]


def random_model(*, bag: bool = True) -> DomainClassifier:
    """As training makes them: row 0 weighs nothing, no feature has an idf under 1, the bag has words of its own."""
    random = np.random.default_rng(0)
    skipped = SKIPPED if bag else 0
    idf_V = random.uniform(1.0, 9.0, N_ROWS - skipped).astype(np.float32)
    idf_V[0] = 0.0
    weights_VC = (random.normal(size=(len(idf_V), N_CLASSES)) * idf_V[:, None]).astype(np.float32)
    maxent = MaxEnt(weights_VC, idf_V**2, random.normal(size=N_CLASSES).astype(np.float32))
    return DomainClassifier(maxent, random_bag(random), skipped) if bag else DomainClassifier(maxent)


def random_bag(random: np.random.Generator) -> WordBag:
    shapes = ((N_WORDS + 2, SIZE), (SIZE, N_HIDDEN), (N_HIDDEN,), (N_HIDDEN, N_CLASSES), (N_CLASSES,))
    table_WE, *layers = (random.normal(scale=0.2, size=shape).astype(np.float32) for shape in shapes)
    table_WE[[0, -1]] = 0.0
    return WordBag(table_WE, *layers)


def random_features(n_rows: int, n_features: int) -> NDArray[np.int64]:
    """Ragged rows, some without any feature, repeats among them; 0 where there is none."""
    random = np.random.default_rng([n_rows, n_features])
    features_BF = random.integers(1, N_ROWS, (n_rows, n_features))
    features_BF[np.arange(n_features) >= random.integers(0, n_features + 1, (n_rows, 1))] = 0
    return features_BF


def run(features_BF: NDArray[np.int64], *, small: bool, bag: bool = True) -> NDArray[np.float32]:
    graph = classifier_graph(random_model(bag=bag), small=small).SerializeToString()
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    (actual,) = session.run(["log_probs_BC"], {"features_BF": features_BF})
    assert isinstance(actual, np.ndarray)
    return actual


@pytest.mark.parametrize(("small", "tolerance"), [(False, 1e-5), (True, 0.05)])
@pytest.mark.parametrize(("n_rows", "n_features"), SHAPES)
@pytest.mark.parametrize("bag", [True, False])
def test_the_graph_equals_the_model(
    n_rows: int, n_features: int, bag: bool, small: bool, tolerance: float
) -> None:
    features_BF = random_features(n_rows, n_features)
    actual = run(features_BF, small=small, bag=bag)
    expected = random_model(bag=bag).log_probs(features_BF)
    assert actual == pytest.approx(expected, abs=tolerance)


def test_an_utterance_without_a_known_feature_gets_the_bias_alone() -> None:
    (actual,) = run(np.zeros((1, 3), dtype=np.int64), small=False, bag=False)
    bias_C = random_model(bag=False).maxent.bias_C.astype(np.float64)
    assert actual == pytest.approx(bias_C - np.log(np.exp(bias_C).sum()), abs=1e-5)


@pytest.mark.parametrize("small", [False, True])
def test_alone_equals_in_company(small: bool) -> None:
    features_BF = random_features(32, 50)
    together = run(features_BF, small=small)
    for index, row in enumerate(features_BF):
        alone = run(row[row > 0][None] if row.any() else row[None, :1], small=small)
        assert together[index] == pytest.approx(alone[0], abs=1e-5)


def test_initialisers_bear_the_parameters_names_and_small_ones_are_small() -> None:
    graph = classifier_graph(random_model(), small=True).graph
    stored = {
        tensor.name: onnx.numpy_helper.to_array(tensor)
        for tensor in graph.initializer
        if tensor.name.startswith(("classifier.", "bag."))
    }
    assert {name: (array.dtype.name, array.shape) for name, array in stored.items()} == {
        "classifier.weights": ("int8", (N_ROWS - SKIPPED, N_CLASSES)),
        "classifier.weights.scale": ("float32", (N_ROWS - SKIPPED, 1)),
        "classifier.squares": ("float16", (N_ROWS - SKIPPED,)),
        "classifier.bias": ("float32", (N_CLASSES,)),
        "bag.table": ("int8", (N_WORDS + 2, SIZE)),
        "bag.table.scale": ("float32", (N_WORDS + 2, 1)),
        "bag.inner": ("float16", (SIZE, N_HIDDEN)),
        "bag.inner_bias": ("float32", (N_HIDDEN,)),
        "bag.outer": ("float16", (N_HIDDEN, N_CLASSES)),
        "bag.outer_bias": ("float32", (N_CLASSES,)),
    }


RUN_EVERY_SHAPE = """
import json, sys
import numpy as np
import onnxruntime

graphs, shapes = json.loads(sys.argv[1])
for graph in graphs:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    for shape in shapes:
        session.run(None, {"features_BF": np.ones(shape, np.int64)})
"""


def test_the_runtime_warns_of_nothing_on_any_shape(tmp_path: Path) -> None:
    graphs = []
    for small in (False, True):
        graph = tmp_path / f"{small}.onnx"
        graph.write_bytes(classifier_graph(random_model(), small=small).SerializeToString())
        graphs.append(str(graph))
    command = [sys.executable, "-c", RUN_EVERY_SHAPE, json.dumps([graphs, SHAPES])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own script
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
