"""Spaces of several languages as one table: a row for each surface form, so that a model serves without knowing the locale.

"die" of English and of German share a row. Its vector is the mean of its languages' unit vectors, weighted by how often each
of them uses it, at unit length again.

Axes: V rows, E word vector.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from polyparse.errors import ConfigError
from train.embeddings.word_space import WordSpace
from train.vectors.preparation import MIN_LENGTH, unit

if TYPE_CHECKING:
    from collections.abc import Mapping


def merged(spaces: Mapping[str, WordSpace], counts: Mapping[str, Mapping[str, int]]) -> WordSpace:
    """The forms of all spaces, those first that the corpus has most often, then by their place in their language.

    `spaces` and `counts` are by locale; a form that the corpus does not have in a language counts once. Forms whose
    languages cancel each other out are left out. Raises ConfigError where the spaces differ in size, or there is none.
    """
    sizes = {locale: space.size for locale, space in spaces.items()}
    if len(set(sizes.values())) != 1:
        raise ConfigError(f"found vectors of sizes {sizes}, expected one size")
    rows: dict[str, int] = {}
    sums_VE = np.zeros((sum(len(space.rows) for space in spaces.values()), next(iter(sizes.values()))))
    total: Counter[str] = Counter()
    place: dict[str, int] = {}
    for locale, space in spaces.items():
        unit_VE = unit(space.vectors_VE)
        for form, row in space.rows.items():
            count = counts.get(locale, {}).get(form, 0)
            sums_VE[rows.setdefault(form, len(rows))] += max(1, count) * unit_VE[row]
            total[form] += count
            place[form] = min(row, place.get(form, row))
    order = sorted(rows, key=lambda form: (-total[form], place[form], form))
    sums_VE = sums_VE[[rows[form] for form in order]]
    present_V = np.linalg.norm(sums_VE, axis=1) > MIN_LENGTH
    words = tuple(form for form, is_present in zip(order, present_V, strict=True) if is_present)
    return WordSpace(words, unit(sums_VE[present_V].astype(np.float32)))
