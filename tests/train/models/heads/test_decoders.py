"""Other inferences over trained potentials, against brute force; what a head was trained for is among them.

Axes: B utterances, T tokens, K tags.
"""

from __future__ import annotations

from itertools import pairwise, product

import pytest
import torch

from polyparse.contract.tags import SCHEMES
from tests.oracles.cases import random_case, random_head
from train.models.heads import HEADS
from train.models.heads.ain_factorised import AinFactorised
from train.models.heads.ain_first import AinFirst
from train.models.heads.crf import Crf
from train.models.heads.decoders import decoders_of

LENGTHS = [4, 1, 2, 3]
NAMES = {"softmax": ["emissions"]}
OWN = {"crf": "viterbi", "margin-crf": "viterbi", "softmax": "emissions"}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_has_the_inferences_that_it_has_potentials_for(name: str) -> None:
    head = random_head(name, "BIO", 2, seed=0)
    decoders = decoders_of(head)
    assert list(decoders) == NAMES.get(name, ["viterbi", "ain", "emissions"])
    case = random_case(len(head.tags), LENGTHS, seed=1)
    assert decoders[OWN.get(name, "ain")].decode(*case).path_RT.equal(head.decode(*case).path_RT)


def best_path(head: AinFirst, emissions_TK: torch.Tensor) -> tuple[int, ...]:
    """The legal path of the highest score, of all of them."""
    start_K, allowed_KK, end_K = SCHEMES[head.scheme].transitions(head.tags)
    tables = head.tables()

    def score(path: tuple[int, ...]) -> float:
        legal = start_K[path[0]] and end_K[path[-1]]
        legal = legal and all(allowed_KK[i, j] for i, j in pairwise(path))
        total = head.start_K[path[0]] + head.end_K[path[-1]]
        total = total + sum(emissions_TK[t, tag] for t, tag in enumerate(path))
        for distance, table in tables.items():
            total = total + sum(table[i, j] for i, j in zip(path, path[distance:], strict=False))
        return float(total) if legal else -float("inf")

    return max(product(range(len(head.tags)), repeat=len(emissions_TK)), key=score)


@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize("name", ["ain", "ain-f2o"])
@torch.no_grad()
def test_the_exact_decoder_of_an_ain_finds_the_best_of_all_legal_paths(name: str, restricted: bool) -> None:
    head = random_head(name, "BIO", 2, seed=3)
    assert isinstance(head, AinFirst)
    case = random_case(len(head.tags), LENGTHS, seed=4, spread=1.0, restricted=restricted)
    path_BT = decoders_of(head)["viterbi"].decode(*case).path_RT
    for index, length in enumerate(LENGTHS):
        emissions_TK = case.row(index).emissions_BTK[0].masked_fill(~case.allowed_BK[index], -1e4)
        assert tuple(path_BT[index, :length].tolist()) == best_path(head, emissions_TK)
        assert not path_BT[index, length:].any()


def test_without_skips_the_second_order_is_the_first() -> None:
    head = random_head("ain-f2o", "BIO", 3, seed=5)
    assert isinstance(head, AinFactorised)
    torch.nn.init.zeros_(head.skips_KK)
    first = random_head("ain", "BIO", 3, seed=0)
    first.load_state_dict({key: value for key, value in head.state_dict().items() if key != "skips_KK"})
    case = random_case(len(head.tags), [9, 1, 2, 5], seed=6)
    paths = [decoders_of(each)["viterbi"].decode(*case).path_RT for each in (head, first)]
    assert paths[0].equal(paths[1])


def test_the_ain_of_a_crf_has_its_potentials() -> None:
    crf = random_head("crf", "IO", 4, seed=7)
    ain = decoders_of(crf)["ain"]
    assert isinstance(crf, Crf)
    assert isinstance(ain, AinFirst)
    assert len(ain.steps()) == 3
    assert ain.transitions_KK.equal(crf.transitions_KK)  # IO forbids nothing
    assert ain.start_K.equal(crf.start_K)
    assert ain.end_K.equal(crf.end_K)
