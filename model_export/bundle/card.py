"""MODEL_CARD.md: what a bundle is, what it was trained on and how well it does, for the person who has to trust it."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING

from polyparse.evaluation.robustness import HARSH, drop

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from polyparse.bundle.manifest import Manifest
    from polyparse.evaluation.robustness import Pair
    from polyparse.inference.routing import Routing

MEASURES = ("domain_accuracy", "intent_accuracy", "slot_f1", "exact_match", "frame_accuracy", "semer")
HEADS = {
    "viterbi": "linear-chain CRF, decoded exactly by Viterbi; marginals by forward-backward",
    "ain": "approximate inference network (AIN): mean field, unrolled for a fixed number of iterations",
    "softmax": "each tag by itself (softmax)",
}
NOISES = {
    "typo": "a typo in one word",
    "diacritics": "no diacritics",
    "upper_case": "all in upper case",
    "romanised": "Hindi in Latin letters",
    "function_word": "one function word left out",
    "code_mixing": "one slot's value in another language",
    "marks": "Hindi without its non-spacing marks, as no one types it",
}
"""Kind of noise -> what it does to an utterance."""
FAVOURABLE = "Dev chose the training epoch and lambda, so dev measures are slightly favourable; expect about a point less."
NEVER_REFUSES = (
    "Made for text like the training corpus's. Other text gets a frame too, there is no out-of-domain answer: watch the "
    "confidence."
)
REFUSES = (
    "Made for text like the training corpus's. Text whose out-of-domain score is above {threshold:g} is refused; some text "
    "of other domains scores less, and some of these domains scores more."
)
CALIBRATED = (
    "Confidences of frames, domains and intents are calibrated on dev, and hold for text like it; a slot's own is the "
    "head's marginal, which is not calibrated."
)
NOT_CALIBRATED = "Confidences are the model's own probabilities; they are not calibrated."


def model_card(manifest: Manifest, *, notes: list[str], noise: Mapping[str, Sequence[Pair]]) -> str:
    """The card as Markdown; `notes` are sentences that the exporter adds (how it decodes, what the gates saw).

    `noise` has the utterances of dev that each kind changes.
    """
    labels, provenance = manifest.labels, manifest.provenance
    counts = ", ".join(
        f"{len(getattr(labels, kind)) or 'no'} {kind}" for kind in ("domains", "intents", "slots")
    )
    libraries = ", ".join(f"{name} {version}" for name, version in provenance.libraries.items())
    model = [
        f"recipe `{provenance.recipe}`, seed {provenance.seed}, topology {manifest.topology}, scheme {labels.scheme}",
        f"slots: {HEADS[manifest.decode_head]}",
        *([f"routing: {_routed(manifest.routing)}"] if labels.intents else []),
        *notes,
    ]
    parts = [
        f"# {manifest.name} {manifest.version}",
        f"Utterances in {', '.join(manifest.locales)} to frames: {counts}.",
        "## Model",
        _list(model),
        "## Data and licence",
        f"Trained on {provenance.data}. Licence of the data: {provenance.licence}.",
        "## Measures on dev (fractions), from the bundle's own bytes",
        _measures(manifest.measures),
        (
            "Intent accuracy, slot F1 and exact match as MASSIVE's scorer counts them; SEMER is (deletions + insertions + "
            "substitutions) / (slots + intents), lower is better."
        ),
        "## Exact match lost to noise on dev (fractions), from the bundle's own bytes",
        _noise(noise),
        "## Limits",
        _list(_limits(manifest)),
        "## Provenance",
        f"Commit `{provenance.git_commit}`, {provenance.created}, {libraries}.",
    ]
    return "\n\n".join(parts) + "\n"


def _limits(manifest: Manifest) -> list[str]:
    rejection = manifest.rejection
    return [
        FAVOURABLE,
        NEVER_REFUSES if rejection is None else REFUSES.format(threshold=rejection.threshold),
        NOT_CALIBRATED if manifest.calibration is None else CALIBRATED,
    ]


def _routed(routing: Routing) -> str:
    if routing.classifier == "none":
        return "by the joint network alone"
    classifier = f"a domain classifier over {routing.classifier}"
    if routing.kind == "hard":
        return f"hard, the domain by {classifier}, the intent by the joint network"
    return f"soft, lambda {routing.joint_weight} on the joint network beside {classifier}"


def _list(sentences: list[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _measures(measures: Mapping[str, Mapping[str, object]]) -> str:
    rows: list[tuple[str, ...]] = [("locale", "utterances", *MEASURES)]
    for locale, found in measures.items():
        values = (found.get(name) for name in MEASURES)
        rows.append(
            (
                locale,
                str(found.get("utterances")),
                *(f"{v:.4f}" if isinstance(v, float) else "-" for v in values),
            )
        )
    return _table(rows)


def _noise(noise: Mapping[str, Sequence[Pair]]) -> str:
    """What each kind costs, and the mean of the kinds that people type; kinds that change no utterance are named."""
    drops = {kind: drop(pairs) for kind, pairs in noise.items() if pairs}
    rows = [("noise", "utterances changed", "exact match lost")]
    rows += [(NOISES[kind], str(len(noise[kind])), f"{lost:.4f}") for kind, lost in drops.items()]
    typed = [lost for kind, lost in drops.items() if kind not in HARSH]
    said = [_table(rows)] if drops else []
    if typed:
        said.append(f"Mean over what people type: {mean(typed):.4f}.")
    if absent := [NOISES[kind] for kind in noise if kind not in drops]:
        said.append(f"Not measured, for no utterance of dev could get it: {'; '.join(absent)}.")
    return "\n\n".join(said)


def _table(rows: Sequence[Sequence[str]]) -> str:
    """The first row is the head."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])
