"""The screen for negated requests: fitted to texts made of a corpus, and to what the corpus says with a cue itself.

Axes: N texts, F features.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, SHARE, check_bounds
from polyparse.contract.frame import Utterance
from polyparse.contract.locales import language_of
from polyparse.corpora.augmentation.negation.made import NegationConfig, made
from polyparse.corpora.augmentation.negation.rules import LANGUAGES, rules_of
from polyparse.corpora.noise.romanisation import draw_style, romanise
from polyparse.errors import ConfigError
from polyparse.inference.negation import (
    CUE,
    FORM,
    OTHER,
    PARTICLE,
    VERB,
    NegationScreen,
    ReadWords,
    features_of,
    stem_hash,
    structure_of,
    words_of,
)
from polyparse.inference.ood import threshold_of
from polyparse.text.features import word_hash
from polyparse.text.forms import form_of
from polyparse.text.tokens import tokenise
from train.postprocessing.regression import counted, regress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from polyparse.corpora.augmentation.negation.rules import Rules
    from polyparse.corpora.example import Example
    from polyparse.text.vectorizer import Item, Vectorizer

    Floats = NDArray[np.float64]

UNKNOWN = 0.5
"""Share of hidden words of which not even the kind is seen."""
STYLES = 64
"""Draws of spellings in Latin letters, of which Hindi cues get those that occur."""


@dataclass(frozen=True, kw_only=True)
class ScreenConfig:
    """`texts` says what is made; a text of the corpus weighs `corpus_weight` times one that is made.

    `romanised` is the share of Hindi texts in Latin letters, `hidden` that of words of a made text, cues apart, of which
    only the kind is seen. A verb is a word with which `least_first` texts begin (end, in Hindi), and a `first_share` of all
    that have it. The penalty on what kinds of words stand around a cue is `structure` squared times smaller than on others.
    `features` are the most that get a weight, `least` how many texts must have one. At most `lost` of dev may be lost, and
    no score below `least_threshold` refuses.
    """

    texts: NegationConfig = field(default_factory=NegationConfig)
    corpus_weight: float = 3.0
    romanised: float = 0.3
    hidden: float = 0.35
    least_first: int = 3
    first_share: float = 0.1
    l2: float = 2e-5
    structure: float = 2.0
    least: int = 3
    features: int = 30_000
    lost: float = 0.001
    least_threshold: float = 0.5
    iterations: int = 80

    def __post_init__(self) -> None:
        check_bounds(
            self,
            corpus_weight=NOT_NEGATIVE,
            romanised=SHARE,
            hidden=SHARE,
            least_first=POSITIVE,
            first_share=SHARE,
            l2=NOT_NEGATIVE,
            structure=POSITIVE,
            least=POSITIVE,
            features=POSITIVE,
            lost=SHARE,
            least_threshold=SHARE,
            iterations=POSITIVE,
        )


class _Texts(NamedTuple):
    """Features of N texts that hold a cue, whether each is negated, and its weight."""

    features: list[set[int]]
    negated: list[bool]
    weights: list[float]
    structure: set[int]

    def add(self, words: ReadWords, is_negated: bool, weight: float) -> None:  # noqa: FBT001 - a value
        if found := features_of(words):
            self.features.append(found)
            self.negated.append(is_negated)
            self.weights.append(weight)
            self.structure.update(structure_of(words))


def fit(
    train: Sequence[Example],
    dev: Sequence[Example],
    vectorizer: Vectorizer,
    config: ScreenConfig = ScreenConfig(),
    *,
    right_B: NDArray[np.bool_] | None = None,
    seed: int = 0,
) -> NegationScreen:
    """A screen fitted to train, with a threshold by which at most its share of dev is lost. No word of dev is learnt from.

    `right_B` says of dev which utterances the model answers by their intent; without it any refusal is a loss.

    Raises:
        ConfigError: no language of the corpus has rules.
    """
    cues = cue_hashes({example.locale for example in train}, vectorizer, seed)
    corpus = _corpus(train, vectorizer, config, seed)
    kinds = word_kinds(corpus, cues, config)
    texts = _texts(train, corpus, vectorizer, kinds, config, seed)
    counts = Counter(feature for features in texts.features for feature in features)
    hashes_F = np.array(sorted(hash_ for hash_, n in counts.items() if n >= config.least), dtype=np.uint32)
    bias, weights_F = _weights(texts, hashes_F, config)
    kept_F = np.sort(np.argsort(-np.abs(weights_F), kind="stable")[: config.features])
    screen = NegationScreen(
        words_W=np.array(list(kinds), dtype=np.uint32),
        kinds_W=np.array(list(kinds.values()), dtype=np.uint8),
        hashes_F=hashes_F[kept_F],
        weights_F=weights_F[kept_F].astype(np.float16),
        bias=float(np.float32(bias)),
        threshold=config.least_threshold,
    )
    scores = screen.scores([vectorizer.item(example.utterance) for example in dev])
    scores_B = np.array(scores, dtype=np.float32)
    if right_B is not None:
        scores_B = np.where(right_B, scores_B, np.float32(0.0))  # what is wrong already is not lost
    return replace(screen, threshold=_threshold(scores_B, config))


def _threshold(scores_B: NDArray[np.float32], config: ScreenConfig) -> float:
    if not len(scores_B):
        return config.least_threshold
    return float(np.float32(max(config.least_threshold, threshold_of(scores_B, config.lost))))


def cue_hashes(locales: set[str], vectorizer: Vectorizer, seed: int = 0) -> frozenset[int]:
    """Hashes of the words that negate in the languages of these locales, Hindi ones in Latin letters too.

    Raises:
        ConfigError: none of the languages has rules.
    """
    languages = {language_of(locale) for locale in locales} & set(LANGUAGES)
    if not languages:
        raise ConfigError(
            f"negation: found {', '.join(sorted(locales))}, expected a language of {', '.join(LANGUAGES)}"
        )
    random = Random(seed)
    words = {cue for language in languages for cue in rules_of(language).cues}
    words |= {cue.replace("'", "") for cue in words}
    if "hi" in languages:
        words |= {
            romanise(cue, draw_style(random)) for cue in sorted(rules_of("hi").cues) for _ in range(STYLES)
        }
    forms = {form_of(token.text, vectorizer.vocabulary) for word in words for token in tokenise(word)}
    return frozenset(word_hash(word) for word in forms | words)


def word_kinds(corpus: Sequence[Item], cues: frozenset[int], config: ScreenConfig) -> dict[int, int]:
    """Kinds of words by their hashes, and of stems of verbs: rules say those of small words, the corpus which are verbs."""
    of_language: dict[str, list[Item]] = defaultdict(list)
    for item in corpus:
        of_language[language_of(item.utterance.locale or "")].append(item)
    verbs: dict[int, int] = {}
    small: dict[int, int] = {}
    for language in sorted(of_language.keys() & set(LANGUAGES)):
        rules = rules_of(language)
        small |= {word_hash(word): OTHER for word in rules.others | rules.skipped}
        small |= {word_hash(word): PARTICLE for word in rules.particles}
        for text in _verbs(of_language[language], rules, config):
            verbs |= {word_hash(text): VERB, stem_hash(text): FORM}
    return dict(sorted((verbs | small | dict.fromkeys(cues, CUE)).items()))


def _verbs(items: Sequence[Item], rules: Rules, config: ScreenConfig) -> list[str]:
    """Words that stand where requests have their verb."""
    others = rules.others | rules.skipped | rules.particles | rules.cues
    texts = [[token.text for token in tokenise(item.utterance.text)] for item in items]
    counts = Counter(word for words in texts for word in words)
    is_hindi = "मत" in rules.cues
    heads = Counter(
        next((word for word in (reversed(words) if is_hindi else words) if word not in rules.skipped), "")
        for words in texts
    )
    return [
        word
        for word, n in sorted(heads.items())
        if n >= config.least_first and n >= config.first_share * counts[word] and word not in others and word
    ]


def _corpus(train: Sequence[Example], vectorizer: Vectorizer, config: ScreenConfig, seed: int) -> list[Item]:
    """The utterances of the corpus, a share of the Hindi ones in Latin letters."""
    random = Random(f"negation in the corpus {seed}")
    return [vectorizer.item(_written(example.text, example.locale, config, random)) for example in train]


def _texts(
    train: Sequence[Example],
    corpus: Sequence[Item],
    vectorizer: Vectorizer,
    kinds: Mapping[int, int],
    config: ScreenConfig,
    seed: int,
) -> _Texts:
    """Those made, and those of the corpus that hold a cue."""
    random = Random(f"negation in texts {seed}")
    texts = _Texts([], [], [], set())
    for text, locale, is_negated in made(train, config.texts, seed):
        item = vectorizer.item(_written(text, locale, config, random))
        texts.add(_hidden(words_of(item, kinds), config.hidden, random), is_negated, 1.0)
    for item in corpus:
        texts.add(words_of(item, kinds), False, config.corpus_weight)  # noqa: FBT003 - a value
    return texts


def _written(text: str, locale: str, config: ScreenConfig, random: Random) -> Utterance:
    is_romanised = locale.startswith("hi") and random.random() < config.romanised
    return Utterance(romanise(text, draw_style(random)) if is_romanised else text, locale)


def _hidden(words: ReadWords, share: float, random: Random) -> ReadWords:
    """The words with some of them, but no cue, as words that nobody knows: such as verbs that no rule has."""
    forms, kinds = list(words.forms), list(words.kinds)
    for place, kind in enumerate(words.kinds):
        if kind != CUE and random.random() < share:
            forms[place] = random.getrandbits(32)
            if random.random() < UNKNOWN:
                kinds[place] = OTHER
    return ReadWords(forms, kinds, words.endings)


def _weights(texts: _Texts, hashes_F: NDArray[np.uint32], config: ScreenConfig) -> tuple[float, Floats]:
    """The bias and the weights of the features."""
    columns = {hash_: column for column, hash_ in enumerate(hashes_F.tolist())}
    rows = [[columns[hash_] for hash_ in found if hash_ in columns] for found in texts.features]
    scales_F = np.array(
        [config.structure if hash_ in texts.structure else 1.0 for hash_ in hashes_F.tolist()]
    )
    bias, weights_F = regress(
        counted(rows, len(hashes_F)).multiply(scales_F).tocsr(),
        texts.negated,
        texts.weights,
        l2=config.l2,
        iterations=config.iterations,
    )
    return bias, weights_F * scales_F
