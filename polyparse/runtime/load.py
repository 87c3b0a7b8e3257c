"""Texts in, frames out: one loaded and verified bundle. No HTTP, no asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from polyparse.bundle import golden
from polyparse.bundle import store as bundles
from polyparse.contract.frame import Utterance
from polyparse.errors import BlankText, UnknownLocale
from polyparse.inference.pipeline import Judgement, Pipeline
from polyparse.inference.training_text import SeenText
from polyparse.runtime.networks import OnnxNetworks
from polyparse.runtime.session import choose_device
from polyparse.text.features import FeatureTable
from polyparse.text.tokens import MAX_CHARACTERS, check
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polyparse.bundle.manifest import Manifest
    from polyparse.contract.frame import Frame
    from polyparse.inference.pipeline import Outcome
    from polyparse.text.vectorizer import Item


class Parser:
    """A model version that answers. Safe to use from several threads at once."""

    def __init__(
        self, folder: Path, manifest: Manifest, digest: str, *, device: Literal["cpu", "cuda"], threads: int
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.digest = digest
        self.device = device
        self.name, self.version, self.locales = manifest.name, manifest.version, manifest.locales
        self.labels = manifest.labels
        text = manifest.text
        features = FeatureTable.load(folder / text.features) if text.features else None
        vocabulary = Vocabulary.load(folder / text.vocabulary)
        self._vectorizer = Vectorizer(vocabulary, features)
        networks = OnnxNetworks(folder, manifest, device=device, threads=threads)
        seen = None
        if text.seen_text is not None:
            sizes = {"vocabulary_rows": vocabulary.n_rows, "n_domains": len(self.labels.domains)}
            seen = SeenText.load(folder / text.seen_text, **sizes)
        judgement = Judgement(manifest.calibration, manifest.rejection, seen)
        self.pipeline = Pipeline(manifest.labels, manifest.topology, manifest.routing, networks, judgement)

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        digest: str | None = None,
        device: Literal["auto", "cpu", "cuda"] = "auto",
        threads: int = 1,
    ) -> Parser:
        """Verify a bundle and load it, with `threads` intra-op threads a session.

        Raises:
            BundleError: a file is missing, changed, of a newer schema or not loadable; the file is named.
            DeviceUnavailable: the device asked for is absent.
        """
        chosen = choose_device(device)
        manifest = bundles.verify(folder, digest=digest)
        return cls(folder, manifest, bundles.digest(folder), device=chosen, threads=threads)

    def check_golden(self) -> None:
        """Parse the golden utterances; raises GoldenMismatch at the first whose frame differs."""
        expected = golden.load(self.folder / self.manifest.golden)
        frames = self.run([self.prepare(Utterance(entry.text, entry.locale)) for entry in expected]).frames
        for entry, frame in zip(expected, frames, strict=True):
            golden.compare(entry, frame, file=self.manifest.golden)

    def resolve_locale(self, locale: str | None) -> str | None:
        """The served locale that answers for `locale`: itself, else the first of its language (en-GB -> en-US).

        Raises:
            UnknownLocale: no served locale has that language.
        """
        if locale is None or locale in self.locales:
            return locale
        wanted = locale.replace("_", "-").lower()
        by_match = [served for served in self.locales if served.lower() == wanted]
        by_language = [
            served for served in self.locales if served.lower().split("-")[0] == wanted.split("-")[0]
        ]
        if not by_match and not by_language:
            raise UnknownLocale(f"locale: found {locale!r}, expected a language of {', '.join(self.locales)}")
        return (by_match or by_language)[0]

    def prepare(self, utterance: Utterance) -> Item:
        """Arrays of one utterance whose text `polyparse.text.tokens.check` accepts.

        Raises:
            UnknownLocale: its language is not served.
            BlankText: it has no token.
        """
        locale = self.resolve_locale(utterance.locale)
        if locale != utterance.locale:
            utterance = Utterance(utterance.text, locale, utterance.n_best)
        item = self._vectorizer.item(utterance)
        if not item.n_tokens:
            raise BlankText(f"text: found {utterance.text[:40]!r}, expected at least one word")
        return item

    def run(self, items: Sequence[Item]) -> Outcome:
        """Frames of prepared items, in their order; each is the same whatever else is in the batch."""
        return self.pipeline.run(items)

    def parse(self, utterances: Sequence[Utterance]) -> list[Frame]:
        """Frames of checked utterances.

        Raises:
            InputError: a text or locale that is refused; nothing is parsed then.
        """
        for utterance in utterances:
            check(utterance.text, max_chars=MAX_CHARACTERS)
        return self.run([self.prepare(utterance) for utterance in utterances]).frames if utterances else []

    def cache_counts(self) -> tuple[int, int]:
        """(hits, misses) of the text cache."""
        return self._vectorizer.cache_counts()
