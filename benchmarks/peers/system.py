"""One system measured: trained, asked all of dev, timed; what was done before and still holds is not done again."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from benchmarks.peers.call import PeerProcess
from benchmarks.peers.data import Data
from benchmarks.peers.inside.exchange import read_answers
from benchmarks.peers.peer import Peer
from benchmarks.peers.record import digest, recorded
from benchmarks.peers.score import scores


def train(peer: Peer, process: PeerProcess, data: Data) -> Mapping[str, float]:
    """Train the peer's model in the process's folder, or find it trained: processor seconds, and those on the wall."""
    model = model_folder(process)

    def make() -> Mapping[str, float]:
        print(f"{peer.name}: training (log: {process.folder / 'train.log'})", flush=True)
        shutil.rmtree(model, ignore_errors=True)
        model.mkdir(parents=True)
        settings = json.dumps(peer.settings)
        return process.call("train", examples=(data.train, data.dev), model=model, settings=settings)

    key = {
        "train": digest(data.train),
        "dev": digest(data.dev),
        "versions": digest(peer.requirements),
        "settings": peer.settings,
    }
    return recorded(process.folder / "trained.json", key, make)


def answered(process: PeerProcess, model: Path, model_key: str, data: Data) -> dict[str, float]:
    """The scores of the model's answers to dev, and the memory of the process that gave them."""
    answers = process.folder / "answers.jsonl"
    key = {"dev": digest(data.dev), "model": model_key}
    actual = recorded(
        process.folder / "answered.json",
        key,
        lambda: process.call("answer", examples=data.dev, model=model, answers=answers),
    )
    return {**scores(data.examples, read_answers(answers)), "rss_mb": actual["rss_mb"]}


def parse_ms(process: PeerProcess, model: Path, data: Data) -> float:
    """Median time of one answer, measured now: inside the process, one after the other."""
    return process.call("time", examples=data.timed, model=model, warm_up=data.warm_up)["p50_ms"]


def model_folder(process: PeerProcess) -> Path:
    """Where the process's model is."""
    return process.folder / "model"


def size_mb(folder: Path) -> float:
    """All files of a folder, in 10^6 bytes."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
