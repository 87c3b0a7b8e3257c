"""A finished checkpoint -> a verified bundle: graphs, gates, golden frames, measures, card; renamed into place at the end.

    checkpoint --+--> float bundle --gate 1: answers as the checkpoint, in ragged batches and alone
                 +--> small bundle --gate 2: loses at most 0.003 exact match, alone equals in ragged batches
                              \\--> calibration --> golden frames, measures of its own bytes on dev as it is and
                                                   made noisy, manifest, card --> rename

Gates compare the model's own probabilities; the finished bundle calibrates them, and refuses where the checkpoint says so.

A bundle that fails a gate is not written.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from model_export.bundle import files as package
from model_export.bundle import training_time
from model_export.bundle.card import model_card
from model_export.bundle.dataset_info import origin_of
from model_export.bundle.golden_frames import choose_golden, clear_of_refusal, clear_of_rounding
from model_export.gates import agreement as gates
from model_export.gates.reference import Reference
from model_export.graphs.input_scales import sample
from polyparse.bundle import golden, manifest
from polyparse.errors import ConfigError
from polyparse.evaluation.evaluate import measure, parse_all
from polyparse.evaluation.robustness import pairs_by_kind
from polyparse.inference.pipeline import Judgement
from polyparse.runtime.load import Parser
from train.postprocessing import calibration as calibrate
from train.postprocessing.calibration_data import observe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from polyparse.bundle.manifest import Manifest
    from polyparse.contract.frame import Frame, Utterance
    from polyparse.evaluation.robustness import Pair
    from polyparse.inference.pipeline import Outcome
    from polyparse.text.vectorizer import Item
    from train.checkpoint import Checkpoint

MEASURED_TOGETHER = 128  # utterances a batch when the finished bundle is measured
APPROXIMATED = "trained as a CRF and decoded by mean field (--approximate ain), which it was not trained for"


@dataclass(frozen=True)
class Request:
    """What to write: the bundle's name and version, how its numbers are stored, how a CRF decodes.

    `data` and `licence` are what the card says of the corpus, in place of what `origin_of` finds.
    """

    name: str
    version: str
    precision: Literal["small", "float32"] = "small"
    approximate: Literal["ain"] | None = None
    data: str | None = None
    licence: str | None = None


def write_bundle(
    checkpoint: Checkpoint, out: Path, request: Request, *, say: Callable[[str], None]
) -> Manifest:
    """Export a finished checkpoint to the folder `out`, which must not exist; `say` is told of each gate passed.

    Raises:
        ConfigError: the checkpoint is not finished or has no dev utterances, `out` exists, or the head cannot be
            approximated.
        BundleError: the bundle does not answer as it must; nothing is written then, not even the folders around `out`.
    """
    if not checkpoint.complete:
        raise ConfigError(f"{checkpoint.folder}: found no measures.json, expected a finished run")
    if out.exists():
        raise ConfigError(f"{out}: found a file or folder, expected none: a bundle is never overwritten")
    reference = Reference(checkpoint, request.approximate)
    existing = next(folder for folder in out.absolute().parents if folder.exists())
    with tempfile.TemporaryDirectory(dir=existing, prefix=f".{out.name}.") as scratch:
        found = _gated(reference, Path(scratch), request, out=out, say=say)
        built = Path(scratch) / request.precision
        built.chmod(0o755)
        out.parent.mkdir(parents=True, exist_ok=True)
        built.rename(out)
    return found


class _Judged(NamedTuple):
    """The finished model, as far as measuring needs it."""

    prepare: Callable[[Utterance], Item]
    run: Callable[[Sequence[Item]], Outcome]


def _gated(
    reference: Reference, scratch: Path, request: Request, *, out: Path, say: Callable[[str], None]
) -> Manifest:
    """Build the bundle in a folder of `scratch` that is named after its precision; errors name it as `out`."""
    parser = _load(reference, scratch, replace(request, precision="float32"))
    notes = [_answers_as_checkpoint(parser, reference, out)]
    say(notes[-1])
    if request.precision == "small":
        parser = _load(reference, scratch, request)
        notes.append(_keeps_its_accuracy(parser, reference, out))
        say(notes[-1])
    if request.approximate:
        notes.append(APPROXIMATED)
    judgement, note = _judged(parser, reference)
    notes.append(note)
    say(note)
    notes.append(training_time.in_words(reference.checkpoint))
    run, labels = reference.checkpoint.run(), reference.checkpoint.labels()
    written = origin_of(run.corpus, labels.domains).has_written_utterances
    judging = parser.pipeline.judging(judgement)
    answer = partial(reference.answer, judgement=judgement)
    shipped = partial(_answers, _Judged(reference.prepare, judging.run))
    chosen = choose_golden(
        clear_of_rounding(clear_of_refusal(answer, judgement.rejection), shipped),
        run.locales,
        reference.examples,
        written=written,
        file=out,
    )
    golden.save(parser.folder / package.GOLDEN, chosen)
    frames = gates.in_ragged_batches(judging.run, reference.items, size=MEASURED_TOGETHER)
    noise = pairs_by_kind(_Judged(reference.prepare, judging.run), reference.examples)
    return _finish(parser, judgement, measure(reference.examples, frames), notes, noise)


def _answers(model: _Judged, utterances: Sequence[Utterance]) -> list[Frame]:
    return parse_all(model, [model.prepare(utterance) for utterance in utterances])


def _load(reference: Reference, scratch: Path, request: Request) -> Parser:
    folder = scratch / request.precision
    package.write(reference.checkpoint, reference.networks, folder, request, sample=sample(reference.items))
    return Parser.load(folder, device="cpu")


def _judged(parser: Parser, reference: Reference) -> tuple[Judgement, str]:
    """Calibration fitted to dev by the bundle's own bytes, the checkpoint's rejection, and how well the first does."""
    manifest = parser.manifest
    routing = manifest.routing if manifest.topology == "shared" else replace(manifest.routing, kind="hard")
    trials = observe(parser.pipeline, reference.items, reference.examples, manifest.labels, routing)
    checkpoint = reference.checkpoint
    judgement = Judgement(calibrate.fit(trials), checkpoint.rejection(), checkpoint.seen_text())
    return judgement, calibrate.in_words(trials)


def _answers_as_checkpoint(parser: Parser, reference: Reference, out: Path) -> str:
    items, expected = reference.items, reference.frames
    ragged = gates.agree(
        "float graph", gates.in_ragged_batches(parser.pipeline.run, items), expected, file=out
    )
    alone = gates.agree("float graph, alone", gates.alone(parser.pipeline.run, items), expected, file=out)
    worst = max(ragged.largest_difference, alone.largest_difference)
    return (
        f"gate 1: the float graphs gave the checkpoint's frames for {ragged.utterances} dev utterances, in ragged "
        f"batches and alone ({ragged.ties + alone.ties} ties, probabilities within {worst:.1e})"
    )


def _keeps_its_accuracy(parser: Parser, reference: Reference, out: Path) -> str:
    ragged = gates.in_ragged_batches(parser.pipeline.run, reference.items)
    alone = gates.alone(parser.pipeline.run, reference.items)
    together = gates.agree("alone equals batch", alone, ragged, file=out)
    found = measure(reference.examples, ragged)["mean"]["exact_match"]
    expected = measure(reference.examples, reference.frames)["mean"]["exact_match"]
    gates.keeps_exact_match(found, expected, file=out)
    return (
        f"gate 2: the shipped bytes reach exact match {found:.4f} (checkpoint {expected:.4f}); alone equals in a "
        f"batch for {together.utterances} utterances ({together.ties} ties, probabilities within "
        f"{together.largest_difference:.1e})"
    )


def _finish(
    parser: Parser,
    judgement: Judgement,
    measures: dict[str, Any],
    notes: list[str],
    noise: Mapping[str, Sequence[Pair]],
) -> Manifest:
    """Manifest with measures and golden frames, then the card, then the checksums of all; and one last check."""
    folder = parser.folder
    described = replace(
        parser.manifest,
        measures={**measures["locales"], "mean": measures["mean"]},
        calibration=judgement.calibration,
        rejection=judgement.rejection,
    )
    (folder / package.CARD).write_text(model_card(described, notes=notes, noise=noise), encoding="utf-8")
    finished = replace(described, files=package.records(folder))
    manifest.write(finished, folder)
    Parser.load(folder, device="cpu").check_golden()
    return finished
