"""The utterances that benchmarks run on: MASSIVE's, in the four languages of the shipped bundles.

Where the corpus is, says --corpus, or the variable CORPUS of the environment, as for make.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from random import Random

from polyparse.contract.frame import Utterance
from polyparse.corpora import read as corpora
from polyparse.corpora.example import Example
from polyparse.errors import ConfigError

LOCALES = ("en-US", "es-ES", "it-IT", "hi-IN")
VARIABLE = "CORPUS"
SEED = 7


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add --corpus to a command line."""
    parser.add_argument(
        "--corpus",
        default=os.environ.get(VARIABLE, ""),
        metavar="FORMAT:PATH",
        help=f"the corpus, as massive:PATH (default: the variable {VARIABLE})",
    )


def is_present(spec: str) -> bool:
    """Whether there is anything at the path of "FORMAT:PATH"."""
    path = spec.partition(":")[2]
    return bool(path) and Path(path).expanduser().exists()


def examples(spec: str, *, partition: str, locales: Sequence[str] = LOCALES) -> list[Example]:
    """The annotated utterances of the locales, one locale after the other, each in the order of the corpus.

    Raises:
        ConfigError: nothing is at the path, or the format is not known.
        CorpusError: the corpus does not follow its format.
    """
    if not is_present(spec):
        raise ConfigError(
            f"--corpus: found nothing at {spec!r}, expected MASSIVE 1.1's folder of <locale>.jsonl; name it by "
            f"--corpus massive:PATH or {VARIABLE}=massive:PATH"
        )
    return corpora.read(spec, locales=locales, partition=partition)


def read(spec: str, *, locale: str, partition: str) -> list[Utterance]:
    """The utterances of one locale as callers send them; raises what `examples` raises."""
    return [example.utterance for example in examples(spec, partition=partition, locales=[locale])]


def sample(
    spec: str, size: int, *, partition: str = "dev", locales: Sequence[str] = LOCALES
) -> list[Utterance]:
    """At most `size` utterances of all locales mixed, always the same ones in the same order."""
    utterances = [
        utterance for locale in locales for utterance in read(spec, locale=locale, partition=partition)
    ]
    Random(SEED).shuffle(utterances)  # noqa: S311 - not cryptography
    return utterances[:size]
