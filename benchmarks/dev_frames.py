"""The frames of the shipped bundles on MASSIVE dev, recorded: what changed, and in which utterances.

Without --record it compares what a bundle answers now with the record of its decode head, and exits with 1 where a label or
a span differs, or a probability by more than TOLERANCE. With --record it writes the record anew and says how many frames
changed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import corpus
from benchmarks.command import ROOT
from benchmarks.errors import MeasurementFailed
from polyparse.bundle import store
from polyparse.errors import PolyparseError
from polyparse.evaluation.evaluate import answer
from polyparse.runtime.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from polyparse.contract.frame import Frame
    from polyparse.runtime.load import LoadedBundle

FOLDER = Path(__file__).with_name("dev_frames")
TOLERANCE = 0.01
"""Of a probability: another processor rounds otherwise."""
DIGITS = 4
SHOWN = 10

Frames = dict[str, list[Any]]
"""`locale id` -> [domain, intent, [[slot, start, end], ..], refused, [probabilities]]."""


@dataclass(frozen=True)
class Differences:
    """Utterances whose labels or spans changed, those that came or went, and the largest change of a probability."""

    changed: Sequence[str]
    missing: Sequence[str]
    largest: float

    @property
    def agree(self) -> bool:
        """Whether nothing changed but what another processor would round."""
        return not self.changed and not self.missing and self.largest <= TOLERANCE


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dev_frames", description=__doc__)
    parser.add_argument("--bundle", type=Path, default=ROOT / "models", metavar="DIR", help="as elsewhere")
    corpus.add_option(parser)
    parser.add_argument("--record", action="store_true", help="write the record anew")
    options = parser.parse_args(argv)
    try:
        located = store.locate(options.bundle)
        bundle = load(located.bundle, digest=located.digest, device="cpu")
        frames = frames_of(bundle, options.corpus)
        file = record_of(bundle)
        differences = compare(read(file), frames) if file.exists() else None
    except PolyparseError as error:
        print(f"refused: {error}", file=sys.stderr)
        return 2
    print(in_words(differences, len(frames)))
    if options.record:
        write(file, frames)
        return 0
    return 0 if differences is not None and differences.agree else 1


def frames_of(bundle: LoadedBundle, spec: str) -> Frames:
    """What the bundle answers to each utterance of dev in the locales that it serves."""
    examples = corpus.examples(spec, partition="dev", locales=bundle.manifest.locales)
    frames, _ = answer(bundle.parser, examples)
    return {f"{e.locale} {e.id}": _recorded(frame) for e, frame in zip(examples, frames, strict=True)}


def record_of(bundle: LoadedBundle) -> Path:
    """The record of a bundle's decode head."""
    return FOLDER / f"{bundle.manifest.decode_head}.jsonl.gz"


def compare(before: Mapping[str, list[Any]], now: Mapping[str, list[Any]]) -> Differences:
    """Labels, spans and refusal by equality, probabilities by how far they are apart."""
    both = [key for key in before if key in now]
    changed = [key for key in both if before[key][:-1] != now[key][:-1]]
    pairs = (
        pair
        for key in both
        if before[key][:-1] == now[key][:-1]
        for pair in zip(before[key][-1], now[key][-1], strict=True)
    )
    largest = max((abs(one - other) for one, other in pairs), default=0.0)
    return Differences(changed, sorted(before.keys() ^ now.keys()), largest)


def read(file: Path) -> Frames:
    """Read a record."""
    try:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            return {key: frame for key, *frame in map(json.loads, lines)}
    except (OSError, ValueError) as error:
        raise MeasurementFailed(
            f"{file}: found no record ({error}), expected one that --record wrote"
        ) from error


def write(file: Path, frames: Frames) -> None:
    """Write a record; the same frames give the same bytes."""
    lines = (
        json.dumps([key, *frame], ensure_ascii=False, separators=(",", ":")) for key, frame in frames.items()
    )
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0))


def in_words(differences: Differences | None, count: int) -> str:
    """What changed."""
    if differences is None:
        return f"{count} frames, and no record to compare them with"
    listed = ", ".join(differences.changed[:SHOWN])
    return (
        f"{count} frames: {len(differences.changed)} changed in a label, a span or a refusal"
        f"{f' ({listed})' if listed else ''}, {len(differences.missing)} of one side alone; "
        f"probabilities of the others at most {differences.largest:.2g} apart"
    )


def _recorded(frame: Frame) -> list[Any]:
    choices = [choice for choice in (frame.domain, frame.intent) if choice is not None]
    confidences = [each.confidence for each in choices] + [slot.confidence for slot in frame.slots]
    return [
        frame.domain and frame.domain.name,
        frame.intent and frame.intent.name,
        [[slot.name, slot.start, slot.end] for slot in frame.slots],
        frame.refused and frame.refused.reason,
        [round(each, DIGITS) for each in (frame.confidence, *confidences, frame.out_of_domain or 0.0)],
    ]


if __name__ == "__main__":
    sys.exit(main())
