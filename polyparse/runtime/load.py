"""A verified bundle under ONNX Runtime, as a parser."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from polyparse.bundle import golden, signatures, store
from polyparse.bundle.manifest import FILE, Manifest, graph_tables
from polyparse.contract.frame import Utterance
from polyparse.errors import ConfigError, DeviceUnavailable, PolyparseError, TextRulesDiffer
from polyparse.inference.foreign import ForeignWords
from polyparse.inference.language import LanguageScreen
from polyparse.inference.listed_words import ListedWords
from polyparse.inference.negation import NegationScreen
from polyparse.inference.parser import Parser
from polyparse.inference.pipeline import Pipeline, Postprocessing
from polyparse.inference.training_text import TrainingText
from polyparse.runtime.networks import OnnxNetworks
from polyparse.runtime.session import Device, choose_device
from polyparse.text.features import FeatureTable
from polyparse.text.spelling import Spelling
from polyparse.text.tokens import RULES
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from polyparse.bundle.golden import Golden


Loaded = TypeVar("Loaded", LanguageScreen, NegationScreen, ForeignWords, ListedWords)
GOLDEN_BATCH = 16
"""So few that what runs beside them is not kept waiting."""


@dataclass(frozen=True)
class LoadedBundle:
    """A verified bundle, and the parser that runs it on a device."""

    folder: Path
    manifest: Manifest
    digest: str
    device: Device
    parser: Parser

    def golden(self) -> list[Golden]:
        """The bundle's golden frames."""
        name = self.manifest.golden
        return golden.parse(store.content(self.folder / name, self.manifest.files[name]), name=name)

    def check_golden(self, *, pause: Callable[[], None] = lambda: None) -> None:
        """Parse the golden utterances, a few at a time; raises GoldenMismatch at the first whose frame differs."""
        expected = self.golden()
        for first in range(0, len(expected), GOLDEN_BATCH):
            batch = expected[first : first + GOLDEN_BATCH]
            items = [self.parser.prepare(Utterance(entry.text, entry.locale)) for entry in batch]
            for entry, frame in zip(batch, self.parser.run(items).frames, strict=True):
                golden.compare(entry, frame, file=self.manifest.golden)
            pause()


def load(
    folder: Path,
    *,
    digest: str | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    threads: int = 1,
    pause: Callable[[], None] = lambda: None,
) -> LoadedBundle:
    """Verify a bundle and load it, with `threads` intra-op threads a session; `pause` is called after each part.

    Raises:
        TextRulesDiffer: the bundle was recorded under other rules of text.
        BundleError: a file is missing, changed, of a newer schema or not loadable; the file is named.
        ConfigError: a file is none of its kind; it is named.
        DeviceUnavailable: the device asked for is absent, or the bundle has no graphs for it.
    """
    chosen = choose_device(device)
    pinned = digest or store.digest(folder)
    manifest = store.verify(folder, digest=pinned)
    pause()
    if manifest.text.rules != RULES:
        raise TextRulesDiffer(
            f"text.rules: found {manifest.text.rules}, expected {RULES}: text is read otherwise now; "
            "`polyparse models upgrade` writes the bundle anew",
            file=folder / FILE,
        )
    chosen = _with_graphs(manifest, folder, chosen, is_free=device == "auto")
    signatures.check(manifest, folder, device=chosen)
    parser = _parser(folder, manifest, chosen, threads, pause)
    store.verify(folder, digest=pinned)  # What was read by its name is what was hashed before.
    return LoadedBundle(folder, manifest, pinned, chosen, parser)


def _with_graphs(manifest: Manifest, folder: Path, device: Device, *, is_free: bool) -> Device:
    """The device, where the bundle has graphs for it; else, if that is free, the CPU."""
    tables = [set(graphs) for _, graphs in graph_tables(manifest)]
    present = set.intersection(*tables)
    if is_free and "cpu" in present - {device} and device not in present:
        return "cpu"
    if device not in present:
        raise DeviceUnavailable(
            f"{folder / FILE}: found graphs for {' and '.join(sorted(present)) or 'no device'}, "
            f"expected some for {device}"
        )
    return device


def _parser(
    folder: Path, manifest: Manifest, device: Device, threads: int, pause: Callable[[], None]
) -> Parser:
    networks = OnnxNetworks(folder, manifest, device=device, threads=threads, pause=pause)
    with _reading(folder / manifest.text.vocabulary):
        vocabulary = Vocabulary.load(folder / manifest.text.vocabulary)
    if vocabulary.case_marks != manifest.text.case_marks:
        raise ConfigError(
            f"{folder / FILE}: text.case_marks: found {manifest.text.case_marks}, expected {vocabulary.case_marks}, as"
            f" {manifest.text.vocabulary} has it"
        )
    pause()
    features, token_features = (
        _feature_table(folder, file) for file in (manifest.text.features, manifest.text.token_features)
    )
    languages = _loaded(LanguageScreen, folder, manifest.text.languages)
    pause()
    screens = (languages, _loaded(NegationScreen, folder, manifest.text.negation))
    postprocessing = Postprocessing(
        manifest.calibration,
        manifest.ood,
        _training_text(folder, manifest, vocabulary),
        tuple(screen for screen in screens if screen is not None),
        _loaded(ForeignWords, folder, manifest.text.foreign),
    )
    pause()
    pipeline = Pipeline(manifest.labels, manifest.topology, manifest.routing, networks, postprocessing)
    listed = _loaded(ListedWords, folder, manifest.text.listed)
    pause()
    vectorizer = Vectorizer(
        vocabulary,
        features,
        token_features,
        read_numbers=manifest.locales if manifest.text.read_numbers else (),
        languages=None if languages is None else languages.table,
        spelling=None if listed is None else Spelling(listed.hashes_W, vocabulary),
    )
    pause()
    return Parser(vectorizer, pipeline, locales=manifest.locales)


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Raise a ConfigError that names the file for whatever its bytes do to those who read it."""
    try:
        yield
    except PolyparseError:
        raise
    except Exception as error:  # NumPy and zipfile raise a dozen unrelated classes, MemoryError among them
        found = f"{type(error).__name__}: {error}"
        raise ConfigError(
            f"{file}: found what cannot be read ({found}), expected what was exported"
        ) from error


def _feature_table(folder: Path, file: str | None) -> FeatureTable | None:
    if file is None:
        return None
    with _reading(folder / file):
        return FeatureTable.load(folder / file)


def _training_text(folder: Path, manifest: Manifest, vocabulary: Vocabulary) -> TrainingText | None:
    if manifest.text.training_text is None:
        return None
    file = folder / manifest.text.training_text
    with _reading(file):
        return TrainingText.load(
            file, vocabulary_size=vocabulary.size, n_domains=len(manifest.labels.domains)
        )


def _loaded(kind: type[Loaded], folder: Path, file: str | None) -> Loaded | None:
    if file is None:
        return None
    with _reading(folder / file):
        return kind.load(folder / file)
