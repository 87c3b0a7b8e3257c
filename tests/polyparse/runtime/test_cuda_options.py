"""What the CUDA provider is told: each with a reason, and a limit that grows with the graph."""

from __future__ import annotations

from pathlib import Path

import onnx
import onnxruntime
import pytest

from polyparse.runtime.cuda_options import OPTIONS, SESSION_ENTRIES, Option, provider_options


@pytest.mark.parametrize("option", [*OPTIONS.values(), *SESSION_ENTRIES.values()], ids=str)
def test_every_option_has_a_value_as_the_provider_reads_it_and_a_reason(option: Option) -> None:
    assert option.value
    assert len(option.reason.split()) > 3


def test_all_of_the_table_is_told_and_the_limit_of_the_arena() -> None:
    told = provider_options(1000)
    assert told.keys() == {*OPTIONS, "gpu_mem_limit"}
    assert told["use_tf32"] == "0"
    assert told["cudnn_conv_algo_search"] == "HEURISTIC"
    assert told["arena_extend_strategy"] == "kSameAsRequested"


def test_a_larger_graph_may_take_more() -> None:
    small, large = (int(provider_options(size)["gpu_mem_limit"]) for size in (10_000_000, 500_000_000))
    assert 2 << 30 < small < large
    assert large - small == 8 * 490_000_000


SCORE = Path(__file__).parents[3] / "models" / "massive" / "1.8.0-viterbi" / "score-all.onnx"
INTEGER_PRODUCTS = {"MatMulIntegerToFloat", "MatMulInteger", "QLinearMatMul", "QGemm"}


def test_weights_are_widened_at_the_load_and_no_product_is_one_of_integers(tmp_path: Path) -> None:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # it warns that what it writes is for this machine
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    for name, option in SESSION_ENTRIES.items():
        options.add_session_config_entry(name, option.value)
    onnxruntime.InferenceSession(str(SCORE), options, providers=["CPUExecutionProvider"])
    graph = onnx.load(tmp_path / "optimised.onnx").graph
    weights = {each.name for each in graph.initializer}
    widened = [node for node in graph.node if node.op_type == "DequantizeLinear"]
    assert widened  # activations keep their codes
    assert not [node for node in widened if node.input[0] in weights]
    assert not {node.op_type for node in graph.node} & INTEGER_PRODUCTS
