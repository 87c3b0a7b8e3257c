"""What a finished run does on a test, utterance by utterance, and what that costs.

Axes: U utterances, C columns of `experiments.ratios`.
"""

from __future__ import annotations

from dataclasses import astuple
from time import process_time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from experiments.outcomes import OWN, UtteranceOutcomes
from polyparse.corpora.read import TAGGED, read
from polyparse.errors import ConfigError
from polyparse.evaluation.evaluate import answer
from polyparse.evaluation.measures import score
from polyparse.evaluation.tag_spans import SpanCounts, score_tags, tags_of
from train import cpu_seconds
from train.checkpoint import Checkpoint
from train.evaluated_checkpoint import open_checkpoint
from train.finished import networks_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from polyparse.contract.frame import Frame
    from polyparse.corpora.example import Example
    from polyparse.inference.parser import Parser

UNSEEN = "unseen"
"""The view of utterances that do not stand in train of their locale word for word."""
UNKNOWN_TO = "unknown to "
"""Begins the names of the views of utterances that have a label which a run never saw."""


class MeasuredCorpus(NamedTuple):
    """What is measured on: a partition of a corpus, in some locales and domains of it (all where none is named)."""

    spec: str
    partition: str
    locales: Sequence[str] = ()
    domains: Sequence[str] = ()


class Measurement(NamedTuple):
    """Outcomes of a run; processor seconds of parsing the test, and of training; its epochs and its numbers."""

    outcomes: UtteranceOutcomes
    parse_cpu_s: float
    train_cpu_s: float
    epochs: int
    parameters: int
    gates: Mapping[str, Mapping[str, Sequence[float]]] | None
    gates_of: Sequence[str] | None


def measure_run(
    folder: Path, corpus: MeasuredCorpus, *, decoders: bool, unknown_to: Mapping[str, Path]
) -> Measurement:
    """Measure a finished run; `unknown_to` are runs, by name, that each make a view.

    Raises:
        ConfigError: a folder holds no finished run, or the corpus leaves nothing to measure.
        CorpusError: the corpus does not follow its format.
    """
    checkpoint, system, examples = Checkpoint(folder), open_checkpoint(folder, "cpu"), _examples(corpus)
    is_tagged = corpus.spec.partition(":")[0] in TAGGED
    began = process_time()
    frames, _ = answer(system.parser, examples)
    seconds = process_time() - began
    counts = {OWN: _counts(examples, frames, is_tagged=is_tagged)}
    for name, make in (system.decoders if decoders else {}).items():
        counts[name] = _counts(examples, _frames(make(), examples), is_tagged=is_tagged)
    flags = {UNSEEN: _unseen(corpus, examples)}
    flags |= {f"{UNKNOWN_TO}{name}": _unknown(Checkpoint(of), examples) for name, of in unknown_to.items()}
    log = checkpoint.run_log.entries()
    gates: Mapping[str, object] = next((entry for entry in reversed(log) if "gates" in entry), {})
    return Measurement(
        UtteranceOutcomes([one.locale for one in examples], [one.id for one in examples], counts, flags),
        seconds,
        cpu_seconds.of_run(checkpoint),
        sum("epoch" in entry for entry in log),
        sum(weight.numel() for network in networks_of(checkpoint) for weight in network.parameters()),
        gates.get("gates"),  # type: ignore[arg-type]  # what log_gates wrote
        gates.get("of"),  # type: ignore[arg-type]  # likewise
    )


def _examples(corpus: MeasuredCorpus) -> list[Example]:
    examples = [
        example
        for example in read(corpus.spec, locales=corpus.locales or None, partition=corpus.partition)
        if not corpus.domains or example.domain in corpus.domains
    ]
    if missing := set(corpus.domains) - {example.domain for example in examples}:
        listed = ", ".join(sorted(missing))
        raise ConfigError(
            f"{corpus.spec}: found no utterance of {listed} in {corpus.partition}, expected some"
        )
    return examples


def _frames(parser: Parser, examples: Sequence[Example]) -> list[Frame]:
    return answer(parser, examples)[0]


def _counts(examples: Sequence[Example], frames: Sequence[Frame], *, is_tagged: bool) -> NDArray[np.uint16]:
    """counts_UC."""
    rows = []
    for example, frame in zip(examples, frames, strict=True):
        spans = SpanCounts()
        if is_tagged:
            spans = score_tags(tags_of(example.text, example.slots), tags_of(frame.text, frame.slots))
        rows.append((*astuple(score(example, frame)), *astuple(spans)))
    return np.array(rows, dtype=np.uint16)


def _unseen(corpus: MeasuredCorpus, examples: Sequence[Example]) -> NDArray[np.bool_]:
    train = read(corpus.spec, locales=corpus.locales or None, partition="train")
    seen = {(one.locale, *one.text.split()) for one in train}
    return np.array([(one.locale, *one.text.split()) not in seen for one in examples], dtype=np.bool_)


def _unknown(checkpoint: Checkpoint, examples: Sequence[Example]) -> NDArray[np.bool_]:
    labels = checkpoint.labels()
    intents, slots = set(labels.intents), set(labels.slots)
    return np.array(
        [
            (one.intent is not None and one.intent not in intents)
            or any(span.name not in slots for span in one.slots)
            for one in examples
        ],
        dtype=np.bool_,
    )
