"""Training text by domain: which share of an utterance's n-grams it lacks, and how untypical the words are of every domain.

Axes: B utterances, T tokens, U distinct words, N n-grams, V entries of the vocabulary, D domains.

Unseen n-grams: the share of an utterance's word 4-grams that its domain's text lacks; a boundary stands before the first
word and after the last. An n-gram is kept, with its domain, as a hash of 32 bits: beside 300,000 of them, one in 14,000
that training never saw counts as seen.

Domain log-ratio: the mean over an utterance's tokens of log P(word) / P(word | domain), in the domain where it is least: low
where the words are frequent in some domain's text, 0 where they are as frequent in every domain. A domain's counts are
smoothed by `PRIOR` tokens drawn from all domains (a Dirichlet prior: Zhai & Lafferty 2004, "A study of smoothing methods for
language models").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyparse.atomic import replacing
from polyparse.errors import ConfigError
from polyparse.inference.stored_arrays import read_stored
from polyparse.text.features import BOUNDARY
from polyparse.text.vectorizer import collate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polyparse.inference.ood import Evidence
    from polyparse.text.vectorizer import Batch, Item

    Hashes = NDArray[np.uint32]
    Integers = NDArray[np.integer]
    Floats = NDArray[np.float64]

SIZE = 4  # of an n-gram
PRIOR = 1000
PER_BUCKET = 2  # n-grams, on average
COLLATED = 1024  # training utterances in a batch
_DOMAIN, _MIX = np.uint32(0x85EBCA6B), np.uint32(0x9E3779B1)  # odd: multiplication by them is reversible


@dataclass(frozen=True, eq=False)
class TrainingText:
    """`ngrams_N` are the hashes of (n-gram, domain), ascending; `log_ratios_VD` is log P(word | domain) / P(word)."""

    ngrams_N: Hashes
    log_ratios_VD: NDArray[np.float16]

    @classmethod
    def build(
        cls, items: Sequence[Item], domains: Sequence[int], *, vocabulary_size: int, n_domains: int
    ) -> TrainingText:
        """From the training utterances that have a token, and the domain of each (0 for a corpus without domains)."""
        ngrams = [np.zeros(0, dtype=np.uint32)]
        counts_VD = np.zeros((vocabulary_size, max(1, n_domains)))
        for first in range(0, len(items), COLLATED):
            batch = collate(items[first : first + COLLATED])
            domains_B = np.array(domains[first : first + COLLATED])
            ngrams_BN, real_BN = _ngrams(batch, domains_B)
            ngrams.append(np.unique(ngrams_BN[real_BN]))
            real_BT = batch.words_BT > 0
            ids_BT = batch.word_ids_U[batch.words_BT]
            np.add.at(counts_VD, (ids_BT[real_BT], np.repeat(domains_B, batch.lengths_B)), 1)
        return cls(np.unique(np.concatenate(ngrams)), _log_ratios(counts_VD).astype(np.float16))

    def compare(self, batch: Batch, evidence: Evidence) -> Evidence:
        """The evidence, completed with both comparisons."""
        return replace(
            evidence,
            unseen_ngrams_B=self.unseen_ngrams(batch, evidence.likeliest_domains_B),
            domain_log_ratio_B=self.domain_log_ratio(batch),
        )

    def unseen_ngrams(self, batch: Batch, domains_B: Integers) -> Floats:
        """The share of each utterance's n-grams that its domain lacks, shape (B,), from 0 to 1; each has one at least."""
        ngrams_BN, real_BN = _ngrams(batch, domains_B)
        unseen = ~self._contains(ngrams_BN[real_BN])  # one utterance after the other
        counts_B = real_BN.sum(axis=1)
        share_B: Floats = np.add.reduceat(unseen, counts_B.cumsum() - counts_B, dtype=np.float64) / counts_B
        return share_B

    def domain_log_ratio(self, batch: Batch) -> Floats:
        """How untypical an utterance's words are of every domain, shape (B,), in nats a token."""
        ids_BT = batch.word_ids_U[batch.words_BT]
        sums_BD = self._exact_ratios_VD[ids_BT].sum(axis=1)
        least_B: Floats = -sums_BD.max(axis=1) / batch.lengths_B
        return least_B

    def save(self, path: Path) -> None:
        """Write as .npz, whole or not at all; the same text gives the same bytes."""
        with replacing(path) as file:
            np.savez(file, ngrams_N=self.ngrams_N, log_ratios_VD=self.log_ratios_VD)

    @classmethod
    def load(cls, path: Path, *, vocabulary_size: int, n_domains: int) -> TrainingText:
        """Read what `save` wrote, for a vocabulary and domains of these sizes; raises ConfigError for anything else."""
        ngrams_N, log_ratios_VD = read_stored(
            path, ("ngrams_N", "log_ratios_VD"), expected="n-grams and ratios"
        )
        if ngrams_N.dtype != np.uint32 or ngrams_N.ndim != 1 or not (ngrams_N[1:] > ngrams_N[:-1]).all():
            raise ConfigError(
                f"{path}: found n-grams as {ngrams_N.dtype}{ngrams_N.shape}, expected a row of uint32, ascending"
            )
        expected = (vocabulary_size, max(1, n_domains))
        if log_ratios_VD.dtype != np.float16 or log_ratios_VD.shape != expected:
            raise ConfigError(
                f"{path}: found ratios as {log_ratios_VD.dtype}{log_ratios_VD.shape}, expected float16{expected}"
            )
        return cls(ngrams_N, log_ratios_VD)

    @cached_property
    def _exact_ratios_VD(self) -> NDArray[np.float32]:
        """Converted to float32 once: sums of float16 take twice as long."""
        return self.log_ratios_VD.astype(np.float32)

    @cached_property
    def _buckets(self) -> tuple[Hashes, np.uint32]:
        """A table of the hashes, a row for each bucket, and the shift by which a hash gives the index of its bucket.

        A look-up reads one place in memory, a binary search many, one after the other. Rows are filled up with a hash of
        another bucket.
        """
        bits = max(1, (len(self.ngrams_N) // PER_BUCKET).bit_length())
        shift = np.uint32(32 - bits)
        buckets_N = self.ngrams_N >> shift
        counts = np.bincount(buckets_N, minlength=1 << bits)
        columns_N = np.arange(len(buckets_N)) - np.repeat(counts.cumsum() - counts, counts)
        elsewhere = (np.arange(1 << bits, dtype=np.uint32) ^ np.uint32(1)) << shift
        table = np.repeat(elsewhere[:, None], max(1, counts.max()), axis=1)
        table[buckets_N, columns_N] = self.ngrams_N
        return table, shift

    def _contains(self, ngrams: Hashes) -> NDArray[np.bool_]:
        table, shift = self._buckets
        contained: NDArray[np.bool_] = (table[ngrams >> shift] == ngrams[:, None]).any(axis=1)
        return contained


def _ngrams(batch: Batch, domains_B: Integers) -> tuple[Hashes, NDArray[np.bool_]]:
    """Hashes of all runs of SIZE words and boundaries, shape (B, N), and which of them are no padding.

    Padding is read as boundaries, so that an utterance of one word has an n-gram too.
    """
    words_U = np.array([BOUNDARY, *(word.hash for word in batch.distinct)], dtype=np.uint32)
    n_utterances, n_tokens = batch.words_BT.shape
    columns = max(n_tokens + 2, SIZE)
    marked_BT = np.full((n_utterances, columns), BOUNDARY, dtype=np.uint32)
    marked_BT[:, 1 : 1 + n_tokens] = words_U[batch.words_BT]
    width = columns - SIZE + 1
    ngrams_BN = np.repeat(domains_B.astype(np.uint32)[:, None] * _DOMAIN, width, axis=1)
    for offset in range(SIZE):
        ngrams_BN ^= marked_BT[:, offset : offset + width]
        ngrams_BN *= _MIX
    counts_B = np.maximum(1, batch.lengths_B + 2 - SIZE + 1)
    return ngrams_BN, np.arange(width) < counts_B[:, None]


def _log_ratios(counts_VD: Floats) -> Floats:
    """log P(word | domain) / P(word); 0 for a word that training never saw."""
    share_V = counts_VD.sum(axis=1) / max(1.0, counts_VD.sum())
    expected_VD = PRIOR * share_V[:, None]
    smoothed_VD = (counts_VD + expected_VD) / (counts_VD.sum(axis=0) + PRIOR)
    used_V = share_V > 0
    ratios_VD = np.zeros_like(counts_VD)
    ratios_VD[used_V] = np.log(smoothed_VD[used_V] / share_V[used_V, None])
    return ratios_VD
