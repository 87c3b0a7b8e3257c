"""Transfer: a network starts from another one with other words and labels, block by block, by a plan that is data.

Axes: I intents and K tags of the target, J tags of the source, N words of both, E word vector.

What is copied by its rows' names keeps the initialisation where the source has no such row: of a word, the vector that the
run gives it; of a label, a fresh row of the output, whose bias is the log of the label's share in what is learnt. The path
scores of a tag that the source lacks are means over its tags of the same letter: zeros would beat learnt scores, which are
mostly negative, and flood the paths.

Vectors that two runs have aligned, each by itself, lie in two spaces that differ by a rotation. "by aligned word" turns
those of new words into the source's space: R = argmin over orthogonal |X R - Y|, X and Y the target's and the source's
vectors of the words that both have, R = P Q' with P s Q' = svd(X' Y) (orthogonal Procrustes, Schoenemann 1966).
"""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

import torch

from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from torch import Tensor, nn

    from polyparse.contract.labels import Labels
    from polyparse.text.vocabulary import Vocabulary
    from train.config import BlockStart
    from train.data.task import Target

RESERVED = ("padding", "unknown")  # the first two rows of a table, which no word or character is called
HEAD = "head."


class LogShares(NamedTuple):
    """log of the share of utterances that have an intent, and of tokens that have a tag."""

    intents_I: Tensor
    tags_K: Tensor

    @classmethod
    def of(cls, targets: Iterable[Target], labels: Labels) -> LogShares:
        """Those of what a run learns; a label that occurs nowhere counts as if it did once."""
        intents: Counter[int] = Counter()
        tags: Counter[int] = Counter()
        for target in targets:
            intents[target.intent] += 1
            tags.update(target.tags_T)
        return cls(_log_shares(intents, len(labels.intents)), _log_shares(tags, len(labels.tags)))


def _log_shares(counts: Counter[int], n_labels: int) -> Tensor:
    each = torch.tensor([counts[label] for label in range(n_labels)], dtype=torch.float64)
    return (each.clamp(min=1.0) / each.sum().clamp(min=1.0)).log().float()


class RowNames(NamedTuple):
    """What the rows of a network's parameters are called; of a target, how often its labels occur, if that is known."""

    vocabulary: Vocabulary
    labels: Labels
    log_shares: LogShares | None = None


class TransferSource(NamedTuple):
    """What a network starts from: weights by the names of parameters, and what their rows are called."""

    weights: Mapping[str, Tensor]
    rows: RowNames


def transfer(
    network: nn.Module, target: RowNames, source: TransferSource, plan: Sequence[BlockStart]
) -> None:
    """Initialise the parameters of a network by those of another one; each belongs to the first block that it matches.

    Raises:
        ConfigError: a block matches nothing, no block matches a parameter, or the source's does not fit; or the source has
            one that a block would take and the network lacks.
    """
    unplaced = dict(network.named_parameters())
    _check_source(set(source.weights) - set(network.state_dict()), plan)
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


def _check_source(unknown: Iterable[str], plan: Sequence[BlockStart]) -> None:
    """Refuse what only the source has, unless a block leaves it there."""
    starts = {
        name: next((block.start for block in plan if fnmatchcase(name, block.pattern)), None)
        for name in sorted(unknown)
    }
    if left := [name for name, start in starts.items() if start != "fresh"]:
        raise ConfigError(
            f"init: found {', '.join(left)} in the source alone, expected a network that has it, or a fresh block"
        )


def _copy(name: str, parameter: Tensor, weight: Tensor, _target: RowNames, _source: RowNames) -> None:
    _check(name, weight.shape, parameter.shape)
    parameter.copy_(weight)


def _by_word(name: str, parameter: Tensor, weight: Tensor, target: RowNames, source: RowNames) -> None:
    _copy_rows(name, parameter, weight, target.vocabulary.words, source.vocabulary.words)


def _by_aligned_word(
    name: str, parameter: Tensor, weight: Tensor, target: RowNames, source: RowNames
) -> None:
    own = parameter.detach().double()
    _by_word(name, parameter, weight, target, source)
    known = source.vocabulary.word_ids
    shared = [row for word, row in target.vocabulary.word_ids.items() if word in known]
    new = [row for word, row in target.vocabulary.word_ids.items() if word not in known]
    if shared and new:
        left_EE, _, right_EE = torch.linalg.svd(own[shared].T @ parameter[shared].double())
        parameter[new] = (own[new] @ left_EE @ right_EE).to(parameter.dtype)


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
        shares = None if target.log_shares is None else target.log_shares.intents_I
        _place_rows(name, parameter, weight, target.labels.intents, source.labels.intents, shares)
    else:
        shares = None if target.log_shares is None else target.log_shares.tags_K
        _place_rows(name, parameter, weight, target.labels.tags, source.labels.tags, shares)


def _place_rows(
    name: str,
    parameter: Tensor,
    weight: Tensor,
    names: Sequence[str],
    source_names: Sequence[str],
    new_biases: Tensor | None = None,
) -> None:
    """Copy the rows that both have; `new_biases` are what a bias is initialised with where it has a new row."""
    _check(name, weight.shape, (len(source_names), *parameter.shape[1:]))
    _check(name, parameter.shape, (len(names), *parameter.shape[1:]))
    if new_biases is not None and parameter.ndim == 1:
        parameter.copy_(new_biases)
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
    "by aligned word": _by_aligned_word,
    "by character": _by_character,
    "by label": _by_label,
}
