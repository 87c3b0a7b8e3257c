"""A checkpoint folder: the whole trained model, and all that an interrupted run needs to resume.

run.json          recipe config, corpus, locales, provenance          labels.json
vocabulary.json   features.npy   classifier.npz   word_vectors.npz    (text tables, DC, initial word vectors)
intent_bias.npy   biases fitted on dev and added to those of the DC; only if the config has `intent_bias`
network-N.pt      best averaged weights of network N                  training-N.pt   its training state
dev.jsonl         the dev examples that chose the epoch; gates use them too
log.jsonl         one line per epoch or stage
measures.json     dev measures of the whole model; written last, so its presence means that the run is complete
ood.json          the out-of-domain score of the model; only if it refuses utterances; written after the run
training_text.npz what that score compares utterances with; only if it needs it

Longer than most files: each file above has its reader and its writer here, side by side, so that they agree on its format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
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
from polyparse.schema import structure, unstructure
from polyparse.text.features import FeatureTable
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary
from train.config import RunConfig
from train.data.task import TextTables
from train.embeddings.vec_file import PretrainedVectors
from train.models.domain_classifier import DomainClassifier
from train.models.joint import JointNetwork, new_network
from train.models.maxent import MaxEnt
from train.models.torch_networks import TorchNetworks
from train.models.word_bag import WordBag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import IO

    from numpy.typing import NDArray

TABLE_FILES = ("word_vectors.npz", "features.npy", "classifier.npz", "vocabulary.*", "training-*.pt")
BEFORE_LEARNING = ("labels.json", "dev.jsonl", "log.jsonl", *TABLE_FILES, "run.json")
"""What a run may have written before the end of its first epoch."""


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

    def __init__(self, folder: Path) -> None:
        self.folder = folder

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
        path = self.folder / "log.jsonl"
        log = path.read_text(encoding="utf-8") if path.exists() else ""
        return '"epoch":' in log or '"masked_words":' in log

    def discard(self) -> None:
        """Delete the files of a run that learnt nothing, so that the folder is free again."""
        for file in [file for pattern in BEFORE_LEARNING for file in self.folder.glob(pattern)]:
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
        except ValueError as error:
            raise ConfigError(f"{path}: found no JSON ({error}), expected what a run wrote") from None

    def save_torch(self, name: str, state: dict[str, Any]) -> None:
        """Write NAME.pt whole or not at all."""
        _save_with(self.folder / f"{name}.pt", lambda file: torch.save(state, file))

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

    def log_entries(self) -> list[dict[str, Any]]:
        """The lines of log.jsonl; none where nothing was logged."""
        path = self.folder / "log.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        try:
            return [json.loads(line) for line in lines]
        except ValueError as error:
            raise ConfigError(f"{path}: found a line that is no JSON, expected only JSON: {error}") from None

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
        """Write the weights of the MaxEnt and, if there is one, of the bag of words."""
        bag = {} if model.bag is None else {**vars(model.bag), "skipped": model.n_bag_only}
        _save_arrays(self.folder / "classifier.npz", {**vars(model.maxent), **bag})

    def classifier(self) -> DomainClassifier | None:
        """The DC with intent_bias.npy added to its biases; None where the run has no DC."""
        path = self.folder / "classifier.npz"
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as archive:
            arrays = dict(archive)
        n_bag_only = int(arrays.pop("skipped", 0))
        maxent = MaxEnt(**{field.name: arrays.pop(field.name) for field in fields(MaxEnt)})
        model = DomainClassifier(maxent, WordBag(**arrays) if arrays else None, n_bag_only)
        bias = self.folder / "intent_bias.npy"
        return model.biased(np.load(bias, allow_pickle=False)) if bias.exists() else model

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
        with np.load(path, allow_pickle=False) as arrays:
            return PretrainedVectors(arrays["rows_N"], arrays["vectors_NE"])

    def save_dev(self, examples: Sequence[Example]) -> None:
        """Write the dev examples, one a line, without the places where this machine has them."""
        records = ({k: v for k, v in asdict(example).items() if k != "origin"} for example in examples)
        lines = (json.dumps(record, ensure_ascii=False) for record in records)
        replace_file(self.folder / "dev.jsonl", "".join(f"{line}\n" for line in lines).encode())

    def dev(self) -> list[Example]:
        """The dev examples."""
        lines = (self.folder / "dev.jsonl").read_text(encoding="utf-8").split("\n")
        return [
            structure(Example, json.loads(line), where=f"{self.folder}/dev.jsonl") for line in lines if line
        ]

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
        models = TorchNetworks(self.networks() if networks is None else networks, self.classifier())
        postprocessing = Postprocessing(training_text=self.training_text())
        pipeline = Pipeline(self.labels(), self.run().config.topology, self.routing(), models, postprocessing)
        return Parser(Vectorizer(tables.vocabulary, tables.features), pipeline)


def _save_arrays(path: Path, arrays: dict[str, Any]) -> None:
    _save_with(path, lambda file: np.savez(file, **arrays))


def _save_with(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    with replacing(path) as file:
        write(file)
