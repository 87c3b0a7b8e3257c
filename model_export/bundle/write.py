"""A finished checkpoint -> a verified bundle: graphs, gates, golden frames, measures, card; renamed into place at the end.

    checkpoint --+--> float bundle --gate 1: same frames as the checkpoint, in ragged batches and alone
                 +--> small bundle --gate 2: loses at most 0.003 exact match, same frames in ragged batches and alone
                              \\--> calibration --> golden frames, measures of the bundle on clean and on noisy dev,
                                                   manifest, card --> rename

Gates compare uncalibrated probabilities without refusal; the finished bundle calibrates, and refuses by the checkpoint's
out-of-domain score, or by the default one, whose threshold is chosen on dev.

A bundle that fails a gate is not written.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from model_export.bundle import files, training_time
from model_export.bundle.card import model_card, refusals_on
from model_export.bundle.dataset_info import dataset_info_of
from model_export.bundle.golden_frames import choose_golden, without_refused, without_unstable
from model_export.gates import agreement
from model_export.gates.reference import Reference
from model_export.graphs.input_scales import sample
from polyparse.bundle import golden, manifest
from polyparse.errors import ConfigError
from polyparse.evaluation.evaluate import measure
from polyparse.evaluation.robustness import pairs_by_kind
from polyparse.inference.pipeline import Postprocessing
from polyparse.outputs import check_folder
from polyparse.runtime.load import load
from train.postprocessing import calibration, held_out
from train.postprocessing.calibration_data import calibration_data_of
from train.postprocessing.ood import lower_default_score

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from model_export.bundle.request import Request
    from polyparse.bundle.manifest import Manifest
    from polyparse.contract.frame import Frame
    from polyparse.corpora.example import Example
    from polyparse.inference.parser import Parser
    from polyparse.runtime.load import LoadedBundle
    from train.checkpoint import Checkpoint

MEASURE_BATCH = 128  # utterances in a batch when the finished bundle is measured
APPROXIMATED = "trained as a CRF and decoded by mean field (--approximate ain), which it was not trained for"


def write_bundle(
    checkpoint: Checkpoint, out: Path, request: Request, *, say: Callable[[str], None]
) -> Manifest:
    """Export a finished checkpoint to the folder `out`, which must not exist; `say` prints each gate passed.

    Raises:
        ConfigError: the checkpoint is not finished or has no dev utterances, its networks have a pre-trained sentence
            encoder, `out` exists or cannot be written, or the head cannot be approximated.
        BundleError: the bundle fails a gate; then nothing is written, not even the parent folders of `out`.
    """
    if not checkpoint.complete:
        raise ConfigError(f"{checkpoint.folder}: found no measures.json, expected a finished run")
    if size := checkpoint.run().config.joint.pretrained_size:
        raise ConfigError(
            f"{checkpoint.folder}: joint.pretrained_size: found {size}, expected 0: a bundle holds no sentence encoder; let"
            " this run be the teacher of one without it"
        )
    if out.exists():
        raise ConfigError(f"{out}: found a file or folder, expected none: a bundle is never overwritten")
    check_folder(out.parent)
    reference = Reference(checkpoint, request.approximate)
    existing = next(parent for parent in out.absolute().parents if parent.exists())
    with tempfile.TemporaryDirectory(dir=existing, prefix=f".{out.name}.") as scratch:
        written = _build(reference, Path(scratch), request, out=out, say=say)
        folder = Path(scratch) / request.precision
        folder.chmod(0o755)
        out.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(out)
    return written


def _build(
    reference: Reference, scratch: Path, request: Request, *, out: Path, say: Callable[[str], None]
) -> Manifest:
    """Build the bundle in a folder of `scratch`, named after its precision, and check its gates; errors name `out`."""
    bundle = _load(reference, scratch, replace(request, precision="float32"))
    notes = [_check_float_graphs(bundle.parser, reference, out)]
    say(notes[-1])
    if request.precision == "small":
        bundle = _load(reference, scratch, request)
        notes.append(_check_small_graphs(bundle.parser, reference, out))
        say(notes[-1])
    if request.approximate:
        notes.append(APPROXIMATED)
    postprocessing, more = _postprocessing(bundle, reference, refuse=request.refuse)
    notes += more
    for note in more:
        say(note)
    notes.append(training_time.in_words(reference.checkpoint))
    run, labels = reference.checkpoint.run(), reference.checkpoint.labels()
    parser = bundle.parser.with_postprocessing(postprocessing)
    parse = reference.parser.with_postprocessing(postprocessing).parse
    golden_frames = choose_golden(
        without_unstable(without_refused(parse, postprocessing.ood), parser.parse),
        run.locales,
        reference.examples,
        written=dataset_info_of(run.corpus, labels.domains).has_written_utterances,
        file=out,
    )
    golden.save(bundle.folder / files.GOLDEN, golden_frames)
    frames = agreement.in_ragged_batches(parser, reference.items, size=MEASURE_BATCH)
    return _finish(bundle, postprocessing, notes, reference.examples, frames)


def _load(reference: Reference, scratch: Path, request: Request) -> LoadedBundle:
    """Write a bundle without golden frames and measures, and load it, so that it refuses nothing yet."""
    folder = scratch / request.precision
    files.write(reference.checkpoint, reference.networks, folder, request, sample=sample(reference.items))
    loaded = load(folder, device="cpu")
    plain = Postprocessing(training_text=reference.checkpoint.training_text())
    return replace(loaded, parser=loaded.parser.with_postprocessing(plain))


def _postprocessing(
    bundle: LoadedBundle, reference: Reference, *, refuse: bool
) -> tuple[Postprocessing, list[str]]:
    """The calibration, the out-of-domain score, and a note on each, fitted to dev and to what the run held out of training.

    A model without intents has nothing to refuse.
    """
    manifest = bundle.manifest
    routing = manifest.routing if manifest.topology == "shared" else replace(manifest.routing, kind="hard")
    checkpoint = reference.checkpoint
    of_dev = calibration_data_of(bundle.parser, reference.items, reference.examples, routing)
    answers = [held_out.HeldOut(of_dev, bundle.parser.evidence(reference.items))]
    if (file := checkpoint.folder / checkpoint.HELD_OUT).exists():
        answers.append(held_out.load(file, manifest.labels, routing))
    everything = held_out.HeldOut.join(answers)
    score, by = checkpoint.ood(), "the score that `polyparse ood` chose"
    if score is None and refuse and manifest.labels.intents:
        score = lower_default_score(answers[0].evidence, everything.evidence)
        by = f"the default score, with a threshold from dev{' and held-out utterances' if len(answers) > 1 else ''}"
    refusal = "refuses nothing" if score is None else f"refuses above {score.threshold:.4f} by {by}"
    screen = checkpoint.language_screen()
    notes = [calibration.in_words(everything.data, n_dev=len(of_dev)), refusal]
    if screen is not None:
        notes.append(screen.in_words())
    screens = () if screen is None else (screen,)
    return Postprocessing(calibration.fit(everything.data), score, checkpoint.training_text(), screens), notes


def _check_float_graphs(parser: Parser, reference: Reference, out: Path) -> str:
    """Gate 1; returns a note for the card."""
    items, expected = reference.items, reference.frames
    ragged = agreement.agree("float graph", agreement.in_ragged_batches(parser, items), expected, file=out)
    alone = agreement.agree("float graph, alone", agreement.alone(parser, items), expected, file=out)
    worst = max(ragged.largest_difference, alone.largest_difference)
    return (
        f"gate 1: the float graphs gave the checkpoint's frames for {ragged.utterances} dev utterances, in ragged "
        f"batches and alone ({ragged.ties + alone.ties} ties, probabilities within {worst:.1e})"
    )


def _check_small_graphs(parser: Parser, reference: Reference, out: Path) -> str:
    """Gate 2; returns a note for the card."""
    ragged = agreement.in_ragged_batches(parser, reference.items)
    alone = agreement.alone(parser, reference.items)
    together = agreement.agree("alone equals batch", alone, ragged, file=out)
    shipped = measure(reference.examples, ragged)["mean"]["exact_match"]
    expected = measure(reference.examples, reference.frames)["mean"]["exact_match"]
    agreement.check_exact_match(shipped, expected, file=out)
    return (
        f"gate 2: the shipped bytes reach exact match {shipped:.4f} (checkpoint {expected:.4f}); alone equals in a "
        f"batch for {together.utterances} utterances ({together.ties} ties, probabilities within "
        f"{together.largest_difference:.1e})"
    )


def _finish(
    bundle: LoadedBundle,
    postprocessing: Postprocessing,
    notes: list[str],
    dev: Sequence[Example],
    frames: Sequence[Frame],
) -> Manifest:
    """Write the card, then the manifest with measures and checksums of all files, and check the golden frames."""
    folder = bundle.folder
    parser = bundle.parser.with_postprocessing(postprocessing)
    measures = measure(dev, frames)
    measured = replace(
        bundle.manifest,
        measures={**measures["locales"], "mean": measures["mean"]},
        calibration=postprocessing.calibration,
        ood=postprocessing.ood,
    )
    card = model_card(
        measured, notes=notes, noise=pairs_by_kind(parser, dev), refusals=refusals_on(dev, parser, measured)
    )
    (folder / files.CARD).write_text(card, encoding="utf-8")
    finished = replace(measured, files=files.records(folder))
    manifest.write(finished, folder)
    load(folder, device="cpu").check_golden()
    return finished
