"""A finished run's checkpoint as a line of the ablation."""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.ablation_line import AblationLine, DevMeasures
from benchmarks.corpus import LOCALES
from polyparse.errors import ConfigError
from polyparse.schema import structure, unstructure
from train.checkpoint import Checkpoint
from train.config import RunConfig
from train.finished import networks_of
from train.models.domain_classifier import DomainClassifier
from train.recipes import RECIPES
from train.run_record import RunRecord

DIGITS = 6  # of a fraction


class Words(NamedTuple):
    """What no checkpoint says of itself."""

    way: str
    against: str | None = None
    name: str | None = None
    note: str | None = None


def line_of(folder: Path, words: Words) -> AblationLine:
    """The line of a run; its name is the folder's unless another is given, its note whose weights it started from.

    Raises:
        ConfigError: there is no finished run, its recipe is not known, or it was not measured on every served locale.
    """
    checkpoint = Checkpoint(folder)
    run = checkpoint.run()
    if not checkpoint.complete:
        raise ConfigError(f"{folder}: found a run that has not ended, expected measures.json in its folder")
    measures = _locales(checkpoint)
    epochs = _epochs(folder)
    return AblationLine(
        way=words.way,
        against=words.against,
        name=words.name or folder.resolve().name,
        recipe=run.config.recipe,
        overrides=overrides(run.config),
        locales_trained=run.locales,
        git_commit=run.git_commit,
        epochs=max((epoch["epoch"] for epoch in epochs), default=0),
        train_minutes=round(sum(epoch["seconds"] for epoch in epochs) / 60, 1),
        parameters=_parameters(checkpoint),
        dev=_mean(measures, where=f"{folder}/measures.json"),
        network_alone=_alone(run, epochs, measures, where=f"{folder}/log.jsonl"),
        note=_started(run) if words.note is None else words.note,
    )


def overrides(config: RunConfig) -> dict[str, object]:
    """The entries in which a config differs from its recipe's, by dotted key."""
    if config.recipe not in RECIPES:
        raise ConfigError(f"recipe: found {config.recipe!r}, expected one of {', '.join(RECIPES)}")
    return dict(_differences("", unstructure(RECIPES[config.recipe]()), unstructure(config)))


def _differences(key: str, before: object, now: object) -> list[tuple[str, object]]:
    if not (isinstance(before, dict) and isinstance(now, dict)):
        return [] if before == now else [(key, now)]
    return [
        actual
        for name in now
        for actual in _differences(f"{key}.{name}".strip("."), before.get(name), now[name])
    ]


def _locales(checkpoint: Checkpoint) -> Mapping[str, Mapping[str, object]]:
    """Measures by locale, those of every served one among them."""
    actual: Mapping[str, Mapping[str, object]] = checkpoint.read("measures").get("locales", {})
    if missing := [locale for locale in LOCALES if locale not in actual]:
        raise ConfigError(
            f"{checkpoint.folder}/measures.json: found no measures of {', '.join(missing)}, "
            f"expected those of {', '.join(LOCALES)}"
        )
    return actual


def _mean(measures: Mapping[str, Mapping[str, object]], *, where: str) -> DevMeasures:
    """Means over the served locales, whatever else was trained on."""
    rows = [_picked(measures[locale], where=f"{where}: {locale}") for locale in LOCALES]
    return DevMeasures(
        **{key: round(sum(getattr(row, key) for row in rows) / len(rows), DIGITS) for key in _KEYS}
    )


def _alone(
    run: RunRecord, epochs: list[dict[str, Any]], measures: Mapping[str, object], *, where: str
) -> DevMeasures | None:
    """The one joint network at its best epoch; None where the log tells of several, or of means over other locales."""
    best = [epoch["dev"] for epoch in epochs if epoch["best"]]
    if run.config.topology != "shared" or set(measures) != set(LOCALES) or not best:
        return None
    actual = _picked(best[-1], where=where)
    return DevMeasures(**{key: round(getattr(actual, key), DIGITS) for key in _KEYS})


def _picked(measures: Mapping[str, object], *, where: str) -> DevMeasures:
    return structure(DevMeasures, {key: measures.get(key) for key in _KEYS}, where=where)


def _epochs(folder: Path) -> list[dict[str, Any]]:
    """The lines of the log that are of epochs."""
    lines = folder.joinpath("log.jsonl").read_text(encoding="utf-8").splitlines()
    return [entry for entry in map(json.loads, lines) if "epoch" in entry]


def _parameters(checkpoint: Checkpoint) -> int:
    """Trained numbers of all networks, and of the domain classifier."""
    classifier = checkpoint.classifier()
    linear = 0 if classifier is None else classifier_parameters(classifier)
    networks = networks_of(checkpoint)
    return linear + sum(parameter.numel() for network in networks for parameter in network.parameters())


def classifier_parameters(classifier: DomainClassifier) -> int:
    """Trained numbers of the MaxEnt, and of the bag of words where there is one."""
    bag = [] if classifier.bag is None else [*vars(classifier.bag).values()]
    return sum(array.size for array in (classifier.maxent.weights_VC, classifier.maxent.bias_C, *bag))


def _started(run: RunRecord) -> str:
    return f"started from a finished run of {run.start_recipe}" if run.start_recipe else ""


_KEYS = tuple(field.name for field in fields(DevMeasures))
