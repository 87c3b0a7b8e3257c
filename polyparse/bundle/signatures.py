"""What the graphs of a bundle take and give, as its labels demand: a manifest that says otherwise is refused.

Axes: B items, T tokens, U distinct words, C characters, E word vector, F features, L features of a token, I intents, K tags,
X classes of DC. A letter stands for an axis that varies, a number for its size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from polyparse.bundle.manifest import FILE
from polyparse.errors import ManifestInvalid

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from polyparse.bundle.manifest import Manifest, Network

    Shape = tuple[int | str, ...]

WORDS: Mapping[str, Shape] = {"word_rows_U": ("U",), "characters_UC": ("U", "C")}
"""The inputs of a graph that computes word vectors."""
TOKENS: Mapping[str, Shape] = {"token_features_BTL": ("B", "T", "L"), "lengths_B": ("B",)}
"""The inputs of a score graph that reads features of tokens."""


class Signature(NamedTuple):
    """The inputs of a graph, by name, and its outputs, in their order."""

    inputs: Mapping[str, Shape]
    outputs: tuple[Shape, ...]


def check(manifest: Manifest, bundle: Path, *, device: str) -> None:
    """Raise ManifestInvalid unless every graph for a device takes and gives what its network's labels demand."""
    for network in manifest.networks:
        for file, expected in _of_network(manifest, network, device):
            _check(manifest, file, expected, bundle)
    if manifest.classifier is not None:
        if manifest.text.features is None:
            raise ManifestInvalid(
                "text.features: found none, expected what the classifier reads", file=bundle / FILE
            )
        classes = getattr(manifest.labels, manifest.routing.classifier_classes)
        expected = Signature({"features_BF": ("B", "F")}, (("B", len(classes)),))
        _check(manifest, manifest.classifier[device], expected, bundle)


def _of_network(manifest: Manifest, network: Network, device: str) -> Iterator[tuple[str, Signature]]:
    graphs, n_intents, n_tags = network.graphs[device], len(network.intents), len(network.tags)
    scored: tuple[Shape, ...] = (("B", n_intents), ("B", "T", n_tags))
    vectors = WORDS
    if graphs.embed is not None:
        outputs = manifest.tensors[graphs.embed].outputs
        vector_size = outputs[0].shape[-1] if outputs and outputs[0].shape else 0
        yield graphs.embed, Signature(WORDS, (("U", vector_size),))
        vectors = {"vectors_UE": ("U", vector_size)}
    sequences: Mapping[str, Shape] = {"words_BT": ("B", "T"), "lengths_B": ("B",)}
    read = {**sequences, **vectors} if manifest.text.token_features is None else TOKENS
    yield graphs.score, Signature(read, scored)
    yield (
        graphs.decode,
        Signature(
            {"emissions_BTK": ("B", "T", n_tags), "allowed_BK": ("B", n_tags), "lengths_B": ("B",)},
            (("B", "T"), ("B", "T"), ("B",)),
        ),
    )


def _check(manifest: Manifest, file: str, expected: Signature, bundle: Path) -> None:
    listed = manifest.tensors[file]
    inputs = {tensor.name: tensor.shape for tensor in listed.inputs}
    outputs = tuple(tensor.shape for tensor in listed.outputs)
    if inputs.keys() != expected.inputs.keys() or not _fit(
        [inputs[name] for name in expected.inputs], expected.inputs.values()
    ):
        raise _refused(f"tensors[{file!r}].inputs", _named(inputs), _named(expected.inputs), bundle)
    if not _fit(outputs, expected.outputs):
        raise _refused(f"tensors[{file!r}].outputs", _listed(outputs), _listed(expected.outputs), bundle)


def _fit(shapes: Collection[Shape], expected: Collection[Shape]) -> bool:
    return len(shapes) == len(expected) and all(map(_fits, shapes, expected))


def _fits(shape: Shape, expected: Shape) -> bool:
    """Whether each axis varies, or has the size that is expected; no size is where it has to vary."""
    return len(shape) == len(expected) and all(
        isinstance(axis, str) or axis == size for axis, size in zip(shape, expected, strict=True)
    )


def _named(inputs: Mapping[str, Shape]) -> str:
    return ", ".join(f"{name} {inputs[name]}" for name in sorted(inputs)) or "none"


def _listed(outputs: Collection[Shape]) -> str:
    return ", ".join(map(str, outputs)) or "none"


def _refused(place: str, found: str, expected: str, bundle: Path) -> ManifestInvalid:
    return ManifestInvalid(f"{place}: found {found}, expected {expected} by the labels", file=bundle / FILE)
