"""Random heads and ragged batches to compare them on.

Axes: B utterances, T tokens, K tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from polyparse.contract.tags import SCHEMES
from tests.oracles.mean_field import Network
from tests.oracles.paths import Chain
from train.models.heads import HEADS
from train.models.heads.crf import Crf

if TYPE_CHECKING:
    from torch import Tensor

    from train.models.heads.ain_first import AinFirst
    from train.models.heads.softmax import Softmax


class Case(NamedTuple):
    """`allowed_BK` always holds "O", which every scheme lets stand anywhere."""

    emissions_BTK: Tensor
    allowed_BK: Tensor
    lengths_B: Tensor

    def double(self) -> Case:
        """The same in float64."""
        return self._replace(emissions_BTK=self.emissions_BTK.double())

    def row(self, index: int) -> Case:
        """One utterance alone, without its padding."""
        length = int(self.lengths_B[index])
        return Case(
            self.emissions_BTK[index : index + 1, :length],
            self.allowed_BK[index : index + 1],
            self.lengths_B[index : index + 1],
        )


def random_case(
    n_tags: int, lengths: list[int], *, seed: int, spread: float = 3.0, restricted: bool = False
) -> Case:
    """Normal emissions of standard deviation `spread`; with `restricted`, half of the tags are allowed."""
    generator = torch.Generator().manual_seed(seed)
    emissions_BTK = spread * torch.randn(len(lengths), max(lengths), n_tags, generator=generator)
    allowed_BK = torch.rand(len(lengths), n_tags, generator=generator) < (0.5 if restricted else 2.0)
    allowed_BK[:, 0] = True
    return Case(emissions_BTK, allowed_BK, torch.tensor(lengths))


def random_head(name: str, scheme: str, n_slots: int, *, seed: int) -> Softmax | Crf | AinFirst:
    """A head over slots s0, s1, .. with normally distributed parameters."""
    head = HEADS[name](SCHEMES[scheme].tags([f"s{slot}" for slot in range(n_slots)]), scheme)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return head


def random_tags(head: Softmax | Crf | AinFirst, lengths: list[int], *, seed: int) -> Tensor:
    """tags_BT of legal paths: the best ones for random emissions; -1 in the padding."""
    judge = Crf(head.tags, head.scheme)
    case = random_case(len(head.tags), lengths, seed=seed)
    path_BT = judge.decode(*case).path_RT
    return path_BT.masked_fill(torch.arange(max(lengths)) >= case.lengths_B[:, None], -1)


def chain(head: Crf, case: Case, index: int) -> Chain:
    """The scores of one utterance, as plain tables for brute force."""
    start_K, allowed_KK, end_K = SCHEMES[head.scheme].transitions(head.tags)
    row = case.row(index)
    tables = (head.start_K, head.transitions_KK, head.end_K)
    start, transitions, end = (table.detach().double().numpy() for table in tables)
    return Chain(
        np.where(row.allowed_BK[0], row.emissions_BTK[0].detach().double().numpy(), -np.inf),
        np.where(start_K, start, -np.inf),
        np.where(allowed_KK, transitions, -np.inf),
        np.where(end_K, end, -np.inf),
    )


def network(head: AinFirst) -> Network:
    """The parameters of an AIN head, as plain lists."""
    tables = head.tables()
    return Network(
        head.start_K.tolist(),
        head.end_K.tolist(),
        tables[1].tolist(),
        tables[2].tolist() if 2 in tables else None,
        [(step.sharpness, step.share) for step in head.steps()],
    )
