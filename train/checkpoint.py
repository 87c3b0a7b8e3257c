"""A checkpoint folder: the whole trained model, and all that an interrupted run needs to resume.

run.json          recipe config, corpus, locales, provenance          labels.json
vocabulary.json   features.npy   classifier.npz   word_vectors.npz    (text tables, DC, initial word vectors)
intent_bias.npy   biases fitted on dev and added to those of the DC; only if the config has `intent_bias`
network-N.pt      best averaged weights of network N                  training-N.pt   its training state
dev.jsonl         the dev examples that chose the epoch; gates use them too
log.jsonl         one line per epoch or stage
held_out.npz      answers to held-out training utterances (`train.training.folds`); only if the config has folds
measures.json     dev measures of the whole model; written last, so its presence means that the run is complete
ood.json          the out-of-domain score of the model; only if it refuses utterances; written after the run
training_text.npz what that score compares utterances with; only if it needs it

Longer than most files: each file above has its reader and its writer here, side by side, so that they agree on its format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from polyparse.atomic import replace_file, replacing
from polyparse.contract.labels import Labels
from polyparse.corpora.example import Example
from polyparse.errors import ConfigError
from polyparse.inference.ood import OodScore
from polyparse.inference.parser import Parser
from polyparse.inference.pipeline import Pipeline, Postprocessing
from polyparse.inference.routing import Routing
from polyparse.inference.training_text import TrainingText
from polyparse.schema import read_json, structure, unstructure
from polyparse.text.features import FeatureTable
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary
from train import classifier_file
from train.array_files import check_axes, check_weights, read_arrays, read_state
from train.config import RunConfig
from train.data.task import TextTables
from train.embeddings.vec_file import PretrainedVectors
from train.models.joint import JointNetwork, new_network
from train.models.torch_networks import TorchNetworks
from train.run_log import RunLog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import IO

    from numpy.typing import NDArray

    from train.models.domain_classifier import DomainClassifier

TABLE_FILES = ("word_vectors.npz", "features.npy", "classifier.npz", "vocabulary.*", "training-*.pt")
BEFORE_LEARNING = ("labels.json", "dev.jsonl", "log.jsonl", *TABLE_FILES, "run.json")
"""What a run may have written before the end of its first epoch."""
HALVES = (("", ""), (".", ".*"))
"""What stands around the name of a file, and of one that is being written."""


@dataclass(frozen=True)
class RunRecord:
    """What a run depends on: its config, its corpus as the user named it, its environment and its parent runs.

    `start` is the folder of the run whose weights it starts from, `teachers` are the folders of the runs that teach it.
    `threads` is the number of PyTorch's threads. `parent_seconds` are those of `train.cpu_seconds` when the run began.
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
    parent_seconds: Mapping[str, float] | None = None


