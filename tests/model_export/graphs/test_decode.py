"""The decode graph of every head against its torch twin, and against brute force.

Axes: B utterances, T tokens, K tags.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import onnxruntime
import pytest
import torch

from model_export.graphs.decode import DECODERS, decode_graph
from polyparse.bundle.manifest import DECODE_HEADS
from tests.oracles.cases import Case, chain, random_case, random_head
from tests.oracles.paths import enumerate_paths
from train.models.heads import HEADS
from train.models.heads.approximate import mean_field_of
from train.models.heads.crf import Crf

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from train.models.heads.ain_first import AinFirst
    from train.models.heads.softmax import Softmax

N_SLOTS = 5
RAGGED = {1: [1.0], 3: [1.0, 0.0, 0.6], 32: [row / 31 for row in range(32)]}
"""Lengths as shares of T, by batch size; every utterance has a token."""

each_head = pytest.mark.parametrize("name", [*HEADS, "crf by mean field"])
each_scheme = pytest.mark.parametrize("scheme", ["IO", "BIO", "BIOES"])
each_shape = pytest.mark.parametrize(("n_rows", "n_tokens"), [(b, t) for b in RAGGED for t in (1, 2, 8, 33)])


class Answers(NamedTuple):
    """What the graph gives, by the names of its outputs."""

    path_BT: NDArray[np.int64]
    path_marginals_BT: NDArray[np.float32]
    log_prob_B: NDArray[np.float32]


@cache
def head_of(name: str, scheme: str, n_slots: int = N_SLOTS) -> Softmax | Crf | AinFirst:
    if name != "crf by mean field":
        return random_head(name, scheme, n_slots, seed=0)
    head = random_head("crf", scheme, n_slots, seed=0)
    assert isinstance(head, Crf)
    return mean_field_of(head)


@cache
def session(name: str, scheme: str, n_slots: int = N_SLOTS) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    graph = decode_graph(head_of(name, scheme, n_slots)).SerializeToString()
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def run(actual: onnxruntime.InferenceSession, case: Case) -> Answers:
    feeds = {
        "emissions_BTK": case.emissions_BTK.numpy(),
        "allowed_BK": case.allowed_BK.numpy(),
        "lengths_B": case.lengths_B.numpy().astype(np.int32),
    }
    return Answers(*actual.run(list(Answers._fields), feeds))


def ragged(n_rows: int, n_tokens: int) -> list[int]:
    return [max(1, round(share * n_tokens)) for share in RAGGED[n_rows]]


def test_every_head_has_a_decoder_whose_way_the_manifest_knows() -> None:
    assert DECODERS.keys() == set(HEADS.values())
    assert {export.decode_head for export in DECODERS.values()} <= DECODE_HEADS.keys()


@pytest.mark.parametrize("restricted", [False, True])
@each_shape
@each_scheme
@each_head
def test_the_graph_equals_the_head(
    name: str, scheme: str, n_rows: int, n_tokens: int, restricted: bool
) -> None:
    head = head_of(name, scheme)
    case = random_case(
        len(head.tags), ragged(n_rows, n_tokens), seed=n_rows + n_tokens, restricted=restricted
    )
    actual = run(session(name, scheme), case)
    with torch.no_grad():
        expected = head.decode(*case)
    assert actual.path_BT.tolist() == expected.path_RT.tolist()
    assert actual.path_marginals_BT == pytest.approx(expected.marginals_RT.numpy(), abs=1e-4)
    assert actual.log_prob_B == pytest.approx(expected.log_prob_R.numpy(), abs=1e-4)


@pytest.mark.parametrize("spread", [3.0, 100.0])
@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize(("scheme", "n_slots"), [("IO", 4), ("BIO", 2), ("BIOES", 1)])
def test_viterbi_equals_the_list_of_all_paths(
    scheme: str, n_slots: int, restricted: bool, spread: float
) -> None:
    head = head_of("crf", scheme, n_slots)
    assert isinstance(head, Crf)
    lengths = [4, 1, 3, 2, 4, 4, 4, 4]
    case = random_case(len(head.tags), lengths, seed=3, spread=spread, restricted=restricted)
    actual = run(session("crf", scheme, n_slots), case)
    for index, length in enumerate(lengths):
        answer = enumerate_paths(chain(head, case, index))
        assert actual.path_BT[index].tolist() == [*answer.best, *[0] * (max(lengths) - length)]
        marginals = answer.marginals_TK[range(length), answer.best]
        assert actual.path_marginals_BT[index, :length] == pytest.approx(marginals, abs=1e-4)
        log_prob = answer.best_score - answer.log_partition
        assert actual.log_prob_B[index] == pytest.approx(log_prob, abs=1e-4)


@pytest.mark.parametrize("sure", [0.0, 0.4, 1.0])
@each_scheme
def test_viterbi_equals_the_head_whether_a_path_has_half_of_the_mass_or_not(scheme: str, sure: float) -> None:
    """Utterances with one path that leads by far, those where many are near, and both in a batch."""
    head = head_of("crf", scheme)
    case = random_case(len(head.tags), ragged(32, 8), seed=5, restricted=True)
    with torch.no_grad():
        case.emissions_BTK.mul_(0.1)
        best_BT = head.decode(*case).path_RT
        lead_BTK = 30.0 * torch.nn.functional.one_hot(best_BT, len(head.tags))
        case.emissions_BTK[: round(32 * sure)] += lead_BTK[: round(32 * sure)]
        expected = head.decode(*case)
    assert float((expected.log_prob_R > np.log(0.5)).float().mean()) == pytest.approx(sure, abs=0.3)
    actual = run(session("crf", scheme), case)
    assert actual.path_BT.tolist() == expected.path_RT.tolist()
    assert actual.path_marginals_BT == pytest.approx(expected.marginals_RT.numpy(), abs=1e-4)
    assert actual.log_prob_B == pytest.approx(expected.log_prob_R.numpy(), abs=1e-4)


@each_scheme
@each_head
def test_alone_equals_in_company_whatever_the_padding_holds(name: str, scheme: str) -> None:
    head = head_of(name, scheme)
    case = random_case(len(head.tags), ragged(32, 33), seed=1, restricted=True)
    padding_BT = torch.arange(33) >= case.lengths_B[:, None]
    case.emissions_BTK[padding_BT] = torch.nan
    together = run(session(name, scheme), case)
    for index, length in enumerate(case.lengths_B.tolist()):
        alone = run(session(name, scheme), case.row(index))
        assert together.path_BT[index, :length].tolist() == alone.path_BT[0].tolist()
        assert together.path_marginals_BT[index, :length] == pytest.approx(
            alone.path_marginals_BT[0], abs=1e-5
        )
        assert together.log_prob_B[index] == pytest.approx(alone.log_prob_B[0], abs=1e-5)
    assert (together.path_BT[padding_BT.numpy()] == 0).all()
    assert (together.path_marginals_BT[padding_BT.numpy()] == 1.0).all()


@pytest.mark.parametrize("spread", [100.0, 1000.0])
@each_scheme
@each_head
def test_extreme_emissions_get_finite_answers(name: str, scheme: str, spread: float) -> None:
    case = random_case(
        len(head_of(name, scheme).tags), ragged(32, 33), seed=1, spread=spread, restricted=True
    )
    actual = run(session(name, scheme), case)
    assert ((actual.path_marginals_BT >= 0) & (actual.path_marginals_BT <= 1.0001)).all()
    assert np.isfinite(actual.log_prob_B).all()


@each_head
def test_a_row_without_any_legal_path_gets_finite_answers(name: str) -> None:
    tags = head_of(name, "BIO").tags
    case = random_case(len(tags), [3, 1], seed=0)
    case.allowed_BK[:] = torch.tensor([tag.startswith("I-") for tag in tags])
    actual = run(session(name, "BIO"), case)
    assert np.isfinite(actual.path_marginals_BT).all()
    assert np.isfinite(actual.log_prob_B).all()


@pytest.mark.parametrize("name", HEADS)
def test_initialisers_bear_the_names_of_parameters(name: str) -> None:
    head = head_of(name, "BIO")
    stored = {tensor.name: list(tensor.dims) for tensor in decode_graph(head, prefix="a.").graph.initializer}
    for parameter, values in head.named_parameters():
        assert stored[f"a.{parameter}"] == list(values.shape)


RUN_EVERY_SHAPE = """
import json, sys
import numpy as np
import onnxruntime

for path, n_tags in json.loads(sys.argv[1]):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for rows in (1, 3, 32):
        for tokens in (1, 2, 8, 33):
            emissions = np.zeros((rows, tokens, n_tags), np.float32)
            lengths = np.full(rows, tokens, np.int32)
            feeds = {"emissions_BTK": emissions, "allowed_BK": emissions[:, 0] == 0, "lengths_B": lengths}
            session.run(None, feeds)
"""


def test_the_runtime_warns_of_nothing_on_any_shape(tmp_path: Path) -> None:
    jobs = []
    for name in HEADS:
        head = head_of(name, "BIO")
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(decode_graph(head).SerializeToString())
        jobs.append((str(path), len(head.tags)))
    command = [sys.executable, "-c", RUN_EVERY_SHAPE, json.dumps(jobs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (our own script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
