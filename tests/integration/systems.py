"""The kinds of system that are trained, exported and served for real: tiny, each in a second or two."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from polyparse.cli.main import main
from tests.once import once
from tests.train import corpus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest

    from polyparse.corpora.example import Example

SIZES = {
    "classifier.min_feature_count": 1,
    "classifier.l2": 1e-4,
    "joint.embedder.word_size": 16,
    "joint.embedder.character_size": 4,
    "joint.embedder.character_filters": 4,
    "joint.embedder.word_dropout": 0,
    "joint.embedder.min_word_count": 1,
    "joint.embedder.min_character_count": 1,
    "joint.encoder.hidden_size": 16,
    "joint.encoder.layers": 1,
    "joint.encoder.dropout": 0,
    "joint.mlp_size": 16,
    "joint.embedding_dropout": 0,
    "joint.mlp_dropout": 0,
    "optim.learning_rate": 0.03,
    "optim.batch_size": 8,
    "optim.epochs": 20,
    "optim.patience": 20,
    "optim.average_decay": 0.5,
}
"""What `--set` changes of any recipe."""


class System(NamedTuple):
    """A recipe on a corpus; `asked_in` are the locales of its utterances, None where the corpus does not say."""

    recipe: str
    write: Callable[[Path], str]
    settings: Mapping[str, object]
    options: tuple[str, ...]
    asked_in: tuple[str | None, ...]
    decode_head: str
    has_domains: bool
    has_intents: bool

    def examples(self, partition: str) -> list[Example]:
        """The utterances of its corpus."""
        requested = self.asked_in if self.asked_in != (None,) else ("en-US",)
        return [example for example in corpus.examples(partition) if example.locale in requested]

    def locale(self, example: Example) -> str | None:
        """What its callers name as the locale of an utterance."""
        return None if self.asked_in == (None,) else example.locale


LINEAR = {"joint.encoder.kind": "linear"}
PRUNED = {"token_crf.min_feature_count": 1, "token_crf.kept_features": 300, "token_crf.max_iterations": 20}
SYSTEMS = {
    "four languages": System(
        "stm", corpus.write_massive, {}, (), corpus.LOCALES, "viterbi", has_domains=True, has_intents=True
    ),
    "a network a domain, routed hard": System(
        "per-domain",
        corpus.write_massive,
        {"joint.embedder.character_filters": 0},
        (),
        corpus.LOCALES,
        "viterbi",
        has_domains=True,
        has_intents=True,
    ),
    "AIN": System(
        "stm-ain", corpus.write_massive, LINEAR, (), corpus.LOCALES, "ain", has_domains=True, has_intents=True
    ),
    "no domains": System(
        "stm",
        corpus.write_slots,
        LINEAR,
        ("--locales", "en-US"),
        ("en-US",),
        "viterbi",
        has_domains=False,
        has_intents=True,
    ),
    "no intents": System(
        "stm", corpus.write_conll, {}, (), (None,), "viterbi", has_domains=False, has_intents=False
    ),
    "MaxEnt and CRF": System(
        "maxent-crf",
        corpus.write_massive,
        PRUNED,
        (),
        corpus.LOCALES,
        "viterbi",
        has_domains=True,
        has_intents=True,
    ),
    "a CRF alone": System(
        "maxent-crf", corpus.write_conll, PRUNED, (), (None,), "viterbi", has_domains=False, has_intents=False
    ),
}


def polyparse(*argv: object) -> str:
    """What a subcommand prints, in this process; it has to succeed."""
    with redirect_stdout(io.StringIO()) as printed:
        status = main([str(argument) for argument in argv])
    assert status == 0, printed.getvalue()
    return printed.getvalue()


class Exported(NamedTuple):
    """A system's corpus as `--corpus` takes it, the checkpoint of a run on it, and models of which tiny/1 is its bundle."""

    corpus: str
    run: Path
    models: Path


def exported(factory: pytest.TempPathFactory, name: str) -> Exported:
    """A system of SYSTEMS, trained and exported once for all who only read it; `models` are to be copied and served."""
    folder = once(factory, name.replace(" ", "-"), partial(_export, SYSTEMS[name]))
    corpus = folder.joinpath("corpus.txt").read_text(encoding="utf-8")
    return Exported(corpus, folder / "run", folder / "models")


def _export(system: System, folder: Path) -> None:
    spec = system.write(folder / "corpus")
    folder.joinpath("corpus.txt").write_text(spec, encoding="utf-8")
    changes = [f"--set={key}={value}" for key, value in {**SIZES, **system.settings}.items()]
    run = folder / "run"
    polyparse(
        *("train", system.recipe, "--corpus", spec, "--out", run, *system.options, *changes),
        *("--threads", 1, "--quiet"),
    )
    polyparse("export", "--checkpoint", run, "--out", folder / "models" / "tiny" / "1")
