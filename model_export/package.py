"""The files of a bundle, from a checkpoint: text tables, graphs and a manifest that describes them, measures aside."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import onnx

from model_export.classifier_graph import classifier_graph
from model_export.decode_graphs import decode_graph
from model_export.score_graph import ScoreGraph
from polyparse import bundle, manifest
from polyparse.manifest import DEVICES, Graphs, Manifest, Network, Provenance, Tensor, Tensors, TextFiles
from polyparse.schema import unstructure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Literal

    from model_export.write_bundle import Request
    from train.checkpoint import Checkpoint
    from train.models.joint import JointNetwork

GOLDEN, CARD, VOCABULARY, FEATURES, CLASSIFIER = (
    "golden.jsonl",
    "MODEL_CARD.md",
    "vocabulary.json",
    "features.npy",
    "classifier.onnx",
)
DECODE_HEADS: dict[str, Literal["viterbi", "ain", "softmax"]] = {
    "crf": "viterbi",
    "ain": "ain",
    "ain-f2o": "ain",
    "softmax": "softmax",
}
DATA = {
    "massive": (
        "MASSIVE 1.1 (FitzGerald et al. 2022; Amazon), the train split of these locales",
        "CC BY 4.0, credited to Amazon.com, Inc.",
    )
}
"""What is known of a corpus format's data and licence."""


def write(
    checkpoint: Checkpoint, networks: Sequence[JointNetwork], folder: Path, request: Request
) -> Manifest:
    """Write everything but golden frames, card and measures; the folder can be loaded, and is verified as it stands."""
    folder.mkdir(parents=True)
    (folder / GOLDEN).touch()
    (folder / CARD).touch()
    shutil.copyfile(checkpoint.folder / VOCABULARY, folder / VOCABULARY)
    small = request.precision == "small"
    has_classifier = (classifier := checkpoint.classifier()) is not None
    tensors: dict[str, Tensors] = {}
    if classifier is not None:
        shutil.copyfile(checkpoint.folder / FEATURES, folder / FEATURES)
        tensors[CLASSIFIER] = _save(classifier_graph(classifier, small=small), folder / CLASSIFIER)
    described_networks = []
    run = checkpoint.run()
    for labels, network in zip(checkpoint.network_labels(), networks, strict=True):
        name = "all" if run.config.topology == "shared" else labels.domains[0]
        graphs = Graphs(score=f"score-{name}.onnx", decode=f"decode-{name}.onnx")
        tensors[graphs.score] = _save(ScoreGraph(network, small=small).build(), folder / graphs.score)
        decode = decode_graph(network.head)
        tensors[graphs.decode] = _save(decode, folder / graphs.decode)
        described_networks.append(
            Network(
                name=name,
                domains=labels.domains,
                intents=labels.intents,
                tags=labels.tags,
                graphs=dict.fromkeys(DEVICES, graphs),
            )
        )
    data, licence = DATA.get(run.corpus.partition(":")[0], (run.corpus, request.licence))
    described = Manifest(
        schema_version=manifest.SCHEMA_VERSION,
        name=request.name,
        version=request.version,
        locales=run.locales,
        labels=checkpoint.labels(),
        decode_head="ain" if request.approximate else DECODE_HEADS[run.config.joint.head],
        topology=run.config.topology,
        routing=checkpoint.routing(),
        networks=tuple(described_networks),
        classifier=dict.fromkeys(DEVICES, CLASSIFIER) if has_classifier else None,
        tensors=tensors,
        text=TextFiles(vocabulary=VOCABULARY, features=FEATURES if has_classifier else None),
        files=records(folder),
        golden=GOLDEN,
        provenance=Provenance(
            data=request.data or data,
            licence=licence,
            recipe=run.config.recipe,
            config=unstructure(run.config),
            git_commit=run.git_commit,
            seed=run.config.seed,
            libraries={**run.libraries, "onnx": onnx.__version__},
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        ),
        measures={},
    )
    manifest.write(described, folder)
    return described


def records(folder: Path) -> dict[str, manifest.FileRecord]:
    """Size and checksum of every file of a bundle but its manifest."""
    files = sorted(path for path in folder.iterdir() if path.name != manifest.FILE)
    return {path.name: bundle.record(path) for path in files}


def _save(model: onnx.ModelProto, path: Path) -> Tensors:
    onnx.save(model, path)
    return Tensors(inputs=_describe(model.graph.input), outputs=_describe(model.graph.output))


def _describe(values: object) -> tuple[Tensor, ...]:
    """Name, dtype and shape of a graph's inputs or outputs."""
    found = []
    for value in values:  # type: ignore[attr-defined]  # a repeated protobuf field
        kind = value.type.tensor_type
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name
        shape = tuple(axis.dim_param or axis.dim_value for axis in kind.shape.dim)
        found.append(Tensor(name=value.name, dtype=dtype, shape=shape))
    return tuple(found)
