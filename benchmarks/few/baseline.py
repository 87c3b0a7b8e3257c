"""The other side: the peers' CRFsuite for slots and logistic regression for intents, trained in their own environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.peers import environment
from benchmarks.peers.call import PeerProcess
from benchmarks.peers.data import example
from benchmarks.peers.inside.exchange import read_answers, write_examples
from benchmarks.peers.peer import PEERS
from benchmarks.peers.record import digest, recorded
from benchmarks.peers.score import scores

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polyparse.corpora.example import Example

PEER = PEERS["sklearn"]


class Baseline:
    """Trains and asks the peer; what it answered to the same utterances before is read."""

    def __init__(self, work: Path) -> None:
        """Install it under `work`; raises Unavailable where that fails."""
        self._work = work
        self._python = environment.ready(PEER, work / "venv")

    def answered(self, name: str, train: Sequence[Example], judged: Sequence[Example]) -> dict[str, float]:
        """Intent accuracy of the MaxEnt and slot F1 of the CRF; the files are kept by `name`."""
        folder = self._work / PEER.name / name
        model = folder / "model"
        model.mkdir(parents=True, exist_ok=True)
        files = [folder / "train.jsonl", folder / "judged.jsonl"]
        for file, part in zip(files, (train, judged), strict=True):
            write_examples(map(example, part), file)
        process, answers = PeerProcess(self._python, PEER.module, folder), folder / "answers.jsonl"

        def ask() -> dict[str, float]:
            settings = json.dumps(PEER.settings)
            process.call("train", examples=tuple(files), model=model, settings=settings)
            process.call("answer", examples=files[1], model=model, answers=answers)
            return scores(judged, read_answers(answers))

        key = {
            "files": list(map(digest, files)),
            "versions": digest(PEER.requirements),
            "settings": PEER.settings,
        }
        return dict(recorded(folder / "answered.json", key, ask))
