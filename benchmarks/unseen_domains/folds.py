"""Which domains are left out together: few models in place of one a domain, near domains in different ones.

Two near domains left out together would be easier to tell from the rest than either of them alone, and what is
measured is how a domain fares while its neighbours are known. Axes: D domains, V words.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np

from polyparse.errors import ConfigError
from polyparse.text.tokens import tokenise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.corpora.example import Example

    Numbers = NDArray[np.float64]


def folds(examples: Sequence[Example], count: int) -> list[tuple[str, ...]]:
    """`count` groups of domains, each domain in one, their sizes within one of each other; the same for the same corpus.

    Pairs are placed greedily, the domain with the nearest neighbour first, each where it is least like those there.

    Raises:
        ConfigError: a model would be left with fewer than two domains, or a domain would never be left out.
    """
    words: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for example in examples:
        if example.domain is not None:
            words[example.domain].update({token.text for token in tokenise(example.text)})
    domains = sorted(words)
    size = -(-len(domains) // max(1, count))
    if not 1 <= count <= len(domains) or len(domains) - size < 2:
        raise ConfigError(
            f"folds: found {count} for {len(domains)} domains, expected at most one a domain and two domains left in each"
        )
    likeness_DD = _likeness([words[domain] for domain in domains])
    groups: list[list[int]] = [[] for _ in range(count)]
    for domain in np.argsort(-likeness_DD.max(axis=1), kind="stable").tolist():
        least = min(len(group) for group in groups)
        open_groups = [group for group in groups if len(group) == least]
        min(open_groups, key=lambda group: sum(likeness_DD[domain, other] for other in group)).append(domain)
    return [tuple(domains[domain] for domain in sorted(group)) for group in groups]


def _likeness(counts: Sequence[Counter[str]]) -> Numbers:
    """Cosines of the domains' words, a word weighing less the more domains have it; a domain is not like itself."""
    rows = {word: row for row, word in enumerate(sorted(set().union(*counts)))}
    weights_DV = np.zeros((len(counts), len(rows)))
    for domain, actual in enumerate(counts):
        for word, count in actual.items():
            weights_DV[domain, rows[word]] = np.log1p(count)
    weights_DV *= np.log((1 + len(counts)) / (weights_DV > 0).sum(axis=0))
    weights_DV /= np.linalg.norm(weights_DV, axis=1, keepdims=True)
    likeness_DD: Numbers = weights_DV @ weights_DV.T
    np.fill_diagonal(likeness_DD, 0.0)
    return likeness_DD
