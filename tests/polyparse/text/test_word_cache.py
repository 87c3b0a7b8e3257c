"""The cache of words stays within its bytes, whatever is asked of it, and says of none that it is another."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.hostile import texts as hostile_texts
from polyparse.text import tokens
from polyparse.text.chunks import chunks
from polyparse.text.tokens import pieces
from polyparse.text.word_cache import LONGEST, WordCache
from polyparse.text.words import Word
from tests.strategies import texts

if TYPE_CHECKING:
    from collections.abc import Iterator


def word_of(token: str) -> Word:
    """As large as that of a model that knows some of its n-grams."""
    ids, own = tuple(range(len(token))), tuple(range(len(token) % 3))
    says = (None, b"", b"\1" * 28)[len(token) % 3]
    return Word(1, b"\0\0\0\1" * len(token), ids, hash(token) & 0xFFFFFFFF, own, says)


def cache(max_bytes: int = 1_000_000) -> WordCache:
    return WordCache(word_of, max_bytes=max_bytes)


def chunks_of(text: str) -> Iterator[str]:
    return (match.group() for match in chunks(text))


def counted(cached: WordCache) -> int:
    """What is kept, counted anew from what is there."""
    words = {id(word): word for _, word in cached._words.items()}
    words |= {id(word): word for entry in cached.values() for _, _, word in entry}
    own = sum(273 + len(word.characters) + 8 * len(word.feature_ids) for word in words.values())
    own += sum(56 + 8 * len(ids) for word in words.values() if (ids := word.token_feature_ids))
    own += sum(33 + len(word.language) for word in words.values() if word.language)
    of_tokens = sum(64 + sys.getsizeof(token) for token in cached._words)
    places = sum(120 + sys.getsizeof(chunk) + 88 * len(entry) for chunk, entry in cached.items())
    return own + of_tokens + places


@given(st.lists(texts, max_size=30), st.integers(1, 20_000))
def test_what_is_kept_is_what_is_counted_and_within_the_bound(seen: list[str], max_bytes: int) -> None:
    cached = cache(max_bytes)
    for chunk in (chunk for text in seen for chunk in chunks_of(text)):
        cached[chunk]
        assert cached.bytes == counted(cached)
        assert cached.bytes <= max_bytes


@given(st.lists(texts, max_size=20), st.integers(1, 20_000))
def test_kept_or_not_the_words_of_a_chunk_are_those_of_its_tokens(seen: list[str], max_bytes: int) -> None:
    cached = cache(max_bytes)
    for chunk in (chunk for text in [*seen, *seen] for chunk in chunks_of(text)):
        actual = [(start, end, word.hash) for start, end, word in cached[chunk]]
        assert actual == [(start, end, hash(text) & 0xFFFFFFFF) for text, start, end in pieces(chunk)]


def test_chunks_of_the_same_word_share_it() -> None:
    cached = cache()
    words = {id(entry[2]) for chunk in ("seven", "Seven", "seven,", "«seven»") for entry in cached[chunk]}
    assert len(words) == 1
    assert (cached.misses, cached.tokens()) == (4, 1)


def test_a_chunk_is_cut_and_looked_up_once() -> None:
    cached = cache()
    assert cached["d'oggi"] is cached["d'oggi"]
    assert cached.misses == 1


def test_the_chunks_that_came_first_make_room_and_not_all_at_once() -> None:
    cached = cache(100_000)
    asked = [f"word{number}" for number in range(1000)]
    for chunk in asked:
        cached[chunk]
    assert list(cached) == asked[-len(cached) :]
    assert cached.bytes > 90_000


def test_long_words_are_not_kept() -> None:
    cached = cache()
    assert len(cached.of_chunk("x" * (LONGEST + 1))) == 1
    assert (len(cached), cached.tokens(), cached.bytes) == (0, 0, 0)


def test_threads_share_a_cache() -> None:
    cached = cache(30_000)
    asked = [f"word{number}" for number in range(100)] * 20

    def look_up(chunk: str) -> int:
        ((_, _, word),) = cached[chunk]
        return word.hash

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(look_up, asked)) == [hash(chunk) & 0xFFFFFFFF for chunk in asked]
    assert cached.bytes == counted(cached) <= 30_000


def test_bytes_counted_are_bytes_taken() -> None:
    """Those that Python hands out: no more than the bound and a little, and not far less, which would waste room."""
    max_bytes = 1_500_000
    asked = [
        chunk
        for text in islice(hostile_texts(3), max_bytes // 2000)
        for chunk in chunks_of(text)
        if len(chunk) <= LONGEST
    ]
    tokens._kind.cache_clear()
    cached = cache(max_bytes)
    gc.collect()
    tracemalloc.start()
    try:
        for chunk in asked:
            cached[chunk]
        tokens._kind.cache_clear()  # What is kept of characters is not this cache's.
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert cached.bytes > 0.9 * max_bytes
    assert 0.6 * max_bytes < taken < 1.1 * max_bytes
