"""A verified bundle under ONNX Runtime, as a parser."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from polyparse.bundle import golden, store
from polyparse.bundle.manifest import FILE, Manifest
from polyparse.contract.frame import Utterance
from polyparse.errors import TextRulesDiffer
from polyparse.inference.parser import Parser
from polyparse.inference.pipeline import Pipeline, Postprocessing
from polyparse.inference.training_text import TrainingText
from polyparse.runtime.networks import OnnxNetworks
from polyparse.runtime.session import Device, choose_device
from polyparse.text.features import FeatureTable
from polyparse.text.tokens import RULES
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from polyparse.bundle.golden import Golden


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
        return golden.load(self.folder / self.manifest.golden)

    def check_golden(self) -> None:
        """Parse the golden utterances; raises GoldenMismatch at the first whose frame differs."""
        expected = self.golden()
        items = [self.parser.prepare(Utterance(entry.text, entry.locale)) for entry in expected]
        for entry, frame in zip(expected, self.parser.run(items).frames, strict=True):
            golden.compare(entry, frame, file=self.manifest.golden)


def load(
    folder: Path,
    *,
    digest: str | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    threads: int = 1,
) -> LoadedBundle:
    """Verify a bundle and load it, with `threads` intra-op threads a session.

    Raises:
        TextRulesDiffer: the bundle was recorded when other rules cut text.
        BundleError: a file is missing, changed, of a newer schema or not loadable; the file is named.
        DeviceUnavailable: the device asked for is absent.
    """
    chosen = choose_device(device)
    manifest = store.verify(folder, digest=digest)
    if manifest.text.rules != RULES:
        raise TextRulesDiffer(
            f"text.rules: found {manifest.text.rules}, expected {RULES}: text is cut otherwise now; "
            "`polyparse models upgrade` writes the bundle anew",
            file=folder / FILE,
        )
    networks = OnnxNetworks(folder, manifest, device=chosen, threads=threads)
    vocabulary = Vocabulary.load(folder / manifest.text.vocabulary)
    features = FeatureTable.load(folder / manifest.text.features) if manifest.text.features else None
    pipeline = Pipeline(
        manifest.labels,
        manifest.topology,
        manifest.routing,
        networks,
        Postprocessing(manifest.calibration, manifest.ood, _training_text(folder, manifest, vocabulary)),
    )
    parser = Parser(Vectorizer(vocabulary, features), pipeline, locales=manifest.locales)
    return LoadedBundle(folder, manifest, store.digest(folder), chosen, parser)


def _training_text(folder: Path, manifest: Manifest, vocabulary: Vocabulary) -> TrainingText | None:
    if manifest.text.training_text is None:
        return None
    return TrainingText.load(
        folder / manifest.text.training_text,
        vocabulary_size=vocabulary.size,
        n_domains=len(manifest.labels.domains),
    )
