"""Static scales for the inputs of linear layers that compute in integers, measured on real utterances.

A scale that is fixed at export does not depend on the batch, unlike one that is computed from the batch. Sums of integers do
not depend on their order either.
"""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING

import torch
from torch import nn

from model_export.graphs.encoders import export_of, word_projection
from model_export.graphs.quantise import MAX_INPUT, closest_scale
from polyparse.inference.batches import BATCH_SIZE, by_length
from polyparse.text.vectorizer import collate
from train.models.decoders import SlotMLP
from train.models.joint import BatchTensors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from polyparse.text.vectorizer import Batch, Item
    from train.models.joint import JointNetwork

SAMPLE_SIZE = 1024
"""How many utterances the scales are measured on."""
STRIDE = 7
"""Every seventh value of an input is used."""
SEED = 9


def input_scales(network: JointNetwork, batches: Iterable[Batch]) -> dict[str, float]:
    """Name of a linear layer over tokens -> scale of its input.

    The layers are those of an encoder that is exported in integers, and the first layer of the slots' MLP: all but a few
    hundredths of the operations. A layer that is computed once for each word stays in floats. Empty without batches.
    """
    integer_layers: dict[str, nn.Module] = {}
    if export_of(network.encoder).in_integers:
        projection = word_projection(network)
        integer_layers = {
            f"encoder.{name}": module
            for name, module in network.encoder.named_modules()
            if isinstance(module, nn.Linear) and module is not projection
        }
        if isinstance(network.slots, SlotMLP) and network.slots.hidden is not None:
            integer_layers["slots.hidden"] = network.slots.hidden
    if not integer_layers:
        return {}
    inputs: dict[str, list[torch.Tensor]] = {}
    hooks = [
        layer.register_forward_pre_hook(partial(_record, inputs, name))
        for name, layer in integer_layers.items()
    ]
    try:
        with torch.inference_mode():
            for batch in batches:
                network(BatchTensors.of(batch))
    finally:
        for hook in hooks:
            hook.remove()
    return {name: float(closest_scale(torch.cat(parts).numpy(), MAX_INPUT)) for name, parts in inputs.items()}


def sample(items: Sequence[Item]) -> list[Batch]:
    """Batches of similar lengths of up to SAMPLE_SIZE items; always the same ones."""
    chosen = Random(SEED).sample(list(items), min(SAMPLE_SIZE, len(items)))  # noqa: S311  no secret depends on it
    batches = by_length([item.n_tokens for item in chosen], BATCH_SIZE)
    return [collate([chosen[position] for position in batch]) for batch in batches]


def _record(
    inputs: dict[str, list[torch.Tensor]], name: str, _layer: nn.Module, arguments: tuple[torch.Tensor]
) -> None:
    inputs.setdefault(name, []).append(arguments[0].flatten()[::STRIDE].clone())
