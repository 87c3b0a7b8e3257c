"""What a run depends on: the record that its folder begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from polyparse.corpora.stream import CorpusFile
from train.config import RunConfig


@dataclass(frozen=True)
class RunRecord:
    """What a run depends on: its config, its corpus as the user named it, its environment and its parent runs.

    `start` is the folder of the run whose weights it starts from, `teachers` are the folders of the runs that teach it.
    `threads` are PyTorch's, `device` trained the networks. `parent_seconds` are `train.cpu_seconds` when the run began.
    `also` are other tasks that were learnt at the same time, as "name=corpus".
    """

    config: RunConfig
    corpus: str
    locales: tuple[str, ...]
    git_commit: str
    libraries: dict[str, str]
    created: str
    start: str | None = None
    start_recipe: str | None = None
    teachers: tuple[str, ...] = ()
    teacher_recipes: tuple[str, ...] = ()
    threads: int | None = None
    parent_seconds: Mapping[str, float] | None = None
    device: str = "cpu"
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class StreamRecord:
    """The files that a run reads as a stream, how many training utterances its index has, and how many it leaves out."""

    files: tuple[CorpusFile, ...]
    utterances: int
    left_out: int
