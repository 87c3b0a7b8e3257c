"""An alignment from end to end: two spaces and the pairs of a dictionary in, two spaces that are one out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from polyparse.errors import ConfigError
from train.vectors.dictionary import rows_of
from train.vectors.maps import mapped
from train.vectors.preparation import prepared
from train.vectors.procrustes import Procrustes
from train.vectors.rcsls import Rcsls
from train.vectors.self_learning import SelfLearning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from train.embeddings.word_space import WordSpace
    from train.progress import Progress
    from train.vectors.dictionary import WordPairs
    from train.vectors.maps import AlignmentMethod

Method = Procrustes | Rcsls | SelfLearning

METHODS: Mapping[str, type[Method]] = {
    "procrustes": Procrustes,
    "rcsls": Rcsls,
    "self-learning": SelfLearning,
}


class AlignedSpaces(NamedTuple):
    """Source and target in one space, at unit length; `pairs` of the dictionary had their words in both of them."""

    source: WordSpace
    target: WordSpace
    pairs: int


def align(
    spaces: tuple[WordSpace, WordSpace],
    pairs: WordPairs,
    method: AlignmentMethod,
    *,
    preparation: str,
    progress: Progress,
) -> AlignedSpaces:
    """Prepare source and target, find their maps by the method, and apply these.

    Raises ConfigError where the spaces differ in size, or too few of the pairs have their words in both.
    """
    sizes = [space.size for space in spaces]
    if sizes[0] != sizes[1]:
        raise ConfigError(f"found vectors of {sizes[0]} and of {sizes[1]} numbers, expected one size")
    source, target = (prepared(space, preparation) for space in spaces)
    pairs_N2 = rows_of(pairs, source, target)
    maps = method(source, target, pairs_N2, progress)
    return AlignedSpaces(mapped(source, maps.source_EE), mapped(target, maps.target_EE), len(pairs_N2))
