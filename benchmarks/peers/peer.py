"""The peers: what each is, where its process runs, and everything that decides what it learns."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REQUIREMENTS = Path(__file__).with_name("requirements")
ONE_THREAD: Mapping[str, str] = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_INTRA_OP_PARALLELISM_THREADS": "1",  # Rasa's own
    "TF_INTER_OP_PARALLELISM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
    "RASA_TELEMETRY_ENABLED": "false",
    "RASA_MAX_CACHE_SIZE": "0",  # training is measured, not remembered
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
}
"""The environment of every process and server: one thread, the CPU, and no calls home."""


@dataclass(frozen=True, kw_only=True)
class HttpServer:
    """A peer's own server: `python -m COMMAND --port PORT` with the model, and what it is asked."""

    command: tuple[str, ...]
    model: str  # file in the model's folder, the last word of the command
    path: str
    ready: str


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A system to compare with; `settings` go to its process as they are, and a change of them trains anew."""

    name: str
    title: str
    python: tuple[int, int] | None = None  # None: the one that runs this
    module: str
    settings: Mapping[str, Any]
    server: HttpServer | None = None

    @property
    def requirements(self) -> Path:
        """Exact versions of everything in its environment."""
        return REQUIREMENTS / f"{self.name}.txt"


_DIET_EPOCHS = 10

PEERS: Mapping[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer(
            name="sklearn",
            title="scikit-learn 1.9 + CRFsuite, one pair a language",
            module="benchmarks.peers.inside.maxent_crf",
            settings={
                "one_for": "locale",
                "C": 20.0,
                "max_iter": 200,
                "c1": 0.05,
                "c2": 0.01,
                "max_iterations": 100,
            },
        ),
        Peer(
            name="spacy",
            title="spaCy 3.8 textcat + ner, one pipeline a language, at most 30 epochs",
            module="benchmarks.peers.inside.textcat_ner",
            settings={"one_for": "locale", "max_epochs": 30},
        ),
        Peer(
            name="rasa",
            title=f"Rasa 3.6 DIET, one model, {_DIET_EPOCHS} epochs",
            python=(3, 10),
            module="benchmarks.peers.inside.diet",
            settings={
                "recipe": "default.v1",
                "language": "en",
                "assistant_id": "massive",
                "pipeline": [
                    {"name": "WhitespaceTokenizer"},
                    {"name": "RegexFeaturizer"},
                    {"name": "LexicalSyntacticFeaturizer"},
                    {"name": "CountVectorsFeaturizer"},
                    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
                    {
                        "name": "DIETClassifier",
                        "epochs": _DIET_EPOCHS,
                        "constrain_similarities": True,
                        "random_seed": 1,
                    },
                ],
            },
            server=HttpServer(
                command=("rasa", "run", "--enable-api", "--interface", "127.0.0.1", "--model"),
                model="nlu.tar.gz",
                path="/model/parse",
                ready="/status",
            ),
        ),
    )
}