class Checkpoint:
    """Reads and writes one checkpoint folder."""

    HELD_OUT = "held_out.npz"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run_log = RunLog(folder / "log.jsonl")

    @property
    def exists(self) -> bool:
        """Whether a run was started here."""
        return (self.folder / "run.json").exists()

    @property
    def has_labels(self) -> bool:
        """Whether the run has written its labels."""
        return (self.folder / "labels.json").exists()

    @property
    def has_tables(self) -> bool:
        """Whether text tables, DC and initial word vectors are written."""
        return (self.folder / "vocabulary.json").exists()

    @property
    def complete(self) -> bool:
        """Whether the run that was started here is finished."""
        return (self.folder / "measures.json").exists()

    @property
    def has_learnt(self) -> bool:
        """Whether an epoch of a network has ended."""
        return self.complete or self.run_log.has_epochs or any(self.folder.glob("network-*.pt"))

    def files_before_learning(self) -> list[Path]:
        """What is there of a run up to the end of its first epoch, half-written files of one that was killed included."""
        patterns = (f"{prefix}{name}{suffix}" for name in BEFORE_LEARNING for prefix, suffix in HALVES)
        return [file for pattern in patterns for file in self.folder.glob(pattern)]

    def discard(self) -> None:
        """Delete the files of a run that learnt nothing, so that the folder is free again."""
        for file in self.files_before_learning():
            file.unlink()

    def save_json(self, name: str, value: object) -> None:
        """Write NAME.json whole or not at all."""
        text = json.dumps(unstructure(value), ensure_ascii=False, indent=1)
        replace_file(self.folder / f"{name}.json", text.encode())

    def load_json(self, name: str) -> Any:
        """Read NAME.json."""
        path = self.folder / f"{name}.json"
        try:
            return json.loads(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            raise ConfigError(f"{self.folder}: found no {path.name}, expected a checkpoint folder") from None
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{path}: found no JSON ({error}), expected what a run wrote") from None

    def save_torch(self, name: str, state: dict[str, Any]) -> None:
        """Write NAME.pt whole or not at all."""
        _save_with(self.folder / f"{name}.pt", lambda file: torch.save(state, file))

    def load_torch(self, name: str) -> dict[str, Any] | None:
        """Read NAME.pt; None where there is none."""
        path = self.folder / f"{name}.pt"
        if not path.exists():
            return None
        return read_state(path)

    def log(self, entry: dict[str, Any]) -> None:
        """Append a line to log.jsonl."""
        self.run_log.append(entry)

    def run(self) -> RunRecord:
        """run.json, checked."""
        return structure(RunRecord, self.load_json("run"), where=f"{self.folder}/run.json")

    def labels(self) -> Labels:
        """labels.json, checked."""
        return structure(Labels, self.load_json("labels"), where=f"{self.folder}/labels.json")

    def save_tables(self, tables: TextTables) -> None:
        """Write vocabulary and feature table; the vocabulary last and atomically: its presence means that DC is trained."""
        if tables.features is not None:
            tables.features.save(self.folder / "features.npy")
        partial = self.folder / "vocabulary.partial"
        tables.vocabulary.save(partial)
        partial.replace(self.folder / "vocabulary.json")

    def tables(self) -> TextTables:
        """Read vocabulary and feature table."""
        features = self.folder / "features.npy"
        return TextTables(
            Vocabulary.load(self.folder / "vocabulary.json"),
            FeatureTable.load(features) if features.exists() else None,
        )

    def save_classifier(self, model: DomainClassifier) -> None:
        """Write classifier.npz."""
        _save_arrays(self.folder / "classifier.npz", classifier_file.arrays_of(model))

    def classifier(self) -> DomainClassifier | None:
        """The DC with intent_bias.npy added to its biases; None where the run has no DC."""
        path = self.folder / "classifier.npz"
        if not path.exists():
            return None
        return classifier_file.load_biased(path, self.folder / "intent_bias.npy")

    def save_intent_bias(self, bias_C: NDArray[np.float32]) -> None:
        """Write what `classifier` adds to the biases of the DC."""
        _save_with(self.folder / "intent_bias.npy", lambda file: np.save(file, bias_C, allow_pickle=False))

    def delete_intent_bias(self) -> None:
        """Make `classifier` return the DC as it was trained."""
        (self.folder / "intent_bias.npy").unlink(missing_ok=True)

    def save_word_vectors(self, vectors: PretrainedVectors) -> None:
        """Write the initial word vectors: training them a second time would not give the same ones."""
        _save_arrays(self.folder / "word_vectors.npz", vars(vectors))

    def word_vectors(self) -> PretrainedVectors | None:
        """The initial word vectors; None where the word table starts at random."""
        path = self.folder / "word_vectors.npz"
        if not path.exists():
            return None
        arrays = read_arrays(path)
        check_axes(arrays, ("rows_N", "vectors_NE"), path=path)
        return PretrainedVectors(**arrays)

    def save_dev(self, examples: Sequence[Example]) -> None:
        """Write the dev examples, one a line, without the places where this machine has them."""
        records = ({k: v for k, v in asdict(example).items() if k != "origin"} for example in examples)
        lines = (json.dumps(record, ensure_ascii=False) for record in records)
        replace_file(self.folder / "dev.jsonl", "".join(f"{line}\n" for line in lines).encode())

    def dev(self) -> list[Example]:
        """The dev examples."""
        path = self.folder / "dev.jsonl"
        lines = enumerate(path.read_bytes().split(b"\n"), start=1)
        return [read_json(Example, line, where=f"{path}:{number}") for number, line in lines if line]

    def routing(self) -> Routing:
        """routing.json, checked: how the finished model chooses domain and intent."""
        return structure(Routing, self.load_json("routing"), where=f"{self.folder}/routing.json")

    def network_labels(self) -> list[Labels]:
        """The labels of each network, in their order."""
        labels = self.labels()
        if self.run().config.topology == "shared":
            return [labels]
        return [labels.restrict(domain) for domain in range(len(labels.domains))]

    def networks(self) -> list[JointNetwork]:
        """The best networks, in evaluation mode, without auxiliary encoders."""
        tables, config = self.tables(), replace(self.run().config.joint, auxiliary=None)
        networks = []
        for index, labels in enumerate(self.network_labels()):
            network = new_network(labels, tables.vocabulary, config)
            weights = self.load_torch(f"network-{index}")
            if weights is None:
                raise ConfigError(f"{self.folder}: found no network-{index}.pt, expected a finished run")
            check_weights(weights, network.state_dict(), path=self.folder / f"network-{index}.pt")
            network.load_state_dict(weights)
            networks.append(network.eval())
        return networks

    def ood(self) -> OodScore | None:
        """ood.json, checked: when the finished model refuses an utterance; None where it never does."""
        if not (self.folder / "ood.json").exists():
            return None
        return structure(OodScore, self.load_json("ood"), where=f"{self.folder}/ood.json")

    def save_training_text(self, training_text: TrainingText) -> None:
        """Write what the out-of-domain score compares utterances with."""
        training_text.save(self.folder / "training_text.npz")

    def training_text(self) -> TrainingText | None:
        """What the out-of-domain score compares utterances with; None where it was not written."""
        path = self.folder / "training_text.npz"
        if not path.exists():
            return None
        size, domains = self.tables().vocabulary.size, self.labels().domains
        return TrainingText.load(path, vocabulary_size=size, n_domains=len(domains))

    def parser(self, networks: Sequence[JointNetwork] | None = None) -> Parser:
        """The finished model as a parser, uncalibrated and without refusal; `networks` replace the checkpoint's own."""
        tables = self.tables()
        models = TorchNetworks(self.networks() if networks is None else networks, self._fitting_classifier())
        postprocessing = Postprocessing(training_text=self.training_text())
        pipeline = Pipeline(self.labels(), self.run().config.topology, self.routing(), models, postprocessing)
        return Parser(Vectorizer(tables.vocabulary, tables.features), pipeline)

    def _fitting_classifier(self) -> DomainClassifier | None:
        """The DC; ConfigError if it is not of this run's labels and features."""
        if (model := self.classifier()) is None:
            return None
        config, labels, features = self.run().config.classifier, self.labels(), self.tables().features
        classes = labels.domains if config and config.classes == "domains" else labels.intents
        found = f"{model.n_classes} classes and {model.n_features} features"
        expected = f"{len(classes)} classes and {0 if features is None else len(features.hashes)} features"
        if found != expected:
            raise ConfigError(f"{self.folder}/classifier.npz: found {found}, expected {expected}")
        return model


def _save_arrays(path: Path, arrays: dict[str, Any]) -> None:
    _save_with(path, lambda file: np.savez(file, **arrays))


def _save_with(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    with replacing(path) as file:
        write(file)
