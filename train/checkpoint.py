"""A checkpoint folder: everything that a trained model is, and all that an interrupted run needs to go on.

run.json          recipe config, corpus, locales, provenance          labels.json
vocabulary.json   features.npy   classifier.npz   word_vectors.npz    (text tables, DC, where the word table starts)
intent_bias.npy   what dev adds to the biases of DC; only where the config asks for it
network-N.pt      best averaged weights of network N                  training-N.pt   state of its run
dev.jsonl         the dev examples that chose it and that gates use   log.jsonl       a line an epoch or stage
measures.json     dev measures of the whole; written last, so its presence says that the run is complete
rejection.json    when an exported model refuses an utterance; only where it does, and put there after the run
seen_text.npz     what the rejection holds utterances against; only where it does so

Longer than most files: each of these has its reader and its writer here, side by side, so that they agree on its form.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from polyparse.contract.labels import Labels
from polyparse.corpora.example import Example
from polyparse.errors import ConfigError
from polyparse.inference.ood import Rejection
from polyparse.inference.pipeline import Judgement, Pipeline
from polyparse.inference.routing import Routing
from polyparse.inference.training_text import SeenText
from polyparse.schema import structure, unstructure
from polyparse.text.features import FeatureTable
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary
from train.config import RunConfig
from train.data.task import TextTables
from train.embeddings.vec_file import WordVectors
from train.models.domain_classifier import DomainClassifier
from train.models.joint import JointNetwork, new_network
from train.models.maxent import MaxEnt
from train.models.torch_networks import TorchNetworks
from train.models.word_bag import WordBag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Run:
    """What was run: the config, the corpus as the user named it, the surroundings, and the runs it built on, if any.

    `threads` are PyTorch's. `elder_seconds` are `cpu_seconds_of` the runs that it builds on, taken when it began.
    """

    config: RunConfig
    corpus: str
    locales: tuple[str, ...]
    git_commit: str
    libraries: dict[str, str]
    created: str
    start: str | None = None
    start_recipe: str | None = None
    teachers: tuple[str, ...] = ()
    teacher_recipes: tuple[str, ...] = ()
    threads: int | None = None
    elder_seconds: Mapping[str, float] | None = None


class Checkpoint:
    """Reads and writes one checkpoint folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def exists(self) -> bool:
        """Whether a run was started here."""
        return (self.folder / "run.json").exists()

    @property
    def has_labels(self) -> bool:
        """Whether the run got as far as its labels."""
        return (self.folder / "labels.json").exists()

    @property
    def has_tables(self) -> bool:
        """Whether text tables, DC and starting vectors are there."""
        return (self.folder / "vocabulary.json").exists()

    @property
    def complete(self) -> bool:
        """Whether the run that was started here has ended."""
        return (self.folder / "measures.json").exists()

    def discard_unless_prepared(self) -> None:
        """Forget a run that was refused before it made anything, so that it can be asked for again in other words."""
        if not self.has_tables:
            for name in ("labels.json", "dev.jsonl", "log.jsonl", "word_vectors.npz", "run.json"):
                (self.folder / name).unlink(missing_ok=True)

    def save_json(self, name: str, value: object) -> None:
        """Write NAME.json whole or not at all."""
        text = json.dumps(unstructure(value), ensure_ascii=False, indent=1)
        _replace(self.folder / f"{name}.json", text.encode())

    def load_json(self, name: str) -> Any:
        """Read NAME.json."""
        path = self.folder / f"{name}.json"
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(f"{self.folder}: found no {path.name}, expected a checkpoint folder") from None

    def save_torch(self, name: str, state: dict[str, Any]) -> None:
        """Write NAME.pt whole or not at all."""
        path = self.folder / f"{name}.pt"
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def load_torch(self, name: str) -> dict[str, Any] | None:
        """Read NAME.pt; None where there is none."""
        path = self.folder / f"{name}.pt"
        if not path.exists():
            return None
        state: dict[str, Any] = torch.load(path, weights_only=True)
        return state

    def log(self, entry: dict[str, Any]) -> None:
        """Append a line to log.jsonl."""
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry) + "\n")

    def cpu_seconds(self) -> float:
        """Processor time of the epochs and stages that the log has; what was broken off halfway is not in it.

        A line without it counts its wall-clock for each of the run's threads, which is at least as much.
        """
        threads = self.run().threads or 1
        path = self.folder / "log.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        try:
            entries: list[dict[str, Any]] = [json.loads(line) for line in lines]
            return sum(
                float(entry.get("cpu_seconds", threads * entry.get("seconds", 0.0))) for entry in entries
            )
        except ValueError as error:
            raise ConfigError(
                f"{path}: found a line that is no JSON, expected a line an epoch: {error}"
            ) from None

    def elder_seconds(self) -> dict[str, float] | None:
        """`cpu_seconds_of` the runs that this one builds on: as it recorded when it began, else as they stand now."""
        run = self.run()
        if run.elder_seconds is not None:
            return dict(run.elder_seconds)
        return cpu_seconds_of([Checkpoint(Path(folder)) for folder in (run.start, *run.teachers) if folder])

    def run(self) -> Run:
        """run.json, checked."""
        return structure(Run, self.load_json("run"), where=f"{self.folder}/run.json")

    def labels(self) -> Labels:
        """labels.json, checked."""
        return structure(Labels, self.load_json("labels"), where=f"{self.folder}/labels.json")

    def save_tables(self, tables: TextTables) -> None:
        """Vocabulary and feature table; the vocabulary last and at once, for its presence says that DC is done."""
        if tables.features is not None:
            tables.features.save(self.folder / "features.npy")
        partial = self.folder / "vocabulary.partial"
        tables.vocabulary.save(partial)
        partial.replace(self.folder / "vocabulary.json")

    def tables(self) -> TextTables:
        """Vocabulary and feature table."""
        features = self.folder / "features.npy"
        return TextTables(
            Vocabulary.load(self.folder / "vocabulary.json"),
            FeatureTable.load(features) if features.exists() else None,
        )

    def save_classifier(self, model: DomainClassifier) -> None:
        """The weights of MaxEnt and bag."""
        bag = {} if model.bag is None else {**vars(model.bag), "skipped": model.skipped}
        _save_arrays(self.folder / "classifier.npz", {**vars(model.maxent), **bag})

    def classifier(self) -> DomainClassifier | None:
        """DC, where the run has one, its biases moved as dev asked for."""
        path = self.folder / "classifier.npz"
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as arrays:
            found = dict(arrays)
        skipped = int(found.pop("skipped", 0))
        maxent = MaxEnt(**{field.name: found.pop(field.name) for field in fields(MaxEnt)})
        model = DomainClassifier(maxent, WordBag(**found) if found else None, skipped)
        added = self.folder / "intent_bias.npy"
        return model.biased(np.load(added, allow_pickle=False)) if added.exists() else model

    def save_intent_bias(self, bias_C: NDArray[np.float32]) -> None:
        """What the biases of DC are moved by."""
        _save_with(self.folder / "intent_bias.npy", lambda file: np.save(file, bias_C, allow_pickle=False))

    def forget_intent_bias(self) -> None:
        """DC as it was trained."""
        (self.folder / "intent_bias.npy").unlink(missing_ok=True)

    def save_word_vectors(self, vectors: WordVectors) -> None:
        """Where the word table starts: no second training of the vectors would give the same."""
        _save_arrays(self.folder / "word_vectors.npz", vars(vectors))

    def word_vectors(self) -> WordVectors | None:
        """Where the word table starts, unless at random."""
        path = self.folder / "word_vectors.npz"
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as arrays:
            return WordVectors(arrays["rows_N"], arrays["vectors_NE"])

    def save_dev(self, examples: Sequence[Example]) -> None:
        """The dev examples, a line each."""
        lines = (json.dumps(asdict(example), ensure_ascii=False) for example in examples)
        _replace(self.folder / "dev.jsonl", "".join(f"{line}\n" for line in lines).encode())

    def dev(self) -> list[Example]:
        """The dev examples."""
        lines = (self.folder / "dev.jsonl").read_text(encoding="utf-8").split("\n")
        return [
            structure(Example, json.loads(line), where=f"{self.folder}/dev.jsonl") for line in lines if line
        ]

    def routing(self) -> Routing:
        """How the finished model routes."""
        return structure(Routing, self.load_json("routing"), where=f"{self.folder}/routing.json")

    def network_labels(self) -> list[Labels]:
        """The labels of each network, in their order."""
        labels = self.labels()
        if self.run().config.topology == "shared":
            return [labels]
        return [labels.restrict(domain) for domain in range(len(labels.domains))]

    def networks(self) -> list[JointNetwork]:
        """The best networks, ready to score."""
        tables, config = self.tables(), replace(self.run().config.joint, companion=None)
        found = []
        for index, labels in enumerate(self.network_labels()):
            network = new_network(labels, tables.vocabulary, config)
            weights = self.load_torch(f"network-{index}")
            if weights is None:
                raise ConfigError(f"{self.folder}: found no network-{index}.pt, expected a finished run")
            network.load_state_dict(weights)
            found.append(network.eval())
        return found

    def rejection(self) -> Rejection | None:
        """rejection.json, checked: when the finished model refuses an utterance; None where it never does."""
        if not (self.folder / "rejection.json").exists():
            return None
        return structure(Rejection, self.load_json("rejection"), where=f"{self.folder}/rejection.json")

    def save_seen_text(self, seen: SeenText) -> None:
        """What the training text of each domain had."""
        seen.save(self.folder / "seen_text.npz")

    def seen_text(self) -> SeenText | None:
        """What the training text of each domain had, where it was put down."""
        path = self.folder / "seen_text.npz"
        if not path.exists():
            return None
        rows, domains = self.tables().vocabulary.n_rows, self.labels().domains
        return SeenText.load(path, vocabulary_rows=rows, n_domains=len(domains))

    def pipeline(self, networks: Sequence[JointNetwork] | None = None) -> tuple[Vectorizer, Pipeline]:
        """The finished model as texts to frames, as its own probabilities have them; `networks` stand in for its own."""
        tables = self.tables()
        models = TorchNetworks(self.networks() if networks is None else networks, self.classifier())
        seen = Judgement(seen=self.seen_text())
        pipeline = Pipeline(self.labels(), self.run().config.topology, self.routing(), models, seen)
        return Vectorizer(tables.vocabulary, tables.features), pipeline


def cpu_seconds_of(runs: Sequence[Checkpoint]) -> dict[str, float] | None:
    """Absolute folder -> processor seconds of each of these runs and of all that they build on; None where one is gone."""
    found: dict[str, float] = {}
    for run in runs:
        elders = run.elder_seconds() if run.exists else None
        if elders is None:
            return None
        found |= {**elders, str(run.folder.resolve()): run.cpu_seconds()}
    return found


def _save_arrays(path: Path, arrays: dict[str, Any]) -> None:
    _save_with(path, lambda file: np.savez(file, **arrays))


def _save_with(path: Path, write: Callable[[BinaryIO], None]) -> None:
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        write(file)
    partial.replace(path)


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
