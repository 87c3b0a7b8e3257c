"""Modules that `torch.onnx` draws: what they compute, under which names, and what is refused.

Axes: B utterances, T tokens, H channels, G experts.
"""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from model_export.graphs.builder import Graph
from model_export.graphs.layers import Layers
from model_export.graphs.traced import TracedInput, trace
from polyparse.errors import ConfigError

SIZE = 4


class Experts(nn.Module):
    """Two experts and a gate, which has a number and an order that are not learnt."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.gate = nn.Linear(SIZE, 2)
        self.experts = nn.Parameter(torch.randn(2, SIZE, SIZE))
        self.register_buffer("temperature", torch.tensor([0.5, 2.0]))
        self.register_buffer("order", torch.tensor([1, 0]))

    def forward(self, values_BTH: Tensor) -> Tensor:
        gates_BTG = (self.gate(values_BTH.detach()) * self.temperature).softmax(dim=2)[:, :, self.order]
        of_experts = torch.einsum("bth,ghk->btgk", values_BTH, self.experts).tanh()
        mixed_BTH: Tensor = (gates_BTG.unsqueeze(3) * of_experts).sum(dim=2)
        return mixed_BTH


class Branching(nn.Module):
    """What it does depends on what it reads."""

    def forward(self, values_BTH: Tensor) -> Tensor:
        return values_BTH.tanh() if values_BTH.sum() > 0 else values_BTH


class Undrawable(nn.Module):
    """ONNX has no such operator."""

    def forward(self, values_BTH: Tensor) -> Tensor:
        eigenvalues_BT: Tensor = torch.linalg.eigvals(values_BTH @ values_BTH.transpose(1, 2)).real
        return eigenvalues_BT


def drawn(module: nn.Module, *, small: bool = False) -> bytes:
    graph = Graph("traced")
    values = graph.input("values_BTH", np.float32, ("B", "T", SIZE))
    layers = Layers(graph, small=small, input_scales={}, within="part.")
    traced = trace(layers, module, [TracedInput(values, torch.ones(2, 3, SIZE), (0, 1))])
    graph.output("traced_BTH", traced, np.float32, ("B", "T", SIZE))
    model = graph.build()
    stored = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    for name, trained in module.state_dict().items():
        assert not trained.is_floating_point() or stored[f"part.{name}"] == tuple(trained.shape)
    content: bytes = model.SerializeToString()
    return content


@pytest.mark.parametrize(("small", "error"), [(False, 1e-6), (True, 5e-3)])
def test_a_traced_module_computes_the_same_for_batches_of_any_size(small: bool, error: float) -> None:
    module = Experts()
    session = onnxruntime.InferenceSession(drawn(module, small=small), providers=["CPUExecutionProvider"])
    for n_rows, n_tokens in ((1, 1), (5, 7)):
        values = torch.randn(n_rows, n_tokens, SIZE)
        (actual,) = session.run(None, {"values_BTH": values.numpy()})
        assert actual == pytest.approx(module(values).detach().numpy(), abs=error)


@pytest.mark.parametrize("module", [Branching(), Undrawable()], ids=lambda module: type(module).__name__)
def test_what_is_not_one_pass_for_all_inputs_is_refused(module: nn.Module) -> None:
    with pytest.raises(
        ConfigError, match=r"\w+: found what cannot be traced \(.+\), expected one pass for all"
    ):
        drawn(module)
