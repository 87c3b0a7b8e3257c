"""Which words are foreign to a model's domains, and the out-of-domain score that weighs them beside its other signals.

Words get weights by logistic regression: texts of the corpus, some of them noisy, against texts made of lists of what no
domain covers. Words that one text alone of the corpus has stand for those that it lacks, and so do some that only the lists
have. What the words of a list's topic say is judged by weights fitted without this topic, and weighed beside the score so
far: two weights and a bias, by logistic regression over dev and the made texts. The threshold is dev's. No word of dev is
learnt from.

Axes: B utterances of dev, N made texts, W words, S signals.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, diags

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, SHARE, check_bounds
from polyparse.corpora.augmentation.foreign.made import ForeignConfig, made
from polyparse.corpora.example import Example
from polyparse.corpora.noise.noiser import NoiseConfig, Noiser
from polyparse.errors import ConfigError
from polyparse.inference.batches import BATCH_SIZE, cut
from polyparse.inference.foreign import ForeignWords
from polyparse.inference.ood import FOREIGN_WORDS, OodScore
from polyparse.text.vectorizer import collate
from train.postprocessing.ood import NEVER
from train.postprocessing.regression import counted, regress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.inference.ood import Evidence
    from polyparse.inference.parser import Parser
    from polyparse.text.vectorizer import Item, Vectorizer

    Floats = NDArray[np.float64]

UNKNOWN = 0
"""The number of a word without a weight of its own."""


@dataclass(frozen=True, kw_only=True)
class ForeignFit:
    """`texts` says what is made; together it weighs `weight` times the corpus. `noise` is that of both.

    A word has a weight if `least` texts of the corpus have it, or a made text; `hidden` is the share of words of made texts
    that are read as unknown ones, if the corpus lacks them. `folds` are the groups of topics left out in turn. At most
    `share` of dev is refused for its domain, and `lost` of it that is answered by the right intent.
    """

    texts: ForeignConfig = field(default_factory=ForeignConfig)
    noise: NoiseConfig = field(default_factory=lambda: NoiseConfig(romanised=0.3))
    weight: float = 0.3
    least: int = 2
    hidden: float = 0.3
    l2: float = 1e-5
    iterations: int = 40
    folds: int = 4
    share: float = 0.015
    lost: float = 0.003

    def __post_init__(self) -> None:
        check_bounds(
            self,
            weight=NOT_NEGATIVE,
            least=POSITIVE,
            hidden=SHARE,
            l2=NOT_NEGATIVE,
            iterations=POSITIVE,
            folds=(2, 1000),
            share=SHARE,
            lost=SHARE,
        )


class ForeignRule(NamedTuple):
    """The weights of words, and the score that reads them."""

    words: ForeignWords
    score: OodScore

    def in_words(self) -> str:
        """For the card."""
        return "refuses what no domain covers, by the out-of-domain score with weights of foreign words"


def fit(
    train: Sequence[Example],
    dev: Sequence[Example],
    parser: Parser,
    base: OodScore,
    config: ForeignFit = ForeignFit(),
    *,
    seed: int = 0,
) -> ForeignRule:
    """Weights of words learnt from train, and the base score with them; `parser` gives the evidence that `base` reads.

    Raises:
        ConfigError: no language of the corpus has lists, or there is no dev to choose a threshold by.
    """
    usable = [example for example in dev if parser.vectorizer.item(example.utterance).n_tokens]
    if not usable:
        raise ConfigError("foreign words: found no dev utterance, expected some to choose a threshold by")
    corpus, foreign, topics = _texts(train, parser.vectorizer, config, seed)
    words = fit_words(corpus, foreign, config, seed=seed)
    dev_items = [parser.vectorizer.item(example.utterance) for example in usable]
    dev_evidence, foreign_evidence = (parser.evidence(items) for items in (dev_items, foreign))
    before = OodScore(threshold=NEVER, weights=_without_foreign(base), bias=base.bias)
    dev_BS = np.column_stack([before.logits(dev_evidence), sums_of(words, dev_items)])
    left_out_N = _left_out(corpus, foreign, topics, config, seed)
    foreign_NS = np.column_stack([before.logits(foreign_evidence), left_out_N])
    bias, (of_base, of_words) = _weigh(dev_BS, foreign_NS)
    logits_B = bias + dev_BS @ np.array([of_base, of_words])
    weights = {name: of_base * weight for name, weight in before.weights.items()}
    score = OodScore(
        threshold=_chosen(logits_B, _right(parser, usable, dev_evidence), config),
        weights={**weights, FOREIGN_WORDS: of_words},
        bias=bias + of_base * before.bias,
    )
    return ForeignRule(words, score)


def fit_words(
    corpus: Sequence[Item], foreign: Sequence[Item], config: ForeignFit, *, seed: int = 0
) -> ForeignWords:
    """Weights of words by whether texts that have them are foreign."""
    random = Random(f"hidden words {seed}")
    counts = Counter(hash_ for item in corpus for hash_ in {word.hash for word in item.words})
    known = {hash_ for hash_, n in counts.items() if n >= config.least}
    hashes = sorted(known | {word.hash for item in foreign for word in item.words})
    numbers = {hash_: number for number, hash_ in enumerate(hashes, start=UNKNOWN + 1)}

    def number(hash_: int) -> int:
        return numbers[hash_] if hash_ in known or random.random() >= config.hidden else UNKNOWN

    rows = [[numbers.get(word.hash, UNKNOWN) for word in item.words] for item in corpus]
    rows += [[number(word.hash) for word in item.words] for item in foreign]
    scales = diags([1.0 / max(1, len(row)) ** 0.5 for row in rows])
    _, weights = regress(
        csr_matrix(scales @ counted(rows, len(hashes) + 1)),
        [False] * len(corpus) + [True] * len(foreign),
        [1.0] * len(corpus) + [config.weight * len(corpus) / len(foreign)] * len(foreign),
        l2=config.l2,
        iterations=config.iterations,
    )
    weights_W = weights.astype(np.float16)
    return ForeignWords(
        np.array(hashes, dtype=np.uint32), weights_W[UNKNOWN + 1 :], float(weights_W[UNKNOWN])
    )


def sums_of(words: ForeignWords, items: Sequence[Item]) -> Floats:
    """What the words of many items say, shape (N,)."""
    batches = cut(range(len(items)), BATCH_SIZE)
    return np.concatenate([words.sums(collate([items[n] for n in batch])) for batch in batches])


def _texts(
    train: Sequence[Example], vectorizer: Vectorizer, config: ForeignFit, seed: int
) -> tuple[list[Item], list[Item], list[str]]:
    """Items of the corpus and of the made texts, with the topic of each of these."""
    texts = made(train, config.texts, seed)
    if not texts:
        raise ConfigError("foreign words: found no language with lists, expected one at least")
    noiser = Noiser(train, config.noise)
    examples = [
        Example(str(number), text.text, text.locale, "train", None, None, ())
        for number, text in enumerate(texts)
    ]
    corpus = [vectorizer.item(example.utterance) for example in noiser.extended(train, seed)]
    foreign = [vectorizer.item(example.utterance) for example in noiser.draw(examples, seed)]
    return [item for item in corpus if item.n_tokens], foreign, [text.topic for text in texts]


def _left_out(
    corpus: Sequence[Item], foreign: Sequence[Item], topics: Sequence[str], config: ForeignFit, seed: int
) -> Floats:
    """What the words of each made text say by weights that were fitted without its topic, shape (N,)."""
    names = sorted(set(topics))
    Random(f"topics left out {seed}").shuffle(names)
    folds = {name: place % config.folds for place, name in enumerate(names)}
    sums_N = np.zeros(len(foreign))
    for fold in sorted(set(folds.values())):
        without = [item for item, topic in zip(foreign, topics, strict=True) if folds[topic] != fold]
        places = [place for place, topic in enumerate(topics) if folds[topic] == fold]
        words = fit_words(corpus, without, config, seed=seed)
        sums_N[places] = sums_of(words, [foreign[place] for place in places])
    return sums_N


def _weigh(dev_BS: Floats, foreign_NS: Floats) -> tuple[float, tuple[float, float]]:
    """Bias and weights of the base's logit and of the words, where dev weighs as much as the made texts."""
    signals = np.concatenate([dev_BS, foreign_NS])
    bias, weights_S = regress(
        csr_matrix(signals),
        [False] * len(dev_BS) + [True] * len(foreign_NS),
        [1.0 / len(dev_BS)] * len(dev_BS) + [1.0 / len(foreign_NS)] * len(foreign_NS),
        l2=1e-4,
        iterations=200,
    )
    return bias, (float(weights_S[0]), float(weights_S[1]))


def _chosen(logits_B: Floats, right_B: NDArray[np.bool_], config: ForeignFit) -> float:
    """The lowest threshold by which no more of dev is refused, nor lost, than may be."""
    order = np.argsort(-logits_B, kind="stable")
    refused_B = np.arange(1, len(order) + 1) <= config.share * len(order)
    kept_B = np.cumsum(right_B[order]) <= config.lost * len(order)
    n_refused = int((refused_B & kept_B).sum())
    logit = logits_B[order][min(n_refused, len(order) - 1)]
    return float(np.float32(0.5 * (1.0 + np.tanh(0.5 * logit))))


def _right(parser: Parser, dev: Sequence[Example], evidence: Evidence) -> NDArray[np.bool_]:
    """Whether the likeliest intent of each utterance is its own."""
    intents = parser.labels.intents
    likeliest = evidence.intent_log_probs_BI.argmax(axis=1).tolist()
    return np.array([intents[i] == example.intent for i, example in zip(likeliest, dev, strict=True)])


def _without_foreign(score: OodScore) -> dict[str, float]:
    return {name: weight for name, weight in score.weights.items() if name != FOREIGN_WORDS}
