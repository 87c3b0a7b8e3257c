"""Texts in, frames out: the parser that gates, evaluation and the service share. No HTTP, no asyncio, no runtime.

A parser is a vectorizer (text -> arrays) and a pipeline (arrays -> frames); it is the same for ONNX Runtime and for PyTorch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.contract.frame import Utterance
from polyparse.contract.locales import subtags
from polyparse.errors import BlankText, UnknownLocale
from polyparse.inference.batches import BATCH_SIZE, by_length, run_batches
from polyparse.inference.ood import Evidence
from polyparse.text.tokens import MAX_CHARACTERS, check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.contract.frame import Frame
    from polyparse.contract.labels import Labels
    from polyparse.inference.pipeline import BatchResult, Pipeline, Postprocessing
    from polyparse.text.vectorizer import Item, Vectorizer


class Parser:
    """One model that answers. Safe to use from several threads at once."""

    def __init__(
        self, vectorizer: Vectorizer, pipeline: Pipeline, *, locales: Sequence[str] | None = None
    ) -> None:
        """`locales` are those served; None takes any locale as it is."""
        self.vectorizer = vectorizer
        self.locales = None if locales is None else tuple(locales)
        self._pipeline = pipeline

    @property
    def labels(self) -> Labels:
        """The labels that frames are made of."""
        return self._pipeline.labels

    def with_postprocessing(self, postprocessing: Postprocessing) -> Parser:
        """The same model with other postprocessing."""
        pipeline = self._pipeline.with_postprocessing(postprocessing)
        return Parser(self.vectorizer, pipeline, locales=self.locales)

    def with_ood_threshold(self, threshold: float) -> Parser:
        """The same model that refuses above another out-of-domain score, from 0 to 1, where it has such a score."""
        return Parser(self.vectorizer, self._pipeline.with_ood_threshold(threshold), locales=self.locales)

    def resolve_locale(self, locale: str | None) -> str | None:
        """The served locale that answers for `locale`: itself, else one of its language (en-GB -> en-US).

        Of several it is the one that shares most of the other subtags, in any order (zh-Hant-TW -> zh-TW), then the first.

        Raises:
            UnknownLocale: no served locale has that language.
        """
        if locale is None or self.locales is None or locale in self.locales:
            return locale
        language, *rest = subtags(locale)
        of_language = [served for served in self.locales if subtags(served)[0] == language]
        if not of_language:
            raise UnknownLocale(f"locale: found {locale!r}, expected a language of {', '.join(self.locales)}")
        return max(of_language, key=lambda served: _likeness(subtags(served)[1:], rest))

    def kept_chunks(self) -> list[str]:
        """The chunks of texts whose words it keeps, the first one first; a chunk is what stands between blanks."""
        return self.vectorizer.kept_chunks()

    def prepare(self, utterance: Utterance) -> Item:
        """Arrays of one utterance whose text `polyparse.text.tokens.check` accepts.

        Raises:
            UnknownLocale: its language is not served.
            BlankText: it has no token.
        """
        locale = self.resolve_locale(utterance.locale)
        if locale != utterance.locale:
            utterance = Utterance(utterance.text, locale, utterance.n_best, utterance.allow_refusal)
        item = self.vectorizer.item(utterance)
        if not item.n_tokens:
            raise BlankText(f"text: found {utterance.text[:40]!r}, expected at least one word")
        return item

    def run(self, items: Sequence[Item]) -> BatchResult:
        """Frames of prepared items, in their order; each is the same whatever else is in the batch."""
        return self._pipeline.run(items)

    def meet(self, items: Sequence[Item]) -> None:
        """Make what is kept of the words of prepared items, one at least, without parsing them."""
        self._pipeline.meet(items)

    def run_all(self, items: Sequence[Item], *, batch_size: int = BATCH_SIZE) -> list[Frame]:
        """Frames of many items in their order, parsed in batches of like lengths."""
        batches = by_length([item.n_tokens for item in items], batch_size)
        return run_batches(batches, items, lambda batch: self.run(batch).frames)

    def parse(self, utterances: Sequence[Utterance]) -> list[Frame]:
        """Frames of utterances, in their order.

        Raises:
            InputError: a text or locale that is refused; nothing is parsed then.
        """
        for utterance in utterances:
            check(utterance.text, max_chars=MAX_CHARACTERS)
        return self.run_all([self.prepare(utterance) for utterance in utterances])

    def evidence(self, items: Sequence[Item], *, batch_size: int = BATCH_SIZE) -> Evidence:
        """The evidence about at least one item, without decoding slots, in their order; every item has a token."""
        batches = by_length([item.n_tokens for item in items], batch_size)
        parts = [self._pipeline.evidence([items[position] for position in batch]) for batch in batches]
        return Evidence.join(parts, [position for batch in batches for position in batch])


def _likeness(served: Sequence[str], asked: Sequence[str]) -> tuple[bool, int]:
    """Whether they are the same, then how many of the subtags they share."""
    return served == asked, len(set(served) & set(asked))
