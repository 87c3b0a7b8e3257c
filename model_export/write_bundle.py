"""A finished checkpoint -> a verified bundle: graphs, gates, golden frames, measures, card; renamed into place at the end.

    checkpoint --+--> float bundle --gate 1: answers as the checkpoint, in ragged batches and alone
                 +--> small bundle --gate 2: loses at most 0.003 exact match, alone equals in ragged batches
                              \\--> golden frames, measures of its own bytes, manifest, card --> rename

A bundle that fails a gate is not written.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from model_export import gates, package
from model_export.card import model_card
from model_export.choose_golden import choose_golden
from polyparse import golden, manifest
from polyparse.errors import ConfigError
from polyparse.frame import Utterance
from polyparse.runtime.parser import Parser
from train.evaluation import measure, parse_all
from train.models.heads.approximate import mean_field_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from polyparse.encode import Item
    from polyparse.frame import Frame
    from polyparse.manifest import Manifest
    from train.checkpoint import Checkpoint
    from train.corpora.example import Example

MEASURED_TOGETHER = 128  # utterances a batch when the finished bundle is measured


@dataclass(frozen=True)
class Request:
    """What to write: the bundle's name and version, how its numbers are stored, how a CRF decodes."""

    name: str
    version: str
    precision: Literal["small", "float32"] = "small"
    approximate: Literal["ain"] | None = None
    data: str | None = None
    licence: str = "as the corpus's owner gives it"


class Reference:
    """What the checkpoint's networks answer for the dev utterances that have a token; `approximate` swaps their heads."""

    def __init__(self, checkpoint: Checkpoint, approximate: Literal["ain"] | None) -> None:
        self.checkpoint = checkpoint
        self.networks = checkpoint.networks()
        if approximate:
            for network in self.networks:
                network.head = mean_field_of(network.head)
        self.vectorizer, self.pipeline = checkpoint.pipeline(self.networks)
        paired = [(e, self.vectorizer.item(Utterance(e.text, e.locale))) for e in checkpoint.dev()]
        self.examples: list[Example] = [example for example, item in paired if item.n_tokens]
        self.items: list[Item] = [item for _, item in paired if item.n_tokens]

    @cached_property
    def frames(self) -> list[Frame]:
        """Frames from PyTorch."""
        return parse_all(self.pipeline, self.items)


def write_bundle(
    checkpoint: Checkpoint, out: Path, request: Request, *, say: Callable[[str], None]
) -> Manifest:
    """Export a finished checkpoint to the folder `out`, which must not exist; `say` is told of each gate passed.

    Raises:
        ConfigError: the checkpoint is not finished, `out` exists, or the head cannot be approximated.
        GateFailed: the bundle does not answer as it must; nothing is written then.
    """
    if not checkpoint.complete:
        raise ConfigError(f"{checkpoint.folder}: found no measures.json, expected a finished run")
    if out.exists():
        raise ConfigError(f"{out}: found a file or folder, expected none: a bundle is never overwritten")
    reference = Reference(checkpoint, request.approximate)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as scratch:
        found = _gated(reference, Path(scratch), request, say)
        built = Path(scratch) / request.precision
        built.chmod(0o755)
        built.rename(out)
    return found


def _gated(reference: Reference, scratch: Path, request: Request, say: Callable[[str], None]) -> Manifest:
    faithful, built = scratch / "float32", scratch / request.precision
    package.write(reference.checkpoint, reference.networks, faithful, replace(request, precision="float32"))
    parser = Parser.load(faithful, device="cpu")
    notes = [_answers_as_checkpoint(parser, reference, faithful)]
    say(notes[-1])
    if request.precision == "small":
        package.write(reference.checkpoint, reference.networks, built, request)
        parser = Parser.load(built, device="cpu")
        notes.append(_keeps_its_accuracy(parser, reference, built))
        say(notes[-1])
    if request.approximate:
        notes.append(
            "trained as a CRF and decoded by mean field (--approximate ain), which it was not trained for"
        )
    golden.save(built / package.GOLDEN, choose_golden(reference, file=built))
    frames = gates.in_ragged_batches(parser.run, reference.items, size=MEASURED_TOGETHER)
    return _finish(built, parser.manifest, measure(reference.examples, frames), notes)


def _answers_as_checkpoint(parser: Parser, reference: Reference, bundle: Path) -> str:
    items, expected = reference.items, reference.frames
    ragged = gates.agree("float graph", gates.in_ragged_batches(parser.run, items), expected, file=bundle)
    alone = gates.agree("float graph, alone", gates.alone(parser.run, items), expected, file=bundle)
    worst = max(ragged.largest_difference, alone.largest_difference)
    return (
        f"gate 1: the float graphs gave the checkpoint's frames for {ragged.utterances} dev utterances, in ragged "
        f"batches and alone ({ragged.ties + alone.ties} ties, probabilities within {worst:.1e})"
    )


def _keeps_its_accuracy(parser: Parser, reference: Reference, bundle: Path) -> str:
    ragged = gates.in_ragged_batches(parser.run, reference.items)
    together = gates.agree(
        "alone equals batch", gates.alone(parser.run, reference.items), ragged, file=bundle
    )
    found = measure(reference.examples, ragged)["mean"]["exact_match"]
    expected = measure(reference.examples, reference.frames)["mean"]["exact_match"]
    gates.keeps_exact_match(found, expected, file=bundle)
    return (
        f"gate 2: the shipped bytes reach exact match {found:.4f} (checkpoint {expected:.4f}); alone equals in a "
        f"batch for {together.utterances} utterances ({together.ties} ties, probabilities within "
        f"{together.largest_difference:.1e})"
    )


def _finish(built: Path, written: Manifest, measures: dict[str, Any], notes: list[str]) -> Manifest:
    """Manifest with measures and golden frames, then the card, then the checksums of all; and one last check."""
    described = replace(written, measures={**measures["locales"], "mean": measures["mean"]})
    (built / package.CARD).write_text(model_card(described, notes=notes), encoding="utf-8")
    finished = replace(described, files=package.records(built))
    manifest.write(finished, built)
    Parser.load(built, device="cpu").check_golden()
    return finished
