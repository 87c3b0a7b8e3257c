"""What a run learns from: the corpus in memory, or as a stream, and the tasks that it learns at the same time."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, NamedTuple

from polyparse.corpora.checks.check import findings_of, in_one_line
from polyparse.corpora.checks.corpus import Corpus
from polyparse.corpora.checks.slots import learnable
from polyparse.corpora.contradictions import weighed
from polyparse.corpora.read import read, translations
from polyparse.corpora.selection.select import select
from polyparse.corpora.stream import files_to_stream
from polyparse.errors import ConfigError
from train.cli.also import other_task
from train.data.stream import StreamedCorpus
from train.training.projection import project
from train.training.run import Texts
from train.training.streaming import index_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.corpora.example import Example
    from polyparse.corpora.selection.select import Selection
    from train.checkpoint import Checkpoint
    from train.config import RunConfig


class Corpora(NamedTuple):
    """What the command line says of the corpora of a run: FORMAT:PATH and locales of its own, NAME=FORMAT:PATH of others."""

    own: str
    locales: Sequence[str] | None
    also: Sequence[str]


def texts_of(config: RunConfig, corpora: Corpora, checkpoint: Checkpoint, *, quiet: bool) -> Texts:
    """What the config takes of the corpora, and of train what can be learnt; a stream, read later, has its dev later too.

    Says in one line what the checks find, and what shows all of it, unless `quiet`.
    """
    spec, asked, also = corpora
    if config.stream.on:
        files = files_to_stream(spec, locales=asked)
        streamed = StreamedCorpus(files, index_of(checkpoint.folder))
        others = [other_task(each, checkpoint.folder, config.sharing) for each in also]
        return Texts(streamed, (), others=others)
    train, dev = (read(spec, locales=asked, partition=part) for part in ("train", "dev"))
    selection = select(train, dev, config.data, path=Path(spec))
    usable = _checked(selection, corpora, quiet=quiet)
    others = [other_task(each, checkpoint.folder, config.sharing) for each in also]
    aligns, weighs = config.reads_translations, config.data.contradictions == "weigh"
    other_locales = translations(spec, _locales(selection.train)) if aligns or weighs else []
    inventory = selection.inventory if config.data.inventory == "all" else ()
    known = selection.translations(other_locales)
    if weighs:
        usable = weighed(usable, known)
    if locales := config.data.projected:
        projected = project(usable, known, locales, size=config.joint.embedder.word_size)
        if not quiet:
            of = sum(example.locale in locales for example in known)
            print(f"labels projected onto {len(projected)} of {of} translations", file=sys.stderr)
        usable = [*usable, *projected]
    return Texts(usable, selection.dev, known if aligns else (), others, inventory, selection.unlabelled)


def locales_of(texts: Texts) -> tuple[str, ...]:
    """The locales of the training utterances, in the order of the corpus, then those that have no labels."""
    if isinstance(texts.train, StreamedCorpus):
        return tuple(file.locale for file in texts.train.files)
    return _locales([*texts.train, *texts.unlabelled])


def _locales(examples: Sequence[Example]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(example.locale for example in examples))


def _checked(selection: Selection, corpora: Corpora, *, quiet: bool) -> list[Example]:
    """The training examples that can be learnt."""
    spec, locales, _ = corpora
    if not quiet and (findings := findings_of(Corpus({"train": selection.train, "dev": selection.dev}))):
        options = ["--locales", ",".join(locales)] if locales else []
        command = join(["polyparse", "data", "check", spec, *options])
        print(f"{in_one_line(findings)}; see: {command}", file=sys.stderr)
    if not (usable := learnable(selection.train)):
        raise ConfigError(
            f"{spec}: found no training utterance whose slots can be learnt, expected at least one"
        )
    return usable
