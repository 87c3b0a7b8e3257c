"""The screen of a model against languages that it does not serve: fitted to a corpus, its biases chosen on dev."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from polyparse.corpora import read as corpora
from polyparse.errors import ConfigError
from train.postprocessing.language_fit import fit_screen
from train.postprocessing.language_texts import texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from polyparse.inference.language import LanguageScreen
    from train.postprocessing.language_texts import SpokenTexts, Words

DEV_SHARE = 0.004
"""Of a locale's dev that may be refused for its language. Below the promised 0.005, which is for text that chose nothing."""
NOISE_SHARES = {"romanised": 0.008, "bare": 0.008, "typed": 0.02, "mixed": 0.008}
"""Of a locale's dev with each kind of noise. 0.01 is promised in Latin letters, and with values in another language."""
ROUNDS = 4
"""Of choosing each bias in turn: those of close languages depend on each other."""


def fit_to_corpus(spec: str, locales: Sequence[str], *, say: Callable[[str], None]) -> LanguageScreen:
    """The screen for a model that serves `locales`; what else the corpus has is what it learns to refuse.

    Raises:
        ConfigError: the corpus has no training text in another language, or no dev.
        CorpusError: the corpus does not follow its format.
    """
    train, dev = (texts_of(corpora.read(spec, partition=part), locales) for part in ("train", "dev"))
    if not train.unserved:
        raise ConfigError(
            f"{spec}: found no language but those served, expected others: a screen learns from them"
        )
    screen = calibrated(fit_screen(train), dev)
    for title, texts in (("dev", dev.plain), *((f"dev {kind}", noisy) for kind, noisy in dev.noisy.items())):
        say(f"{title} refused: {_shares(screen, locales, texts)}")
    return screen


def calibrated(screen: LanguageScreen, dev: SpokenTexts) -> LanguageScreen:
    """The screen with biases by which each served locale has its share of dev refused, and of noisy dev at most its own.

    A language whose text the fit finds easy to know could else be taken for another one's at no cost.
    """
    limits = ((DEV_SHARE, dev.plain), *((NOISE_SHARES[kind], noisy) for kind, noisy in dev.noisy.items()))
    by_language = [
        [(share, evidence_of(screen, texts[language])) for share, texts in limits if texts[language]]
        for language in range(len(screen.biases_L))
    ]
    for _ in range(ROUNDS):
        for language, judged in enumerate(by_language):
            if not judged:
                raise ConfigError("language screen: found a locale without dev, expected some to choose by")
            biases_L = screen.biases_L.copy()
            biases_L[language] += max(_bound(logits_of(screen, sums_BC), share) for share, sums_BC in judged)
            screen = replace(screen, biases_L=biases_L)
    bounds = [
        _bound(logits_of(screen, sums_BC), share) for judged in by_language for share, sums_BC in judged
    ]
    return replace(screen, bias=screen.bias - max(0.0, *bounds))


def evidence_of(screen: LanguageScreen, texts: Sequence[Words]) -> NDArray[np.int64]:
    """The evidence of texts, given their words, shape (texts, C)."""
    known: dict[str, bytes] = {}
    for word in {word for text in texts for word in text}:
        known[word] = screen.table.evidence(word)
    return np.array([screen.table.summed([known[word] for word in text]) for text in texts])


def logits_of(screen: LanguageScreen, sums_BC: NDArray[np.int64]) -> NDArray[np.float64]:
    """The logits of texts, given their evidence, shape (texts,)."""
    return np.array([screen.logit(sums_C) for sums_C in sums_BC.tolist()])


def _bound(logits_B: NDArray[np.float64], share: float) -> float:
    """The least logit such that at most `share` of all are above it; 0 where no text is long enough to have one."""
    ordered_B = np.sort(logits_B)[::-1]
    bound = float(ordered_B[min(int(share * len(ordered_B)), len(ordered_B) - 1)])
    return bound if isfinite(bound) else 0.0


def _shares(screen: LanguageScreen, locales: Sequence[str], texts: Sequence[Sequence[Words]]) -> str:
    """Share refused of each locale that has such texts."""
    shares = {
        locale: float((logits_of(screen, evidence_of(screen, each)) > 0.0).mean())
        for locale, each in zip(locales, texts, strict=True)
        if each
    }
    return " ".join(f"{locale} {share:.4f}" for locale, share in shares.items())
