"""A checkpoint folder: the whole trained model, and all that an interrupted run needs to resume.

run.json          recipe config, corpus, locales, provenance          labels.json
vocabulary.json   features.npy   classifier.npz   word_vectors.npz    (text tables, DC, initial word vectors)
outside_vectors.npz  fixed vectors of words; only if the config has an `outside_size`
word_pieces.npz   what a pre-trained encoder reads of each word; only if the config has a `pretrained_size`
token_features.npy  a text table too; only if the config has `token_crf`
intent_bias.npy   biases fitted on dev and added to those of the DC; only if the config has `intent_bias`
network-N.pt      best averaged weights of network N                  training-N.pt   its training state
dev.jsonl         the dev examples that chose the epoch; gates use them too
log.jsonl         one line per epoch or stage
stream.json       the files of a corpus that is read as a stream    stream.index   where their utterances stand
held_out.npz      answers to held-out training utterances (`train.training.folds`); only if the config has folds
routing.json      how the finished model chooses domain and intent
measures.json     dev measures of the whole model; written last, so its presence means that the run is complete
ood.json          the out-of-domain score of the model; only if it refuses utterances; written after the run
training_text.npz what that score compares utterances with; only if it needs it
languages.npz     the screen of languages that are not served; only if it refuses them; written after the run

`train.artefacts` says how each is written and read; `train.finished` makes networks and parsers of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from polyparse.atomic import replacing
from polyparse.errors import ConfigError
from train.artefacts import artefact
from train.data.task import TextTables
from train.run_log import RunLog

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.contract.labels import Labels
    from polyparse.corpora.example import Example
    from polyparse.inference.language import LanguageScreen
    from polyparse.inference.ood import OodScore
    from polyparse.inference.routing import Routing
    from polyparse.inference.training_text import TrainingText
    from train.embeddings.vec_file import PretrainedVectors
    from train.models.domain_classifier import DomainClassifier
    from train.run_record import RunRecord

TABLE_FILES = (
    "word_vectors.npz",
    "outside_vectors.npz",
    "word_pieces.npz",
    "features.npy",
    "token_features.npy",
    "classifier.npz",
    "vocabulary.*",
    "training-*.pt",
    "stream.*",
)
BEFORE_LEARNING = ("labels.json", "dev.jsonl", "log.jsonl", *TABLE_FILES, "run.json")
"""What a run may have written before the end of its first epoch."""
HALVES = (("", ""), (".", ".*"))
"""What stands around the name of a file, and of one that is being written."""


class Checkpoint:
    """Reads and writes one checkpoint folder."""

    HELD_OUT = "held_out.npz"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run_log = RunLog(folder / "log.jsonl")

    @property
    def exists(self) -> bool:
        """Whether a run was started here."""
        return self.has("run")

    @property
    def has_labels(self) -> bool:
        """Whether the run has written its labels."""
        return self.has("labels")

    @property
    def has_tables(self) -> bool:
        """Whether text tables, DC and initial word vectors are written."""
        return self.has("vocabulary")

    @property
    def complete(self) -> bool:
        """Whether the run that was started here is finished."""
        return self.has("measures")

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

    def has(self, name: str) -> bool:
        """Whether the artefact is there."""
        return (self.folder / artefact(name)[1]).exists()

    def save(self, name: str, value: object) -> None:
        """Write an artefact, whole or not at all."""
        kind, file = artefact(name)
        with replacing(self.folder / file) as stream:
            kind.write(value, stream)

    def find(self, name: str, **checked_by: int) -> Any:
        """Read an artefact; None where it is not there."""
        kind, file = artefact(name)
        path = self.folder / file
        return kind.read(path, **checked_by) if path.exists() else None

    def read(self, name: str) -> Any:
        """Read an artefact.

        Raises:
            ConfigError: it is not there, or is none.
        """
        if (value := self.find(name)) is None:
            file = artefact(name)[1]
            raise ConfigError(f"{self.folder}: found no {file}, expected a checkpoint folder")
        return value

    def delete(self, name: str) -> None:
        """Be without an artefact."""
        (self.folder / artefact(name)[1]).unlink(missing_ok=True)

    def log(self, entry: dict[str, Any]) -> None:
        """Append a line to log.jsonl."""
        self.run_log.append(entry)

    def run(self) -> RunRecord:
        """What the run depends on."""
        run: RunRecord = self.read("run")
        return run

    def labels(self) -> Labels:
        """All labels."""
        labels: Labels = self.read("labels")
        return labels

    def network_labels(self) -> list[Labels]:
        """The labels of each network, in their order."""
        labels = self.labels()
        if self.run().config.topology == "shared":
            return [labels]
        return [labels.restrict(domain) for domain in range(len(labels.domains))]

    def dev(self) -> list[Example]:
        """The dev examples."""
        examples: list[Example] = self.read("dev")
        return examples

    def routing(self) -> Routing:
        """How the finished model chooses domain and intent."""
        routing: Routing = self.read("routing")
        return routing

    def save_tables(self, tables: TextTables) -> None:
        """Write vocabulary and feature tables; the vocabulary last: its presence means that DC is trained."""
        for name, table in (("features", tables.features), ("token_features", tables.token_features)):
            if table is not None:
                self.save(name, table)
        self.save("vocabulary", tables.vocabulary)

    def tables(self) -> TextTables:
        """Read vocabulary and feature tables."""
        return TextTables(
            self.read("vocabulary"),
            self.find("features"),
            self.find("token_features"),
            self.find("word_pieces"),
        )

    def classifier(self) -> DomainClassifier | None:
        """The DC with intent_bias.npy added to its biases; None where the run has no DC."""
        model: DomainClassifier | None = self.find("classifier")
        bias_C = self.find("intent_bias")
        if model is None or bias_C is None:
            return model
        if bias_C.shape != (model.n_classes,) or bias_C.dtype.kind != "f":
            raise ConfigError(
                f"{self.folder}/intent_bias.npy: found {bias_C.dtype}{bias_C.shape}, expected {model.n_classes} numbers"
            )
        return model.biased(bias_C)

    def word_vectors(self) -> PretrainedVectors | None:
        """The initial word vectors, for training them twice gives different ones; None where they start at random."""
        vectors: PretrainedVectors | None = self.find("word_vectors")
        return vectors

    def outside_vectors(self) -> PretrainedVectors | None:
        """The fixed vectors of words; None for a run without any."""
        vectors: PretrainedVectors | None = self.find("outside_vectors")
        return vectors

    def ood(self) -> OodScore | None:
        """When the finished model refuses an utterance; None where it never does."""
        score: OodScore | None = self.find("ood")
        return score

    def training_text(self) -> TrainingText | None:
        """What the out-of-domain score compares utterances with; None where it was not written."""
        if not self.has("training_text"):
            return None
        size, domains = self.tables().vocabulary.size, self.labels().domains
        text: TrainingText | None = self.find("training_text", vocabulary_size=size, n_domains=len(domains))
        return text

    def language_screen(self) -> LanguageScreen | None:
        """When the finished model refuses an utterance for its language; None where it never does."""
        screen: LanguageScreen | None = self.find("languages")
        return screen


class FollowedCheckpoint(Checkpoint):
    """The checkpoint of a run in a process that is not its first one: read, and written by the first one alone."""

    def save(self, name: str, value: object) -> None:
        """Leave it to the first process."""

    def delete(self, name: str) -> None:
        """Leave it to the first process."""

    def log(self, entry: dict[str, Any]) -> None:
        """Leave it to the first process."""
