"""A bundle as a finished run: whoever has one can let it teach, go on with it, or ask it, without the run it is of.

Weights are those that serve, rounded to the bytes they are stored in; what a run chose on dev (routing, when to refuse) is
taken as it is. Calibration is not part of a run: an export makes it anew.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import onnx

from polyparse.corpora.read import read
from polyparse.errors import ConfigError
from polyparse.inference.training_text import TrainingText
from polyparse.schema import structure
from polyparse.text.features import FeatureTable
from train.array_files import check_weights
from train.bundle_start import DEVICE, BundleStart
from train.config import RunConfig
from train.data.task import TextTables
from train.graph_weights import floats_of, initialisers_of
from train.models.domain_classifier import DomainClassifier
from train.models.maxent import MaxEnt
from train.models.word_bag import SCALE, WordBag
from train.network import network_of
from train.recipes import RECIPES
from train.run_record import RunRecord

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import Checkpoint

BAG = ("table", "inner", "inner_bias", "outer", "outer_bias")


def unpack(bundle: BundleStart, checkpoint: Checkpoint, corpus: str) -> None:
    """Write the run that a bundle is of; `corpus` is what it was trained on, as FORMAT:PATH: its dev split is kept.

    Raises:
        ConfigError: its config is of another version and its recipe not known, or its graphs are not the network of either.
    """
    manifest, folder = bundle.manifest, bundle.folder
    provenance = manifest.provenance
    config = _config(bundle)
    text = manifest.text
    tables = TextTables(
        bundle.vocabulary(),
        None if text.features is None else FeatureTable.load(folder / text.features),
        None,
    )
    network = network_of(manifest.labels, tables, config)
    expected, weights = network.state_dict(), bundle.weights()
    taken = {name: weight for name, weight in weights.items() if name in expected}
    check_weights(taken, expected, path=folder)
    dev = read(corpus, locales=manifest.locales, partition="dev")
    checkpoint.folder.mkdir(parents=True, exist_ok=True)
    checkpoint.save("run", _record(bundle, config, corpus))
    if provenance.training_minutes is not None:
        checkpoint.log({"stage": "the bundle's training", "cpu_seconds": 60.0 * provenance.training_minutes})
    checkpoint.save("labels", manifest.labels)
    checkpoint.save("dev", dev)
    if manifest.classifier is not None:
        checkpoint.save("classifier", _classifier(folder / manifest.classifier[DEVICE], tables))
    checkpoint.save_tables(tables)
    checkpoint.save("network-0", taken)
    if text.training_text is not None:
        checkpoint.save("training_text", _training_text(bundle, tables))
    if manifest.ood is not None:
        checkpoint.save("ood", manifest.ood)
    checkpoint.save("routing", manifest.routing)
    checkpoint.save("measures", manifest.measures)


def _config(bundle: BundleStart) -> RunConfig:
    """The config in the manifest; where that has entries which are gone, the one of its recipe today."""
    config = bundle.manifest.provenance.config
    with suppress(ConfigError):
        return structure(RunConfig, dict(config), where=f"{bundle.folder}: config")
    recipe = config.get("recipe")
    if not isinstance(recipe, str) or recipe not in RECIPES:
        raise ConfigError(f"{bundle.folder}: found recipe {recipe!r}, expected one of {', '.join(RECIPES)}")
    return RECIPES[recipe]()


def _record(bundle: BundleStart, config: RunConfig, corpus: str) -> RunRecord:
    provenance = bundle.manifest.provenance
    return RunRecord(
        config=config,
        corpus=corpus,
        locales=bundle.manifest.locales,
        git_commit=provenance.git_commit,
        libraries=dict(provenance.libraries),
        created=provenance.created,
        parent_seconds={},
    )


def _classifier(path: Path, tables: TextTables) -> DomainClassifier:
    """The classifier of a graph; the features in the table that its MaxEnt has no row for are the bag's alone."""
    stored = initialisers_of(onnx.load(path))

    def floats(name: str) -> Any:
        if name not in stored:
            raise ConfigError(f"{path}: found no {name}, expected a domain classifier")
        return floats_of(stored, name)

    maxent = MaxEnt(*(floats(f"classifier.{name}") for name in ("weights", "squares", "bias")))
    if "bag.table" not in stored:
        return DomainClassifier(maxent)
    table_WE, inner_EH, inner_bias_H, outer_HC, outer_bias_C = (floats(f"bag.{name}") for name in BAG)
    assert tables.features is not None  # noqa: S101 - the graph reads them.
    only = len(tables.features.hashes) - (len(maxent.weights_VC) - 1)
    return DomainClassifier(
        maxent, WordBag(table_WE, inner_EH / SCALE, inner_bias_H, outer_HC, outer_bias_C), only
    )


def _training_text(bundle: BundleStart, tables: TextTables) -> TrainingText:
    text = bundle.manifest.text.training_text
    assert text is not None  # noqa: S101 - asked by the caller
    return TrainingText.load(
        bundle.folder / text,
        vocabulary_size=tables.vocabulary.size,
        n_domains=len(bundle.manifest.labels.domains),
    )
