"""The utterances that every system is trained on and asked, as files for the peer processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.corpus import SEED, is_present
from benchmarks.errors import MeasurementFailed
from benchmarks.peers.inside.exchange import Answer, Example, Span, write_examples
from polyparse.corpora import read as corpora
from polyparse.errors import ConfigError

WARM_UP = 100
TIMED = 400


@dataclass(frozen=True)
class Data:
    """Where the files are, dev as the corpus has it, and how many utterances of `timed` warm up."""

    train: Path
    dev: Path
    timed: Path
    examples: Sequence[corpora.Example]
    warm_up: int


def write(spec: str, folder: Path, *, locales: Sequence[str], limit: int) -> Data:
    """Write train, dev, and a sample of dev for timing; `limit` takes the first so many of each locale.

    Raises:
        MeasurementFailed: an utterance of train or dev has no intent, which not every peer can leave out.
        ConfigError, CorpusError: the corpus is not there, or not what it must be.
    """
    if not is_present(spec):
        raise ConfigError(
            f"--corpus: found nothing at {spec.partition(':')[2]}, expected a folder of <locale>.jsonl"
        )
    folder.mkdir(parents=True, exist_ok=True)
    train, dev = (_read(spec, partition, locales, limit) for partition in ("train", "dev"))
    sample = list(dev)
    Random(SEED).shuffle(sample)  # noqa: S311 - not cryptography
    warm_up = min(WARM_UP, len(dev) // 2)
    sample = sample[: warm_up + TIMED]
    files = [folder / f"{name}.jsonl" for name in ("train", "dev", "timed")]
    for file, examples in zip(files, (train, dev, sample), strict=True):
        write_examples(map(example, examples), file)
    return Data(files[0], files[1], files[2], dev, warm_up)


def example(one: corpora.Example) -> Example:
    """An example as the peer processes take it."""
    if one.intent is None:
        raise MeasurementFailed(
            f"found no intent of {one.text!r} ({one.id}), expected one of every utterance"
        )
    spans = tuple(Span(slot.name, slot.start, slot.end) for slot in one.slots)
    return Example(one.text, one.locale, Answer(one.intent, spans))


def _read(spec: str, partition: str, locales: Sequence[str], limit: int) -> list[corpora.Example]:
    return [
        one for locale in locales for one in corpora.read(spec, locales=[locale], partition=partition)[:limit]
    ]
