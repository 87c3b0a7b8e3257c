"""The regression of a language screen: what each feature of a word says of each served language.

Axes: W distinct words, H distinct features, F features that are kept, L served languages, B texts, V views of words.

    logit of a language   = bias_l + sum over the words of (sum over their features of weight_fl)
    logit of none of them = by_feature * features + by_word * words + by_unknown * unknown words + bias
    weight_fl             = own_fl + by_frequency * log_100(1 + how often text of l has the word), for a word's own feature

The number that all words share says that a language is made of its frequent words: those that its neighbours have too are
rare in it. `own` says how much more one tells than another. A softmax over all is fitted with `own` drawn to 0 (L2), by
L-BFGS. A word that is in a language's list alone says nothing but that it is not unknown.

What is to be known is how a language looks that the fit never saw, and how served text looks that it never saw. So each
unserved text is there twice: as it is, and with the features alone that served text has, as any new language would look. And
a word that served text has once is seen as a new one would be: with what other words have too.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse
from scipy.special import logsumexp

from polyparse.inference.language import LEAST_WORDS, LanguageScreen
from polyparse.text.features import word_features
from polyparse.text.language import LanguageTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train.postprocessing.language_texts import SpokenTexts, Words

    Floats = NDArray[np.float64]

KEPT = 80_000
"""Features, of 4 + L bytes each."""
FROM_SERVED, FROM_NOISY, FROM_UNSERVED = 6000, 3000, 2500
"""Texts of a locale that the regression reads; all texts say which words are known."""
SPELLINGS = ("romanised", "bare")
"""The kinds of noise whose words are the language's own. A slip of the keyboard is none, nor is a value of another one."""
PULL = 16.0
"""Of `own` to 0."""
AS_NEW = 2.0
"""Weight of an unserved text seen as of a new language, beside 1 as it is."""
ITERATIONS, MEMORY = 80, 6
EVEN = 0.5
TENTH = 0.1
"""A word has some ten features: counted in tens they are as large as the other numbers, which the optimiser needs."""


def fit_screen(texts: SpokenTexts, *, seed: int = 0) -> LanguageScreen:
    """The screen that refuses what is more likely in none of the languages; its biases are as the fit has them."""
    words = _DistinctWords()
    groups = _groups(texts, words, Random(seed))
    table = _WordFeatures(words, texts)
    design = _Design(table, groups, n_languages=len(texts.plain))
    found = optimize.minimize(
        design.loss,
        np.zeros(design.n_parameters),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": ITERATIONS, "maxcor": MEMORY},
    )
    return design.screen(found.x)


class _DistinctWords:
    """Words, numbered as they come; `hashes[w]` are the features of word w, its own first."""

    def __init__(self) -> None:
        self.hashes: list[NDArray[np.uint32]] = []
        self._numbers: dict[str, int] = {}

    def number(self, word: str) -> int:
        found = self._numbers.get(word)
        if found is None:
            found = self._numbers[word] = len(self._numbers)
            self.hashes.append(np.array(word_features(word), dtype=np.uint32))
        return found

    def rows(self, texts: Sequence[Words]) -> list[NDArray[np.int64]]:
        return [np.array([self.number(word) for word in text]) for text in texts]


@dataclass(frozen=True)
class _Group:
    """Texts as numbers of words; `language` is the index of the one that they are in, None where it is not served."""

    rows: list[NDArray[np.int64]]
    language: int | None


def _groups(texts: SpokenTexts, words: _DistinctWords, random: Random) -> list[_Group]:
    """The texts that the regression reads, which are long enough to be judged."""
    drawn: list[tuple[Sequence[Words], int | None, int]] = []
    kinds = [(texts.plain, FROM_SERVED), *((noisy, FROM_NOISY) for noisy in texts.noisy.values())]
    drawn += [(each, at, most) for kind, most in kinds for at, each in enumerate(kind)]
    drawn += [(each, None, FROM_UNSERVED) for each in texts.unserved.values()]
    groups = []
    for each, language, most in drawn:
        long = [text for text in each if len(text) >= LEAST_WORDS]
        sample = random.sample(long, most) if len(long) > most else long
        groups.append(_Group(words.rows(sample), language))
    return groups


