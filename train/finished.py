"""Networks and parsers of a finished run, built from its checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.errors import ConfigError
from polyparse.inference.parser import Parser
from polyparse.inference.pipeline import Pipeline, Postprocessing
from train.array_files import check_weights
from train.models.torch_networks import TorchNetworks
from train.network import network_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train.checkpoint import Checkpoint
    from train.models.domain_classifier import DomainClassifier
    from train.network import AnyNetwork


def networks_of(checkpoint: Checkpoint) -> list[AnyNetwork]:
    """The best networks, in evaluation mode, without auxiliary encoders."""
    folder, tables, config = checkpoint.folder, checkpoint.tables(), checkpoint.run().config
    networks = []
    for index, labels in enumerate(checkpoint.network_labels()):
        network = network_of(labels, tables, config)
        weights = checkpoint.find(f"network-{index}")
        if weights is None:
            raise ConfigError(f"{folder}: found no network-{index}.pt, expected a finished run")
        check_weights(weights, network.state_dict(), path=folder / f"network-{index}.pt")
        network.load_state_dict(weights)
        networks.append(network.eval())
    return networks


def parser_of(checkpoint: Checkpoint, networks: Sequence[AnyNetwork] | None = None) -> Parser:
    """The finished model, uncalibrated and without refusal; `networks` replace the checkpoint's own."""
    tables = checkpoint.tables()
    models = TorchNetworks(
        networks_of(checkpoint) if networks is None else networks, _fitting_classifier(checkpoint)
    )
    postprocessing = Postprocessing(training_text=checkpoint.training_text())
    pipeline = Pipeline(
        checkpoint.labels(), checkpoint.run().config.topology, checkpoint.routing(), models, postprocessing
    )
    screen = checkpoint.language_screen()
    return Parser(tables.vectorizer(languages=None if screen is None else screen.table), pipeline)


def _fitting_classifier(checkpoint: Checkpoint) -> DomainClassifier | None:
    """The DC; ConfigError if it is not of this run's labels and features."""
    if (model := checkpoint.classifier()) is None:
        return None
    config, labels = checkpoint.run().config.classifier, checkpoint.labels()
    features = checkpoint.tables().features
    classes = labels.domains if config and config.classes == "domains" else labels.intents
    found = f"{model.n_classes} classes and {model.n_features} features"
    expected = f"{len(classes)} classes and {0 if features is None else len(features.hashes)} features"
    if found != expected:
        raise ConfigError(f"{checkpoint.folder}/classifier.npz: found {found}, expected {expected}")
    return model
