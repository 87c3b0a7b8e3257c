"""Whether negated requests are carried out, and look-alikes still are: a bundle with a screen over it.

The screen is that of a file, the bundle's own, or, where it has none, fitted now to the corpus's train. It judges phrases
whose verbs and templates it never saw, and dev. A negated request is heeded if it is refused, by screen or bundle, or its
frame has another intent; a look-alike keeps its frame if the screen lets it pass; a closing starts nothing if it is refused,
or its intent asks for nothing.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks import command, corpus
from benchmarks.result import Result, Target
from polyparse.bundle import store as bundle
from polyparse.contract.frame import Frame, Utterance
from polyparse.evaluation.evaluate import intents_right
from polyparse.evaluation.negation_phrases import CLOSING, KEPT, LOCALES, NEGATED, phrases_of
from polyparse.inference.negation import NegationScreen
from polyparse.runtime.load import load
from train.postprocessing.negation import fit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from polyparse.corpora.example import Example
    from polyparse.evaluation.negation_phrases import Phrase
    from polyparse.inference.parser import Parser

IDLE = ("general_greet", "general_joke", "general_quirky", "audio_volume_mute", "music_dislikeness")
"""Intents that end what goes on, or only talk: a closing may have one."""
MAX_BYTES = 200_000
TARGETS = {
    **{f"negated_heeded_{locale}": Target(">=", 0.9) for locale in LOCALES},
    **{f"lookalikes_kept_{locale}": Target(">=", 0.95) for locale in LOCALES},
    "closings_idle": Target(">=", 0.9),
    "dev_lost": Target("<=", 0.001),
    "screen_bytes": Target("<=", MAX_BYTES),
}


@dataclass(frozen=True)
class Judged:
    """A phrase, or an utterance of dev, with the frame that refuses nothing, and the verdicts of screen and bundle."""

    intent: str | None
    """What is negated, or meant."""
    frame: Frame
    score: float
    is_screened: bool
    is_refused_by_bundle: bool
    template: str | None = None

    @property
    def is_refused(self) -> bool:
        """By the screen or the bundle."""
        return self.is_screened or self.is_refused_by_bundle

    @property
    def has_intent(self) -> bool:
        """Whether it is answered by the intent that is negated, or meant."""
        return not self.is_refused and _intent(self.frame) == self.intent


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.negation", __doc__)
    parser.add_argument(
        "--screen",
        type=Path,
        metavar="FILE",
        help="the screen (default: the bundle's own, or one fitted to train)",
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="where to write the screen")
    parser.add_argument(
        "--list", action="store_true", help="print the phrases and dev utterances that are wrong"
    )
    options = parser.parse_args(argv)
    return command.run(
        lambda: measure(
            options.bundle, options.corpus, file=options.screen, save=options.save, listed=options.list
        ),
        json=options.json,
    )


def measure(
    models: Path, spec: str, *, file: Path | None = None, save: Path | None = None, listed: bool = False
) -> Result:
    """The figures of the bundle that `polyparse.bundle.store.locate` finds, with the screen over it."""
    located = bundle.locate(models)
    loaded = load(located.bundle, digest=located.digest, device="cpu", threads=1)
    print(f"{loaded.manifest.name} {loaded.manifest.version}, {located.bundle}")
    dev = corpus.examples(spec, partition="dev")
    if file is None and loaded.manifest.text.negation is not None:
        file = located.bundle / loaded.manifest.text.negation
    if file is None:
        train = corpus.examples(spec, partition="train")
        screen = fit(train, dev, loaded.parser.vectorizer, right_B=intents_right(loaded.parser, dev))
    else:
        screen = NegationScreen.load(file)
    if save is not None:
        screen.save(save)
    figures = {
        **of_phrases(loaded.parser, screen, listed=listed),
        **of_dev(loaded.parser, screen, dev, listed=listed),
        **cost(loaded.parser, screen, [example.utterance for example in dev]),
        "threshold": screen.threshold,
    }
    return Result("negation", figures, TARGETS)


def of_phrases(parser: Parser, screen: NegationScreen, *, listed: bool = False) -> dict[str, float]:
    """Shares by locale, and how many phrases they are of; `_alone` are those of its networks."""
    figures: dict[str, float] = {}
    closings: list[bool] = []
    for locale in LOCALES:
        phrases = phrases_of(locale)
        by_kind = {
            kind: _judged(parser, screen, [phrase for phrase in phrases if phrase.kind == kind])
            for kind in (NEGATED, KEPT, CLOSING)
        }
        negated, kept = by_kind[NEGATED], by_kind[KEPT]
        idle = [each.is_refused or _intent(each.frame) in IDLE for each in by_kind[CLOSING]]
        closings += idle
        figures |= {
            f"negated_heeded_{locale}": mean(not each.has_intent for each in negated),
            f"negated_heeded_alone_{locale}": mean(_intent(each.frame) != each.intent for each in negated),
            f"negated_heeded_by_hand_{locale}": mean(
                not each.has_intent for each in negated if not each.template
            ),
            f"negated_{locale}": len(negated),
            f"lookalikes_kept_{locale}": mean(not each.is_screened for each in kept),
            f"lookalikes_kept_by_hand_{locale}": mean(
                not each.is_screened for each in kept if not each.template
            ),
            f"lookalikes_right_{locale}": mean(each.has_intent for each in kept),
            f"lookalikes_{locale}": len(kept),
            f"closings_idle_{locale}": mean(idle),
        }
        if listed:
            _list(f"{locale} carried out", [each for each in negated if each.has_intent])
            _list(f"{locale} refused", [each for each in kept if each.is_screened])
            _list(
                f"{locale} starts a task",
                [e for e, ends in zip(by_kind[CLOSING], idle, strict=True) if not ends],
            )
    return {**figures, "closings_idle": mean(closings), "closings": len(closings)}


def of_dev(
    parser: Parser, screen: NegationScreen, dev: Sequence[Example], *, listed: bool = False
) -> dict[str, float]:
    """Shares of dev that the screen refuses: all, those that were right; and of those with a cue how many change."""
    judged = _judged_texts(parser, screen, [example.utterance for example in dev], [e.intent for e in dev])
    changed = [each for each in judged if each.is_screened]
    lost = [each for each in changed if _intent(each.frame) == each.intent]
    if listed:
        _list("dev", changed)
    return {
        "dev_lost": len(lost) / len(judged),
        "dev_refused": len(changed) / len(judged),
        "dev_with_cue": sum(each.score > 0.0 for each in judged),
        "dev_with_cue_changed": len(changed),
    }


def cost(parser: Parser, screen: NegationScreen, utterances: Sequence[Utterance]) -> dict[str, float]:
    """Microseconds a text, with a cue and without one, beside what preparing it takes; bytes of the file."""
    items = [parser.prepare(utterance) for utterance in utterances]
    scores = screen.scores(items)
    with_cue = [item for item, score in zip(items, scores, strict=True) if score > 0.0]
    without = [item for item, score in zip(items, scores, strict=True) if score == 0.0]
    with TemporaryDirectory() as folder:
        screen.save(path := Path(folder, "negation.npz"))
        size = path.stat().st_size
    return {
        "us_with_cue": _microseconds(lambda: screen.scores(with_cue), len(with_cue)),
        "us_without_cue": _microseconds(lambda: screen.scores(without), len(without)),
        "screen_bytes": size,
    }


def _judged(parser: Parser, screen: NegationScreen, phrases: Sequence[Phrase]) -> list[Judged]:
    texts = [Utterance(phrase.text, phrase.locale) for phrase in phrases]
    intents, templates = [phrase.intent for phrase in phrases], [phrase.template for phrase in phrases]
    return _judged_texts(parser, screen, texts, intents, templates)


def _judged_texts(
    parser: Parser,
    screen: NegationScreen,
    utterances: Sequence[Utterance],
    intents: Sequence[str | None],
    templates: Sequence[str | None] = (),
) -> list[Judged]:
    scores = screen.scores([parser.prepare(utterance) for utterance in utterances])
    refused = [frame.refused is not None for frame in parser.parse(utterances)]
    frames = parser.parse([replace(utterance, allow_refusal=False) for utterance in utterances])
    return [
        Judged(intent, frame, score, score > screen.threshold, is_refused, template)
        for intent, frame, score, is_refused, template in zip(
            intents, frames, scores, refused, templates or [None] * len(frames), strict=True
        )
    ]


def _intent(frame: Frame) -> str | None:
    return None if frame.intent is None else frame.intent.name


def _list(title: str, judged: Sequence[Judged]) -> None:
    for each in judged:
        print(
            f"{title}: {each.score:.3f} {_intent(each.frame)} {each.frame.text} [{each.template or 'by hand'}]"
        )


def _microseconds(run: Callable[[], object], n_texts: int) -> float:
    if not n_texts:
        return 0.0
    started = perf_counter()
    run()
    return (perf_counter() - started) / n_texts * 1e6


if __name__ == "__main__":
    sys.exit(main())