class _WordFeatures:
    """Which features words have, which are kept, and how words look in each of two views, laid end to end.

    First as served text has them, then as those of a new language, without what no served text has.
    """

    def __init__(self, words: _DistinctWords, texts: SpokenTexts) -> None:
        rows_L, other_rows = _rows(words, texts)
        n_words = len(words.hashes)
        self.counts_WL = np.stack([_counted(rows, n_words) for rows in rows_L], axis=1)
        served_W = self.counts_WL.sum(axis=1) + _counted(other_rows, n_words)
        self.lengths_W = np.array([len(each) for each in words.hashes])
        hashes_H, columns = np.unique(np.concatenate(words.hashes), return_inverse=True)
        starts = np.concatenate([[0], self.lengths_W.cumsum()])
        shape = (n_words, len(hashes_H))
        self.features_WH = sparse.csr_matrix(
            (np.ones(len(columns), np.float32), columns, starts), shape=shape
        )
        own_W = columns[starts[:-1]]
        plain_W = _counted([row for each in texts.plain for row in words.rows(each)], n_words)
        worth_W = (plain_W > 0) | (served_W > 1)
        seen_H = self.features_WH.T @ (served_W > 0).astype(np.float32)
        kept_F = self._most_useful(own_W[worth_W], self.features_WH.T @ served_W)
        self.hashes_F = hashes_H[kept_F]
        self.once_W = served_W == 1
        as_served = self._as_served(self.features_WH[:, kept_F].tocsr())
        as_new = _with_columns(self.features_WH[:, kept_F], seen_H[kept_F] > 0)
        self.views_VF = sparse.vstack([as_served, as_new]).tocsr()
        known_W = np.isin(own_W, kept_F)
        self.unknown_V = np.concatenate([~known_W | self.once_W, ~known_W | (served_W == 0)]).astype(float)
        by_others_WL = np.maximum(self.counts_WL - 1, 0)
        self.frequencies_VL = _log_100(np.concatenate([by_others_WL, self.counts_WL]))
        counts_HL = np.zeros((len(hashes_H), self.counts_WL.shape[1]))
        counts_HL[own_W] = self.counts_WL
        self.frequencies_FL = _log_100(counts_HL[kept_F])

    def _most_useful(self, known: NDArray[np.int64], tokens_H: Floats) -> NDArray[np.int64]:
        """Known words first, but for misspellings that come once, then what many words have, by the number of them."""
        all_H = np.asarray(self.features_WH.sum(axis=0)).ravel()
        is_known_H = np.zeros(len(all_H), dtype=bool)
        is_known_H[known] = True
        order_H = np.where(is_known_H, 1e9 + tokens_H, all_H + 0.05 * tokens_H)
        enough = np.flatnonzero(is_known_H | (all_H > 1))
        best = enough[np.argsort(-order_H[enough], kind="stable")[:KEPT]]
        best.sort()
        return best

    def _as_served(self, features_WF: Any) -> Any:
        """Words that served text has once are without what no other word has."""
        shared_F = np.asarray(features_WF.sum(axis=0)).ravel() > 1
        once_W = self.once_W[:, None]
        return sparse.csr_matrix(
            features_WF.multiply(~once_W) + _with_columns(features_WF, shared_F).multiply(once_W)
        )


