"""The domain classifier (DC) of a run: a MaxEnt over the features that prove heavy, and the table of just those.

Axes: B utterances, C classes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from polyparse.encode import Vectorizer
from polyparse.features import FeatureTable
from train.models import maxent
from train.task import build_task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.labels import Labels
    from train.corpora.example import Example
    from train.models.maxent import MaxEnt, MaxEntConfig
    from train.progress import Progress
    from train.task import TextTables

    Integers = NDArray[np.int64]


def fit_classifier(
    examples: Sequence[Example],
    labels: Labels,
    tables: TextTables,
    config: MaxEntConfig | None,
    progress: Progress,
) -> tuple[MaxEnt | None, TextTables]:
    """DC and the tables with the features that it keeps; none where the config or the corpus has no classes for it."""
    over_domains = config is not None and config.classes == "domains"
    classes = labels.domains if over_domains else labels.intents
    if config is None or tables.features is None or not classes:
        return None, replace(tables, features=None)
    task = build_task(examples, [], labels, Vectorizer(tables.vocabulary, tables.features))
    intents_B = np.array([target.intent for target in task.targets])
    classes_B = np.array(labels.intent_domains)[intents_B] if over_domains else intents_B
    features = [item.features for item in task.train]
    model, kept = fit_pruned(features, classes_B, len(classes), config, progress)
    return model, replace(tables, features=FeatureTable(tables.features.hashes[kept - 1]))


def fit_pruned(
    features: Sequence[Sequence[int]],
    classes_B: Integers,
    n_classes: int,
    config: MaxEntConfig,
    progress: Progress,
) -> tuple[MaxEnt, Integers]:
    """A MaxEnt over the `kept_features` heaviest features, trained anew on those; and which rows they were."""
    n_rows = 1 + max(max(rows, default=0) for rows in features)
    with progress.stage("domain classifier, all features", config.max_iterations) as step:
        model = maxent.fit(
            features, classes_B, n_rows=n_rows, n_classes=n_classes, config=config, on_iteration=step
        )
    kept = maxent.heaviest_rows(model, config.kept_features)
    if len(kept) == n_rows - 1:
        return model, kept
    new_row = {row: position for position, row in enumerate(kept.tolist(), start=1)}
    pruned = [[new_row[row] for row in rows if row in new_row] for rows in features]
    with progress.stage("domain classifier, heaviest features", config.max_iterations) as step:
        model = maxent.fit(
            pruned, classes_B, n_rows=len(kept) + 1, n_classes=n_classes, config=config, on_iteration=step
        )
    return model, kept
