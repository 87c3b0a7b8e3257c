"""The utterances that benchmarks run on: MASSIVE's, in the four languages of the shipped bundles."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

from polyparse.contract.frame import Utterance
from polyparse.corpora import read as corpora
from polyparse.corpora.example import Example
from polyparse.errors import ConfigError

LOCALES = ("en-US", "es-ES", "it-IT", "hi-IN")
DEFAULT = f"massive:{Path(__file__).parents[2] / 'shared/data/massive/1.1/data'}"
SEED = 7


def is_present(spec: str) -> bool:
    """Whether there is anything at the path of "FORMAT:PATH"."""
    return Path(spec.partition(":")[2]).expanduser().exists()


def examples(spec: str, *, partition: str, locales: Sequence[str] = LOCALES) -> list[Example]:
    """The annotated utterances of the locales, one locale after the other, each in the order of the corpus.

    Raises:
        ConfigError: nothing is at the path, or the format is not known.
        CorpusError: the corpus does not follow its format.
    """
    if not is_present(spec):
        raise ConfigError(
            f"--corpus: found nothing at {spec.partition(':')[2]}, expected MASSIVE 1.1's folder of "
            "<locale>.jsonl; name it by --corpus massive:PATH"
        )
    return corpora.read(spec, locales=locales, partition=partition)


def read(spec: str, *, locale: str, partition: str) -> list[Utterance]:
    """The utterances of one locale as callers send them; raises what `examples` raises."""
    found = examples(spec, partition=partition, locales=[locale])
    return [example.utterance for example in found]


def sample(
    spec: str, size: int, *, partition: str = "dev", locales: Sequence[str] = LOCALES
) -> list[Utterance]:
    """At most `size` utterances of all locales mixed, always the same ones in the same order."""
    found = [utterance for locale in locales for utterance in read(spec, locale=locale, partition=partition)]
    Random(SEED).shuffle(found)  # noqa: S311 - not cryptography
    return found[:size]
