"""Writes the files of a bundle from a checkpoint: text tables, graphs and a manifest of them, as yet without measures."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

import onnx

from model_export.bundle import training_time
from model_export.bundle.dataset_info import dataset_info_of
from model_export.graphs.classifier import classifier_graph
from model_export.graphs.decode import DECODERS, decode_graph
from model_export.graphs.embed import embed_graph
from model_export.graphs.encoders import export_of
from model_export.graphs.input_scales import input_scales
from model_export.graphs.score import score_graph
from model_export.graphs.token_score import token_score_graph
from polyparse.bundle import manifest
from polyparse.bundle import store as bundle
from polyparse.bundle.manifest import (
    DEVICES,
    Graphs,
    GraphSignature,
    Manifest,
    Network,
    Provenance,
    Tensor,
    TextFiles,
)
from polyparse.errors import ConfigError
from polyparse.schema import unstructure
from polyparse.text.tokens import RULES
from train.models.token_crf import TokenCrf

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from model_export.bundle.request import Request
    from polyparse.text.vectorizer import Batch
    from train.checkpoint import Checkpoint
    from train.network import AnyNetwork

(
    GOLDEN,
    CARD,
    VOCABULARY,
    FEATURES,
    TOKEN_FEATURES,
    TRAINING_TEXT,
    FOREIGN,
    LANGUAGES,
    NEGATION,
    LISTED,
    CLASSIFIER,
) = (
    "golden.jsonl",
    "MODEL_CARD.md",
    "vocabulary.json",
    "features.npy",
    "token_features.npy",
    "training_text.npz",
    "foreign.npz",
    "languages.npz",
    "negation.npz",
    "listed.npz",
    "classifier.onnx",
)


def write(
    checkpoint: Checkpoint,
    networks: Sequence[AnyNetwork],
    folder: Path,
    request: Request,
    *,
    sample: Sequence[Batch] = (),
) -> Manifest:
    """Write everything but golden frames, card and measures; the folder is a valid bundle that can be loaded.

    The input scales of a small bundle's integer products are measured on `sample`; without one it computes in floats.
    """
    folder.mkdir(parents=True)
    (folder / GOLDEN).touch()
    (folder / CARD).touch()
    shutil.copyfile(checkpoint.folder / VOCABULARY, folder / VOCABULARY)
    config, small = checkpoint.run().config, request.precision == "small"
    tensors: dict[str, GraphSignature] = {}
    if (classifier := checkpoint.classifier()) is not None:
        shutil.copyfile(checkpoint.folder / FEATURES, folder / FEATURES)
        tensors[CLASSIFIER] = _save(classifier_graph(classifier, small=small), folder / CLASSIFIER)
    if has_token_features := config.token_crf is not None:
        shutil.copyfile(checkpoint.folder / TOKEN_FEATURES, folder / TOKEN_FEATURES)
    ood = checkpoint.ood()
    if needs_text := ood is not None and ood.needs_training_text:
        if (training_text := checkpoint.training_text()) is None:
            raise ConfigError(
                f"{checkpoint.folder}: found no {TRAINING_TEXT}, expected what `polyparse ood` wrote"
            )
        training_text.save(folder / TRAINING_TEXT)
    if (screen := checkpoint.language_screen()) is not None:
        screen.save(folder / LANGUAGES)
    for network, entry in zip(networks, (entries := _network_entries(checkpoint, networks)), strict=True):
        models = _graphs(network, entry.graphs["cpu"], small=small, sample=sample)
        tensors |= {file: _save(model, folder / file) for file, model in models.items()}
    written = Manifest(
        schema_version=manifest.SCHEMA_VERSION,
        name=request.name,
        version=request.version,
        locales=checkpoint.run().locales,
        labels=checkpoint.labels(),
        decode_head=DECODERS[type(networks[0].head)].decode_head,
        topology=config.topology,
        routing=checkpoint.routing(),
        networks=entries,
        classifier=None if classifier is None else dict.fromkeys(DEVICES, CLASSIFIER),
        tensors=tensors,
        text=TextFiles(
            vocabulary=VOCABULARY,
            features=None if classifier is None else FEATURES,
            token_features=TOKEN_FEATURES if has_token_features else None,
            training_text=TRAINING_TEXT if needs_text else None,
            languages=None if screen is None else LANGUAGES,
            rules=RULES,
            case_marks=checkpoint.tables().vocabulary.case_marks,
        ),
        files=records(folder),
        golden=GOLDEN,
        provenance=_provenance(checkpoint, request),
        measures={},
    )
    manifest.write(written, folder)
    return written


def records(folder: Path) -> dict[str, manifest.FileRecord]:
    """Size and checksum of every file of a bundle but its manifest."""
    files = sorted(path for path in folder.iterdir() if path.name != manifest.FILE)
    return {path.name: bundle.record(path) for path in files}


def _network_entries(checkpoint: Checkpoint, networks: Sequence[AnyNetwork]) -> tuple[Network, ...]:
    """The networks as manifest entries, named after domains; files have numbers, as a domain's name may be no file name."""
    shared = checkpoint.run().config.topology == "shared"
    stems = ["all"] if shared else map(str, count())
    return tuple(
        Network(
            name="all" if shared else labels.domains[0],
            domains=labels.domains,
            intents=labels.intents,
            tags=labels.tags,
            graphs=dict.fromkeys(
                DEVICES,
                Graphs(
                    score=f"score-{stem}.onnx",
                    decode=f"decode-{stem}.onnx",
                    embed=None if isinstance(network, TokenCrf) else f"embed-{stem}.onnx",
                    layout="padded"
                    if isinstance(network, TokenCrf)
                    else export_of(network.encoder).layout.name,
                ),
            ),
        )
        for network, labels, stem in zip(networks, checkpoint.network_labels(), stems, strict=False)
    )


