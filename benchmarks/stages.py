"""A bundle's stages on CPU and on CUDA: the time to score and to decode a batch, and whether both give the same frames.

The seconds are those that the service reports: score holds the batch's assembly and its way to the device and back.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Literal

from benchmarks.result import Target
from model_export.gates import agreement as gates
from polyparse.bundle import store as bundle
from polyparse.contract.frame import Utterance
from polyparse.errors import GateFailed
from polyparse.inference.parser import Parser
from polyparse.runtime.load import load
from polyparse.text.vectorizer import Item

DEVICES: tuple[Literal["cpu", "cuda"], ...] = ("cpu", "cuda")
BATCHES = (1, 8, 32, 128)
COMPARED = 2000
"""Utterances whose frames both devices must agree on."""
WARM_UP = 3
TARGETS = {"same_frames": Target("==", 1)}


def figures(models: Path, utterances: Sequence[Utterance], *, rounds: int) -> dict[str, float]:
    """Microseconds a batch by stage, device and batch size; `same_frames` is 1 where the devices agree, else 0."""
    located = bundle.locate(models)
    parsers = {
        device: load(located.bundle, digest=located.digest, device=device).parser for device in DEVICES
    }
    actual: dict[str, float] = same_frames(parsers["cpu"], parsers["cuda"], utterances, file=located.bundle)
    for size in BATCHES:
        for device, parser in parsers.items():
            items = [parser.prepare(utterance) for utterance in utterances[:size]]
            for stage, us in stage_us(parser, items, rounds=rounds).items():
                actual[f"{stage}_us_{device}_{size}"] = us
    return actual


def same_frames(
    one: Parser, other: Parser, utterances: Sequence[Utterance], *, file: Path
) -> dict[str, float]:
    """Compare by the exporter's own gate, in ragged batches: frames the same, probabilities within its tolerance."""
    frames = [
        gates.in_ragged_batches(parser, [parser.prepare(utterance) for utterance in utterances])
        for parser in (one, other)
    ]
    try:
        agreement = gates.agree("cuda equals cpu", frames[1], frames[0], file=file)
    except GateFailed as error:
        print(error)
        return {"same_frames": 0}
    return {
        "same_frames": 1,
        "frames_compared": agreement.utterances,
        "frames_tied": agreement.ties,
        "largest_difference": agreement.largest_difference,
    }


def stage_us(parser: Parser, items: Sequence[Item], *, rounds: int) -> dict[str, float]:
    """Median microseconds of score and decode over `rounds` runs of one batch."""
    for _ in range(WARM_UP):
        parser.run(items)
    runs = [parser.run(items).seconds for _ in range(rounds)]
    return {stage: 1e6 * median(seconds[stage] for seconds in runs) for stage in ("score", "decode")}
