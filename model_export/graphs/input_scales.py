"""Static scales for the inputs of linear layers whose products run in integers, chosen on real utterances.

A scale that is fixed when the bundle is made does not depend on what shares a batch, where one that is taken from the batch
would. Integers also add up to the same whatever the order.
"""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING

import torch
from torch import nn

from model_export.graphs.embed import folded_projection
from model_export.graphs.quantise import MOST_INPUT, closest_scale
from polyparse.text.vectorizer import collate
from train.models.encoders.bisru import BiSRU
from train.models.encoders.gated_cnn import GatedCNN
from train.models.joint import Tensors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from polyparse.text.vectorizer import Batch, Item
    from train.models.joint import JointNetwork

SAMPLE = 1024
"""How many utterances are looked at."""
TOGETHER = 128
EVERY = 7
"""Of the values that an input had, each seventh counts."""
SEED = 9


def input_scales(network: JointNetwork, batches: Iterable[Batch]) -> dict[str, float]:
    """The scale of the input of each linear layer over tokens, by the layer's name.

    Those of a gated CNN or a biSRU, and the slots' first layer above it: all but a few hundredths of its work. An LSTM's
    products are inside one operator, which knows no static scales. A layer that is made once a word stays in floats. Empty
    where there is nothing to look at.
    """
    once_a_word = folded_projection(network)
    watched: dict[str, nn.Module] = {}
    for name, tower in network.towers().items():
        if isinstance(tower.encoder, GatedCNN | BiSRU):
            parts = {f"{name}encoder.{part}": module for part, module in tower.encoder.named_modules()}
            linear = {
                part: module
                for part, module in parts.items()
                if isinstance(module, nn.Linear) and module is not once_a_word
            }
            watched |= {**linear, f"{name}slots.hidden": tower.slots.hidden}
    if not watched:
        return {}
    seen: dict[str, list[torch.Tensor]] = {}
    hooks = [part.register_forward_pre_hook(partial(_note, seen, name)) for name, part in watched.items()]
    try:
        with torch.inference_mode():
            for batch in batches:
                network(Tensors.of(batch))
    finally:
        for hook in hooks:
            hook.remove()
    return {name: float(closest_scale(torch.cat(parts).numpy(), MOST_INPUT)) for name, parts in seen.items()}


def sample(items: Sequence[Item]) -> list[Batch]:
    """Batches of like lengths of some of the items, the same ones each time."""
    chosen = Random(SEED).sample(list(items), min(SAMPLE, len(items)))  # noqa: S311  no secret depends on it
    chosen.sort(key=lambda item: item.n_tokens)
    return [collate(chosen[first : first + TOGETHER]) for first in range(0, len(chosen), TOGETHER)]


def _note(
    seen: dict[str, list[torch.Tensor]], name: str, _layer: nn.Module, inputs: tuple[torch.Tensor]
) -> None:
    seen.setdefault(name, []).append(inputs[0].flatten()[::EVERY].clone())