def _graphs(
    network: AnyNetwork, files: Graphs, *, small: bool, sample: Sequence[Batch]
) -> dict[str, onnx.ModelProto]:
    """The graphs of a network by their files."""
    decoding = {files.decode: decode_graph(network.head)}
    if isinstance(network, TokenCrf):
        return {files.score: token_score_graph(network, small=small), **decoding}
    scales = input_scales(network, sample if small else ())
    models = {
        files.embed: embed_graph(network, small=small),
        files.score: score_graph(network, small=small, input_scales=scales),
    }
    return {file: model for file, model in models.items() if file is not None} | decoding


def _provenance(checkpoint: Checkpoint, request: Request) -> Provenance:
    run = checkpoint.run()
    info = dataset_info_of(run.corpus, checkpoint.labels().domains)
    return Provenance(
        data=request.data or info.data,
        licence=request.licence or info.licence,
        recipe=run.config.recipe + (f" from {run.start_recipe}" if run.start_recipe else ""),
        config=unstructure(run.config),
        git_commit=run.git_commit,
        seed=run.config.seed,
        libraries={**run.libraries, "onnx": onnx.__version__},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        training_minutes=training_time.minutes(checkpoint),
    )


def signature_of(model: onnx.ModelProto) -> GraphSignature:
    """The inputs and outputs of a graph, for the manifest."""
    return GraphSignature(inputs=_describe(model.graph.input), outputs=_describe(model.graph.output))


def _save(model: onnx.ModelProto, path: Path) -> GraphSignature:
    onnx.save(model, path)
    return signature_of(model)


def _describe(values: object) -> tuple[Tensor, ...]:
    """Name, dtype and shape of a graph's inputs or outputs."""
    tensors = []
    for value in values:  # type: ignore[attr-defined]  # a repeated protobuf field
        kind = value.type.tensor_type
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name
        shape = tuple(axis.dim_param or axis.dim_value for axis in kind.shape.dim)
        tensors.append(Tensor(name=value.name, dtype=dtype, shape=shape))
    return tuple(tensors)
