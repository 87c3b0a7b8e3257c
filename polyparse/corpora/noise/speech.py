"""What speech adds to a command or takes from it: a wake word, politeness, hesitation, a word said twice, a lost end.

Words are added outside the slots, so that every value stays as it was. `spoken_words.txt` has a language, a kind and words a
line: phrases of which one is drawn, and for `tail` single words that carry neither a slot nor the intent of a command.
Training has phrases of its own, in `filler_words.txt`, so that a model does not judge itself by those that it learnt.
"""

from __future__ import annotations

import re
from collections import defaultdict
from importlib.resources import files
from typing import TYPE_CHECKING

from polyparse.contract.locales import language_of
from polyparse.corpora.noise.edits import inserted, replaced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from polyparse.corpora.example import Example


def _phrases_of(file: str) -> Mapping[tuple[str, str], list[str]]:
    """(language, kind) -> its phrases."""
    phrases: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for line in files(__package__).joinpath(file).read_text(encoding="utf-8").splitlines():
        language, kind, phrase = line.split(maxsplit=2)
        phrases[language, kind].append(phrase)
    return dict(phrases)


PHRASES, FILLERS = _phrases_of("spoken_words.txt"), _phrases_of("filler_words.txt")
"""By language and kind: those that measure, and those that training has."""
_WORD = re.compile(r"\S+")


def wake_word(example: Example, random: Random) -> Example | None:
    """A wake word before the utterance, with a comma or without."""
    phrases = _phrases(example, "wake")
    return inserted(example, 0, random.choice(phrases) + random.choice((" ", ", "))) if phrases else None


def please(example: Example, random: Random) -> Example | None:
    """A polite phrase before or after the utterance, or a hesitant one before a word that is not inside a slot."""
    return _with_phrase(example, PHRASES, random)


def filler(example: Example, random: Random) -> Example | None:
    """What `please` does, with the phrases of training."""
    return _with_phrase(example, FILLERS, random)


def _with_phrase(example: Example, of: Mapping[tuple[str, str], list[str]], random: Random) -> Example | None:
    place = random.choice(("first", "last", "hesitation"))
    phrases = of.get((language_of(example.locale), place))
    if not phrases:
        return None
    phrase, length = random.choice(phrases), len(example.text)
    if place == "last":
        return inserted(example, length, f" {phrase}")
    starts = [start for start, _ in _words(example.text) if _is_outside(example, start, start)]
    at = random.choice(starts) if place == "hesitation" and starts else 0
    return inserted(example, at, f"{phrase} ")


def repeated(example: Example, random: Random) -> Example | None:
    """One or two words outside the slots said twice, as by a speaker who begins again."""
    words = [word for word in _words(example.text) if _is_outside(example, *word)]
    if not words or not _phrases(example, "hesitation"):
        return None
    first = random.randrange(len(words))
    start, end = words[first]
    if (
        random.random() < 1 / 2
        and first + 1 < len(words)
        and _is_outside(example, start, words[first + 1][1])
    ):
        end = words[first + 1][1]
    return inserted(example, start, f"{example.text[start:end]} ")


def tail_cut(example: Example, random: Random) -> Example | None:
    """The end of the utterance missing, at most what follows the last slot and the last word that may say the intent.

    At least two words stay. Which words say no intent is a list (`tail`), where a longer utterance has others before them.
    """
    small = set(" ".join(_phrases(example, "tail")).split())
    words, slots_end = _words(example.text), max((span.end for span in example.slots), default=0)
    tail = 0
    while (
        tail < len(words) - 2
        and words[-1 - tail][0] >= slots_end
        and _text(example, words[-1 - tail]) in small
    ):
        tail += 1
    if not tail or all(_text(example, word) in small for word in words[:-tail]):
        return None
    end_of_rest = words[-1 - random.randint(1, tail)][1]
    return replaced(example, end_of_rest, len(example.text), "")


def _phrases(example: Example, kind: str) -> Sequence[str]:
    return PHRASES.get((language_of(example.locale), kind), ())


def _words(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in _WORD.finditer(text)]


def _text(example: Example, word: tuple[int, int]) -> str:
    return example.text[slice(*word)].lower().strip(".,;!?")


def _is_outside(example: Example, start: int, end: int) -> bool:
    """Whether no slot has a code point of `[start, end)`, and none begins before `start` and ends after it."""
    return all(span.end <= start or end <= span.start for span in example.slots)
