"""Code-mixing: the value of one slot as another language says it, "wake me at [time : sette e mezza]"."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from polyparse.corpora.noise.edits import replaced

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from polyparse.corpora.example import Example


class CodeMixing:
    """The values of a corpus, by utterance and by slot: parallel corpora give translations of one utterance the same id."""

    def __init__(self, examples: Iterable[Example]) -> None:
        translations: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        values: defaultdict[str, defaultdict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
        for example in examples:
            for span in example.slots:
                value = example.text[span.start : span.end]
                translations[example.id, span.name].append((example.locale, value))
                values[span.name][example.locale][value] = None
        self._translations = dict(translations)
        self._values = {
            name: {locale: list(distinct) for locale, distinct in by_locale.items()}
            for name, by_locale in values.items()
        }

    def __call__(self, example: Example, random: Random) -> Example | None:
        """One slot with the value that the same utterance has elsewhere, else with any foreign value of that slot."""
        for span in random.sample(example.slots, len(example.slots)):
            original = example.text[span.start : span.end]
            candidates = [
                value
                for locale, value in self._translations.get((example.id, span.name), ())
                if locale != example.locale and value != original
            ] or self._foreign(example.locale, span.name, original, random)
            if candidates:
                return replaced(example, span.start, span.end, random.choice(candidates))
        return None

    def _foreign(self, locale: str, name: str, original: str, random: Random) -> list[str]:
        """The values of a slot in one other language, drawn by chance, without the original one."""
        others = [values for other, values in self._values.get(name, {}).items() if other != locale]
        return [value for value in random.choice(others) if value != original] if others else []
