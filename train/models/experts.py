"""Experts behind a gate: networks of one shape side by side, and a layer that says how much of each is wanted.

    g = softmax(W stop(x) + b) in R^S         mixed = sum_k g_k f(expert_k(x))

Chen et al. 2019, "Multi-source cross-lingual model transfer: learning what to share", sections 3.1 and 3.2. The gate gives
no gradient to what it reads: how inputs are made is learnt through the experts alone.

Axes: "..." any axes before the last one; H input, M hidden layer, O output, S experts.
"""

from __future__ import annotations

from contextlib import contextmanager
from math import sqrt
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class ExpertGate(nn.Linear):
    """x_H -> logits_S; the gradient stops here, on its way to x."""

    def forward(self, read: Tensor) -> Tensor:
        """Logits in the last axis; their softmax is g."""
        return super().forward(read.detach())


class Experts(nn.Module):
    """S networks with one hidden layer of ReLU, all computed at once: x_H -> outputs_SO."""

    def __init__(self, number: int, sizes: Sequence[int], *, dropout: float) -> None:
        """`sizes` are those of input, hidden layer and output; each expert starts like two `nn.Linear`s."""
        super().__init__()
        size, hidden, output = sizes
        self.hidden_SMH = _uniform((number, hidden, size), size)
        self.hidden_bias_SM = _uniform((number, hidden), size)
        self.output_SOM = _uniform((number, output, hidden), hidden)
        self.output_bias_SO = _uniform((number, output), hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, read: Tensor) -> Tensor:
        """Shape (..., S, O)."""
        hidden = torch.einsum("...h,smh->...sm", read, self.hidden_SMH) + self.hidden_bias_SM
        hidden = self.dropout(hidden.relu())
        outputs: Tensor = torch.einsum("...sm,som->...so", hidden, self.output_SOM) + self.output_bias_SO
        return outputs


class GatedExperts(nn.Module):
    """x_H -> mixed_O."""

    def __init__(
        self, number: int, sizes: Sequence[int], *, dropout: float, of_output: Callable[[Tensor], Tensor]
    ) -> None:
        """`of_output` is f."""
        super().__init__()
        self.gate = ExpertGate(sizes[0], number)
        self.experts = Experts(number, sizes, dropout=dropout)
        self._of_output = of_output

    def forward(self, read: Tensor) -> Tensor:
        """Shape (..., O)."""
        weights = self.gate(read).softmax(dim=-1).unsqueeze(-1)
        mixed: Tensor = (weights * self._of_output(self.experts(read))).sum(dim=-2)
        return mixed


def log_probs(logits: Tensor) -> Tensor:
    """The f of classifiers: their mixture is one of log-probabilities, which a softmax has to normalise."""
    return logits.log_softmax(dim=-1)


@contextmanager
def recorded_gates(network: nn.Module) -> Iterator[dict[str, Tensor]]:
    """By name, the logits (..., S) of each gate of the network that has a choice, in its last pass in this context."""
    logits: dict[str, Tensor] = {}

    def record(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        return lambda _gate, _read, output: logits.__setitem__(name, output)

    hooks = [
        gate.register_forward_hook(record(name.removesuffix(".gate")))
        for name, gate in network.named_modules()
        if isinstance(gate, ExpertGate) and gate.out_features > 1
    ]
    try:
        yield logits
    finally:
        for hook in hooks:
            hook.remove()


def _uniform(shape: tuple[int, ...], fan_in: int) -> nn.Parameter:
    """The way `nn.Linear` starts, weights and biases alike."""
    return nn.Parameter(torch.empty(shape).uniform_(-1.0 / sqrt(fan_in), 1.0 / sqrt(fan_in)))
