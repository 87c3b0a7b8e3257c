"""Transfer: a network starts from another one with other words and labels, block by block, by a plan that is data.

Axes: K tags of the target, J tags of the source.

What is copied by its rows' names keeps the initialisation where the source has no such row: of a word, the vector that the
run gives it; of a label, a fresh row of the output. The path scores of a tag that the source lacks are means over its tags
of the same letter: zeros would beat learnt scores, which are mostly negative, and flood the paths.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

import torch

from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor, nn

    from polyparse.contract.labels import Labels
    from polyparse.text.vocabulary import Vocabulary
    from train.config import BlockStart

RESERVED = ("padding", "unknown")  # the first two rows of a table, which no word or character is called
HEAD = "head."


class RowNames(NamedTuple):
    """What the rows of a network's parameters are called."""

    vocabulary: Vocabulary
    labels: Labels


class TransferSource(NamedTuple):
    """What a network starts from: weights by the names of parameters, and what their rows are called."""

    weights: Mapping[str, Tensor]
    rows: RowNames


def transfer(
    network: nn.Module, target: RowNames, source: TransferSource, plan: Sequence[BlockStart]
) -> None:
    """Initialise the parameters of a network by those of another one; each belongs to the first block that it matches.

    Raises:
        ConfigError: a block matches nothing, no block matches a parameter, or the source's does not fit.
    """
    unplaced = dict(network.named_parameters())
    for block in plan:
        matched = {name: one for name, one in unplaced.items() if fnmatchcase(name, block.pattern)}
        if not matched:
            raise ConfigError(
                f"init: found the pattern {block.pattern!r}, which matches nothing, expected one of {_listed(unplaced)}"
            )
        for name, parameter in matched.items():
            del unplaced[name]
            if block.start != "fresh":
                if name not in source.weights:
                    raise ConfigError(
                        f"init: {name}: found no such parameter in the source, expected one (or fresh)"
                    )
                with torch.no_grad():
                    PLACE[block.start](name, parameter, source.weights[name], target, source.rows)
    if unplaced:
        raise ConfigError(f"init: found no block for {_listed(unplaced)}, expected one for every parameter")


def _copy(name: str, parameter: Tensor, weight: Tensor, _target: RowNames, _source: RowNames) -> None:
    _check(name, weight.shape, parameter.shape)
    parameter.copy_(weight)


def _by_word(name: str, parameter: Tensor, weight: Tensor, target: RowNames, source: RowNames) -> None:
    _copy_rows(name, parameter, weight, target.vocabulary.words, source.vocabulary.words)


def _by_character(name: str, parameter: Tensor, weight: Tensor, target: RowNames, source: RowNames) -> None:
    _copy_rows(name, parameter, weight, target.vocabulary.characters, source.vocabulary.characters)


def _copy_rows(
    name: str, parameter: Tensor, weight: Tensor, names: Sequence[str], source_names: Sequence[str]
) -> None:
    """Rows of a table of words or characters, the reserved ones too."""
    _place_rows(name, parameter, weight, [*RESERVED, *names], [*RESERVED, *source_names])


def _by_label(name: str, parameter: Tensor, weight: Tensor, target: RowNames, source: RowNames) -> None:
    if name.startswith(HEAD):
        _place_scores(name, parameter, weight, target.labels.tags, source.labels.tags)
    elif "intent." in name:
        _place_rows(name, parameter, weight, target.labels.intents, source.labels.intents)
    else:
        _place_rows(name, parameter, weight, target.labels.tags, source.labels.tags)


def _place_rows(
    name: str, parameter: Tensor, weight: Tensor, names: Sequence[str], source_names: Sequence[str]
) -> None:
    _check(name, weight.shape, (len(source_names), *parameter.shape[1:]))
    _check(name, parameter.shape, (len(names), *parameter.shape[1:]))
    rows = {row_name: row for row, row_name in enumerate(source_names)}
    shared = [(row, rows[row_name]) for row, row_name in enumerate(names) if row_name in rows]
    if shared:
        places, source_rows = zip(*shared, strict=True)
        parameter[list(places)] = weight[list(source_rows)]


def _place_scores(
    name: str, parameter: Tensor, weight: Tensor, tags: Sequence[str], source_tags: Sequence[str]
) -> None:
    """Start, end and transition scores; entry (k, j) of `means_KJ` is the part that tag j has in tag k."""
    _check(name, weight.shape, (len(source_tags),) * weight.ndim)
    means_KJ = torch.stack([_parts(tag, source_tags) for tag in tags]).to(weight.dtype)
    placed = means_KJ @ weight
    parameter.copy_(placed @ means_KJ.T if weight.ndim == 2 else placed)


def _parts(tag: str, source_tags: Sequence[str]) -> Tensor:
    """The tag itself where the source has it; else all of its letter, and where there are none all tags alike."""
    letter = tag.partition("-")[0]
    alike = [tag] if tag in source_tags else [one for one in source_tags if one.partition("-")[0] == letter]
    chosen = torch.tensor([one in (alike or source_tags) for one in source_tags], dtype=torch.float64)
    return chosen / chosen.sum()


def _check(name: str, found: Sequence[int], expected: Sequence[int]) -> None:
    if tuple(found) != tuple(expected):
        raise ConfigError(f"init: {name}: found shape {tuple(found)}, expected {tuple(expected)}")


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(names)


PLACE: dict[str, Callable[[str, Tensor, Tensor, RowNames, RowNames], None]] = {
    "copy": _copy,
    "by word": _by_word,
    "by character": _by_character,
    "by label": _by_label,
}
