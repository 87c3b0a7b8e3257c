"""What the training text of each domain had: how new to its domain, and how untypical of every domain, an utterance is.

Axes: B utterances, T tokens, U distinct words, N n-grams, V rows of the vocabulary, D domains.

Novelty is the share of an utterance's word 4-grams that its domain's text lacks; a boundary stands before the first word
and after the last. An n-gram is kept, with its domain, as a hash of 32 bits: beside 300,000 of them, one in 14,000 that was
never seen passes for seen.

Atypicality is the mean over an utterance's tokens of log P(word) / P(word | domain), in the domain where it is least: low
where some domain's text is full of such words, 0 where they say nothing of any. A domain's counts are smoothed by `PRIOR`
tokens drawn from all domains (a Dirichlet prior: Zhai & Lafferty 2004, "A study of smoothing methods for language models").
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from polyparse.errors import ConfigError
from polyparse.text.features import BOUNDARY
from polyparse.text.vectorizer import collate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polyparse.text.vectorizer import Batch, Item

    Hashes = NDArray[np.uint32]
    Integers = NDArray[np.integer]
    Floats = NDArray[np.float64]

SIZE = 4  # of an n-gram
PRIOR = 1000
PER_BUCKET = 2  # n-grams, about
COLLATED = 1024  # training utterances that are laid out together
_DOMAIN, _MIX = np.uint32(0x85EBCA6B), np.uint32(0x9E3779B1)  # odd: to multiply by them loses nothing


@dataclass(frozen=True, eq=False)
class SeenText:
    """`ngrams_N` are the hashes of (n-gram, domain), ascending; `log_ratios_VD` is log P(word | domain) / P(word)."""

    ngrams_N: Hashes
    log_ratios_VD: NDArray[np.float16]

    @classmethod
    def build(
        cls, items: Sequence[Item], domains: Sequence[int], *, vocabulary_rows: int, n_domains: int
    ) -> SeenText:
        """From the training utterances that have a token, and the domain of each (0 for a corpus without domains)."""
        ngrams = [np.zeros(0, dtype=np.uint32)]
        counts_VD = np.zeros((vocabulary_rows, max(1, n_domains)))
        for first in range(0, len(items), COLLATED):
            batch = collate(items[first : first + COLLATED])
            domains_B = np.array(domains[first : first + COLLATED])
            ngrams_BN, own_BN = _ngrams(batch, domains_B)
            ngrams.append(np.unique(ngrams_BN[own_BN]))
            real_BT = batch.words_BT > 0
            rows_BT = batch.word_rows_U[batch.words_BT]
            np.add.at(counts_VD, (rows_BT[real_BT], np.repeat(domains_B, batch.lengths_B)), 1)
        return cls(np.unique(np.concatenate(ngrams)), _log_ratios(counts_VD).astype(np.float16))

    def novelty(self, batch: Batch, domains_B: Integers) -> Floats:
        """The share of each utterance's n-grams that its domain lacks, shape (B,), from 0 to 1; each has one at least."""
        ngrams_BN, own_BN = _ngrams(batch, domains_B)
        new = ~self._has(ngrams_BN[own_BN])  # utterance after utterance
        counts_B = own_BN.sum(axis=1)
        share_B: Floats = np.add.reduceat(new, counts_B.cumsum() - counts_B, dtype=np.float64) / counts_B
        return share_B

    def atypicality(self, batch: Batch) -> Floats:
        """How little an utterance's words are those of any domain, shape (B,), in nats a token."""
        rows_BT = batch.word_rows_U[batch.words_BT]
        sums_BD = self._exact_ratios_VD[rows_BT].sum(axis=1)
        least_B: Floats = -sums_BD.max(axis=1) / batch.lengths_B
        return least_B

    def save(self, path: Path) -> None:
        """Write as .npz, whole or not at all; the same text gives the same bytes."""
        partial = path.with_name(path.name + ".partial")
        with partial.open("wb") as file:
            np.savez(file, ngrams_N=self.ngrams_N, log_ratios_VD=self.log_ratios_VD)
        partial.replace(path)

    @classmethod
    def load(cls, path: Path, *, vocabulary_rows: int, n_domains: int) -> SeenText:
        """Read what `save` wrote, for a vocabulary and domains of these sizes; raises ConfigError for anything else."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                ngrams_N, log_ratios_VD = arrays["ngrams_N"], arrays["log_ratios_VD"]
        except (ValueError, TypeError, KeyError, EOFError, BadZipFile) as error:
            raise ConfigError(f"{path}: found no arrays ({error}), expected n-grams and ratios") from error
        if ngrams_N.dtype != np.uint32 or ngrams_N.ndim != 1 or not (ngrams_N[1:] > ngrams_N[:-1]).all():
            raise ConfigError(
                f"{path}: found n-grams as {ngrams_N.dtype}{ngrams_N.shape}, expected a row of uint32, ascending"
            )
        expected = (vocabulary_rows, max(1, n_domains))
        if log_ratios_VD.dtype != np.float16 or log_ratios_VD.shape != expected:
            raise ConfigError(
                f"{path}: found ratios as {log_ratios_VD.dtype}{log_ratios_VD.shape}, expected float16{expected}"
            )
        return cls(ngrams_N, log_ratios_VD)

    @cached_property
    def _exact_ratios_VD(self) -> NDArray[np.float32]:
        """Widened once: sums of float16 take twice as long."""
        return self.log_ratios_VD.astype(np.float32)

    @cached_property
    def _buckets(self) -> tuple[Hashes, np.uint32]:
        """The hashes by their leading bits, a row a bucket, and by how much a hash is shifted to give its row.

        One look at one place in memory, where a binary search takes many that wait for each other. Rows are filled up with a
        hash that belongs elsewhere.
        """
        bits = max(1, (len(self.ngrams_N) // PER_BUCKET).bit_length())
        shift = np.uint32(32 - bits)
        rows_N = self.ngrams_N >> shift
        counts = np.bincount(rows_N, minlength=1 << bits)
        columns_N = np.arange(len(rows_N)) - np.repeat(counts.cumsum() - counts, counts)
        elsewhere = (np.arange(1 << bits, dtype=np.uint32) ^ np.uint32(1)) << shift
        table = np.repeat(elsewhere[:, None], max(1, counts.max()), axis=1)
        table[rows_N, columns_N] = self.ngrams_N
        return table, shift

    def _has(self, ngrams: Hashes) -> NDArray[np.bool_]:
        table, shift = self._buckets
        found: NDArray[np.bool_] = (table[ngrams >> shift] == ngrams[:, None]).any(axis=1)
        return found


def _ngrams(batch: Batch, domains_B: Integers) -> tuple[Hashes, NDArray[np.bool_]]:
    """Hashes of all runs of SIZE words and boundaries, shape (B, N), and which of them are the utterance's own.

    Padding reads as boundaries, so that an utterance of one word has an n-gram too.
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
    """log P(word | domain) / P(word); 0 for a row that training never used."""
    share_V = counts_VD.sum(axis=1) / max(1.0, counts_VD.sum())
    expected_VD = PRIOR * share_V[:, None]
    smoothed_VD = (counts_VD + expected_VD) / (counts_VD.sum(axis=0) + PRIOR)
    used_V = share_V > 0
    ratios_VD = np.zeros_like(counts_VD)
    ratios_VD[used_V] = np.log(smoothed_VD[used_V] / share_V[used_V, None])
    return ratios_VD