class _Design:
    """The loss over the parameters, which are laid end to end: own_FL, biases_L, by_frequency, the four of none."""

    def __init__(self, table: _WordFeatures, groups: Sequence[_Group], *, n_languages: int) -> None:
        self._table = table
        self._n_languages, n_words = n_languages, len(table.lengths_W)
        rows, languages, weights = [], [], []
        for group in groups:
            views = [(0, 1.0)] if group.language is not None else [(0, 1.0), (n_words, AS_NEW)]
            for offset, weight in views:
                rows += [row + offset for row in group.rows]
                languages += [n_languages if group.language is None else group.language] * len(group.rows)
                weights += [weight] * len(group.rows)
        self._true_B = np.array(languages)
        self._weights_B = _balanced(np.array(weights), self._true_B == n_languages)
        texts_BV = _summing(rows, len(table.unknown_V))
        self._of_texts, self._to_words = texts_BV, texts_BV.T.tocsr()
        self._of_words, self._to_features = table.views_VF, table.views_VF.T.tocsr()
        features_V = TENTH * np.tile(table.lengths_W, 2)
        counts = [texts_BV @ features_V, texts_BV.sum(axis=1).A1, texts_BV @ table.unknown_V]
        self._counts_BN = np.stack([*counts, np.ones(len(rows))], axis=1)
        self._frequencies_BL = texts_BV @ table.frequencies_VL
        self._n_own = len(table.hashes_F) * n_languages

    @property
    def n_parameters(self) -> int:
        return int(self._n_own + self._n_languages + 1 + self._counts_BN.shape[1])

    def loss(self, parameters: Floats) -> tuple[float, Floats]:
        """The weighted mean of -log P(true language) and the pull, and its gradient."""
        own_FL, biases_L, by_frequency, of_none_N = self._parted(parameters)
        served_BL = self._of_texts @ (self._of_words @ own_FL.astype(np.float32)) + biases_L
        served_BL = served_BL + by_frequency * self._frequencies_BL
        logits_BK = np.column_stack([served_BL, self._counts_BN @ of_none_N])
        log_probs_BK = logits_BK - logsumexp(logits_BK, axis=1, keepdims=True)
        every = np.arange(len(self._true_B))
        pull = PULL / len(every)
        loss = -self._weights_B @ log_probs_BK[every, self._true_B] + 0.5 * pull * np.sum(own_FL**2)
        error_BK = np.exp(log_probs_BK)
        error_BK[every, self._true_B] -= 1.0
        error_BK *= self._weights_B[:, None]
        error_BL, error_B = error_BK[:, :-1], error_BK[:, -1]
        of_own_FL = self._to_features @ (self._to_words @ error_BL.astype(np.float32)) + pull * own_FL
        of_frequency = [np.sum(self._frequencies_BL * error_BL)]
        of_rest = (error_BL.sum(axis=0), of_frequency, self._counts_BN.T @ error_B)
        return float(loss), np.concatenate([of_own_FL.ravel(), *of_rest])

    def screen(self, parameters: Floats) -> LanguageScreen:
        """The screen of these parameters, its weights rounded to whole steps."""
        own_FL, biases_L, by_frequency, of_none_N = self._parted(parameters)
        table = self._table
        weights_FL = own_FL + by_frequency * table.frequencies_FL
        step = float(np.abs(weights_FL).max(initial=0.0)) / 127 or 1.0
        by_feature, by_word, by_unknown, bias = of_none_N.tolist()
        return LanguageScreen(
            threshold=EVEN,
            table=LanguageTable(table.hashes_F, np.round(weights_FL / step).astype(np.int8)),
            step=step,
            biases_L=biases_L.copy(),
            by_feature=TENTH * by_feature,
            by_word=by_word,
            by_unknown=by_unknown,
            bias=bias,
        )

    def _parted(self, parameters: Floats) -> tuple[Floats, Floats, float, Floats]:
        sizes = (self._n_own, self._n_languages, 1)
        own, biases_L, by_frequency, of_none_N = np.split(parameters, np.cumsum(sizes))
        return own.reshape(-1, self._n_languages), biases_L, float(by_frequency[0]), of_none_N


def _rows(
    words: _DistinctWords, texts: SpokenTexts
) -> tuple[list[list[NDArray[np.int64]]], list[NDArray[np.int64]]]:
    """Texts of each served language in its own words, and other served ones; listed words stand twice, as known ones."""
    spellings = [texts.noisy[kind] for kind in SPELLINGS]
    own = [words.rows([*chain(*each)]) for each in zip(texts.plain, *spellings, strict=True)]
    others = [noisy for kind, noisy in texts.noisy.items() if kind not in SPELLINGS]
    listed = [tuple(each) for each in texts.listed if each]
    return own, [
        *(row for kind in others for each in kind for row in words.rows(each)),
        *words.rows(listed * 2),
    ]


def _log_100(counts: NDArray[Any]) -> Floats:
    """The logarithm of 1 and so many more; words of a corpus are said up to some thousand times."""
    logs: Floats = 0.5 * np.log10(1.0 + counts)
    return logs


def _counted(rows: Sequence[NDArray[np.int64]], n_words: int) -> NDArray[np.int64]:
    """How often each word is there, shape (W,)."""
    return np.bincount(np.concatenate([np.zeros(0, dtype=np.int64), *rows]), minlength=n_words)


def _with_columns(features: Any, keep: NDArray[np.bool_]) -> Any:
    """A sparse matrix with zeros in all other columns."""
    return (features @ sparse.diags(keep.astype(np.float32))).tocsr()


def _summing(rows: Sequence[NDArray[np.int64]], n_columns: int) -> Any:
    """A sparse matrix that sums over the columns that each row names."""
    columns, starts = np.concatenate(rows), np.cumsum([0, *map(len, rows)])
    return sparse.csr_matrix(
        (np.ones(len(columns), np.float32), columns, starts), shape=(len(rows), n_columns)
    )


def _balanced(weights_B: Floats, is_none_B: NDArray[np.bool_]) -> Floats:
    """Both kinds of texts weigh the same in all; the sum is 1."""
    balanced_B = weights_B.astype(float)
    for each_B in (is_none_B, ~is_none_B):
        balanced_B[each_B] *= 0.5 / max(balanced_B[each_B].sum(), 1e-9)
    return balanced_B
