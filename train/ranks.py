"""The processes of a run that `torchrun` started: each learns from its share of every batch, and the first one writes."""

from __future__ import annotations

import importlib
import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import distributed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

PATIENCE = timedelta(days=2)
"""How long processes wait for the first one, which alone makes text tables and trains the domain classifier."""
BACKENDS = {"cpu": "gloo", "cuda": "nccl"}
REFUSED = 2
"""Exit status of the others where the first one fails, which says why."""


@dataclass(frozen=True)
class Ranks:
    """This process among those of the run: `rank` from 0, and how many there are."""

    rank: int = 0
    size: int = 1

    @classmethod
    def here(cls) -> Ranks:
        """Those of the process group that this process has joined; itself alone without one."""
        if not distributed.is_initialized():
            return cls()
        return cls(distributed.get_rank(), distributed.get_world_size())

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes and speaks."""
        return self.rank == 0

    def of_first(self, make: Callable[[], T]) -> T:
        """What the first process makes, in all of them; where it fails, the others end too, without a word."""
        if self.size == 1:
            return make()
        made: list[T] = []
        try:
            if self.is_first:
                made.append(make())
        finally:
            sent: list[list[T]] = [made]
            distributed.broadcast_object_list(sent)
        if not sent[0]:
            raise SystemExit(REFUSED)
        return sent[0][0]

    def of_all(self, value: T) -> list[T]:
        """The value of each process, by rank."""
        values = [value] * self.size
        if self.size > 1:
            distributed.all_gather_object(values, value)
        return values


ALONE = Ranks()


@contextmanager
def joined(device: torch.device) -> Iterator[Ranks]:
    """The processes of this run, able to talk to each other; this one alone where `torchrun` did not start it."""
    if not distributed.is_torchelastic_launched():
        yield ALONE
        return
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    # DistributedDataParallel imports it: first imported beside a process group, it keeps that group, whose threads are then
    # alive when the interpreter ends, and abort the process where one of them lets go of a Python object.
    importlib.import_module("torch._dynamo")
    distributed.init_process_group(BACKENDS[device.type], timeout=PATIENCE)
    try:
        yield Ranks.here()
    finally:
        distributed.destroy_process_group()
