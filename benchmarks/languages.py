"""What the language screen refuses: languages that are not served, each left out of its fit; and what it leaves alone.

Every locale of the corpus that the bundle does not serve is judged on its dev utterances by a screen fitted without it, and
so are the phrases of our own in its language; the other languages of those phrases are in no fit. What is to be answered is
judged by the bundle's own screen, or, where it has none, by what `polyparse screen` would give it: dev by locale, dev
with noise, texts of one or two words, names in served languages. Last, what the screen refuses of dev beyond the bundle.
"""

from __future__ import annotations

import sys
from statistics import mean
from typing import TYPE_CHECKING

from benchmarks import command, corpus
from benchmarks.errors import MeasurementFailed
from benchmarks.result import Result, Target
from polyparse.bundle import store as bundle
from polyparse.contract.frame import Utterance
from polyparse.contract.locales import language_of
from polyparse.corpora import read as corpora
from polyparse.evaluation.evaluate import answer
from polyparse.evaluation.language_phrases import NAMES, UNSERVED
from polyparse.evaluation.robustness import KINDS, noisy
from polyparse.inference.language import LEAST_WORDS, LanguageScreen
from polyparse.runtime.load import load
from polyparse.text.tokens import tokenise
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary
from train.postprocessing.language import calibrated
from train.postprocessing.language_fit import fit_screen
from train.postprocessing.language_texts import texts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from polyparse.corpora.example import Example
    from polyparse.runtime.load import LoadedBundle
    from train.postprocessing.language_texts import SpokenTexts

LEAST_REFUSED = Target(">=", 0.75)
MOST_OF_DEV = Target("<=", 0.005)
MOST_OF_NOISE = Target("<=", 0.01)
NONE = Target("<=", 0.0)
JUDGED_NOISE = ("romanised", "code_mixing")


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    options = command.parser("benchmarks.languages", __doc__).parse_args(argv)
    return command.run(lambda: measure(options.bundle, options.corpus), json=options.json)


def measure(models: Path, spec: str) -> Result:
    """The figures of the bundle that `polyparse.bundle.store.locate` finds; prints which it is, and whose screen it is."""
    if not corpus.is_present(spec):
        raise MeasurementFailed(f"--corpus: found nothing at {spec!r}, expected a corpus of many locales")
    located = bundle.locate(models)
    loaded = load(located.bundle, digest=located.digest, device="cpu", threads=1)
    manifest = loaded.manifest
    examples = {part: corpora.read(spec, partition=part) for part in ("train", "dev")}
    train, dev = (texts_of(examples[part], manifest.locales) for part in ("train", "dev"))
    screen = screen_of(loaded) or calibrated(fit_screen(train), dev)
    whose = "its own" if manifest.text.languages else "the one that `polyparse screen` would give it"
    print(f"{manifest.name} {manifest.version}, {located.bundle}; the screen: {whose}")
    served = [example for example in examples["dev"] if example.locale in manifest.locales]
    figures, targets = of_unserved(screen, train, dev, examples["dev"])
    for more, bounds in (of_served(screen, served), of_short(screen, examples["dev"], served)):
        figures |= more
        targets |= bounds
    figures |= of_frames(loaded, screen, served)
    return Result("languages", figures, targets | {"dev_refused_more": MOST_OF_DEV})


Figures = tuple[dict[str, float], dict[str, Target]]


def screen_of(loaded: LoadedBundle) -> LanguageScreen | None:
    """The screen of a bundle; None where it has none."""
    file = loaded.manifest.text.languages
    return None if file is None else LanguageScreen.load(loaded.folder / file)


def of_unserved(
    screen: LanguageScreen, train: SpokenTexts, dev: SpokenTexts, examples: Sequence[Example]
) -> Figures:
    """By language, each left out of the fit; beside it, as `known`, what the judged screen refuses, which knows it."""
    figures: dict[str, float] = {}
    by_language = {language_of(locale): locale for locale in dev.unserved}
    judges = dict.fromkeys(UNSERVED, screen)
    for language, locale in by_language.items():
        texts = [example.text for example in examples if example.locale == locale]
        judges[language] = calibrated(fit_screen(train.without(locale)), dev)
        figures[f"refused_{language}"] = refused(judges[language], texts)
        figures[f"known_refused_{language}"] = refused(screen, texts)
    left_out = [figures[f"refused_{language}"] for language in by_language]
    own = {f"own_refused_{each}": refused(judges[each], texts) for each, texts in UNSERVED.items()}
    mean_of_all = {"refused_mean": mean(left_out)} if left_out else {}
    keys = [*mean_of_all, *(f"refused_{language}" for language in by_language), *own]
    return {**mean_of_all, **figures, **own}, dict.fromkeys(keys, LEAST_REFUSED)


def of_served(screen: LanguageScreen, served: Sequence[Example]) -> Figures:
    """Of dev by locale, of dev after each kind of noise, and of names."""
    locales = dict.fromkeys(example.locale for example in served)
    figures = {
        f"dev_refused_{locale}": refused(screen, [each.text for each in served if each.locale == locale])
        for locale in locales
    }
    targets = dict.fromkeys(figures, MOST_OF_DEV)
    for kind in KINDS:
        texts = [example.text for example in noisy(served, kind)]
        if texts:
            figures[f"{kind}_refused"] = refused(screen, texts)
    targets |= {f"{kind}_refused": MOST_OF_NOISE for kind in JUDGED_NOISE if f"{kind}_refused" in figures}
    names = [text for locale, texts in NAMES.items() if locale in locales for text in texts]
    return figures | ({"names_refused": refused(screen, names)} if names else {}), targets


def of_short(screen: LanguageScreen, examples: Sequence[Example], served: Sequence[Example]) -> Figures:
    """Of slots' values and of texts in any language, those of fewer than LEAST_WORDS tokens: names and loanwords."""
    values = [each.text[span.start : span.end] for each in served for span in each.slots]
    short = [t for t in [*values, *(each.text for each in examples)] if 0 < len(tokenise(t)) < LEAST_WORDS]
    return {"short_refused": refused(screen, list(dict.fromkeys(short)))}, {"short_refused": NONE}


def of_frames(loaded: LoadedBundle, screen: LanguageScreen, served: Sequence[Example]) -> dict[str, float]:
    """The share of dev that the bundle refuses for other reasons, and what the screen adds."""
    frames, _ = answer(loaded.parser, served)
    by_screen = scores(screen, [example.text for example in served])
    otherwise = [frame.refused is not None and frame.refused.reason != "language" for frame in frames]
    added = [score > screen.threshold and not out for score, out in zip(by_screen, otherwise, strict=True)]
    return {"dev_refused_otherwise": mean(otherwise), "dev_refused_more": mean(added)}


def refused(screen: LanguageScreen, texts: Sequence[str]) -> float:
    """The share of texts that the screen refuses."""
    return mean(score > screen.threshold for score in scores(screen, texts))


def scores(screen: LanguageScreen, texts: Iterable[str]) -> list[float]:
    """The score of each text, cut into words as a model's vectorizer does."""
    vectorizer = Vectorizer(Vocabulary(words=(), characters=""), None, languages=screen.table)
    return screen.scores([vectorizer.item(Utterance(text)) for text in texts])


if __name__ == "__main__":
    sys.exit(main())
