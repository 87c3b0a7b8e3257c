"""A bundle made by hand, in which each known word speaks for its intent and its tag; small, and yet a real one.

Axes: B items, T tokens, U distinct words, C characters, V words known (0 padding, 1 unknown), I intents, K tags.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from model_export.bundle.files import signature_of
from polyparse.bundle import golden
from polyparse.bundle.golden import Golden
from polyparse.bundle.manifest import SCHEMA_VERSION, Graphs, Manifest, Network, Provenance, TextFiles, write
from polyparse.bundle.store import record
from polyparse.bundle.upgrade import SIGNALS
from polyparse.contract.labels import Labels
from polyparse.inference.routing import Routing
from polyparse.text.tokens import RULES
from polyparse.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Meaning:
    """What a word speaks for."""

    intent: str | None = None
    tag: str = "O"


WORDS: Mapping[str, Meaning] = {
    "wake": Meaning("alarm_set"),
    "alarm": Meaning("alarm_set"),
    "lights": Meaning("lights_off"),
    "luces": Meaning("lights_off"),
    "kitchen": Meaning(tag="B-place"),
    "cocina": Meaning(tag="B-place"),
    "seven": Meaning(tag="B-time"),
    "siete": Meaning(tag="B-time"),
    "today": Meaning(tag="B-time"),
}
LABELS = Labels(
    domains=("alarm", "iot"),
    intents=("alarm_set", "lights_off"),
    intent_domains=(0, 1),
    slots=("place", "time"),
    domain_slots=((1,), (0, 1)),
    scheme="BIO",
)
GOLDEN = (
    Golden("wake me at seven", "en-US", "alarm", "alarm_set", (("time", 11, 16),), 1.0),
    Golden("apaga las luces de la cocina", "es-ES", "iot", "lights_off", (("place", 22, 28),), 1.0),
)
CERTAIN = 12.0  # a word's score for what it speaks for, all else being 0

SCORE = f"""
    <ir_version: 10, opset_import: ["" : 21]>
    score (int64[B,T] words_BT, int64[U] word_rows_U, int64[U,C] characters_UC, int32[B] lengths_B)
        => (float[B,{len(LABELS.intents)}] log_probs_BI, float[B,T,{len(LABELS.tags)}] emissions_BTK)
    {{
        rows_BT = Gather (word_rows_U, words_BT)
        emissions_BTK = Gather (tags_VK, rows_BT)
        intents_BTI = Gather (intents_VI, rows_BT)
        over_tokens = Constant <value_ints = [1]> ()
        evidence_BI = ReduceSum <keepdims = 0> (intents_BTI, over_tokens)
        log_probs_BI = LogSoftmax (evidence_BI)
    }}
"""
DECODE = """
    <ir_version: 10, opset_import: ["" : 21]>
    decode (float[B,T,K] emissions_BTK, bool[B,K] allowed_BK, int32[B] lengths_B)
        => (int64[B,T] path_BT, float[B,T] path_marginals_BT, float[B] log_prob_B)
    {
        one = Constant <value_ints = [1]> ()
        allowed_B1K = Unsqueeze (allowed_BK, one)
        never = Constant <value_float = -10000.0> ()
        scores_BTK = Where (allowed_B1K, emissions_BTK, never)
        probs_BTK = Softmax (scores_BTK)
        anywhere_BT = ArgMax <axis = -1, keepdims = 0> (probs_BTK)
        tags_axis = Constant <value_ints = [-1]> ()
        highest_BT = ReduceMax <keepdims = 0> (probs_BTK, tags_axis)
        first = Constant <value_int = 0> ()
        step = Constant <value_int = 1> ()
        longest = Shape <start = 1, end = 2> (emissions_BTK)
        end = Squeeze (longest)
        position_T = Range (first, end, step)
        lengths = Cast <to = 7> (lengths_B)
        lengths_B1 = Unsqueeze (lengths, one)
        inside_BT = Less (position_T, lengths_B1)
        path_BT = Where (inside_BT, anywhere_BT, first)
        certain = Constant <value_float = 1.0> ()
        path_marginals_BT = Where (inside_BT, highest_BT, certain)
        logs_BT = Log (path_marginals_BT)
        log_prob_B = ReduceSum <keepdims = 0> (logs_BT, one)
    }
"""


def write_bundle(folder: Path) -> Path:
    """Write a sound bundle into models/<name>/<version>, whose names are the folder's; returns the folder."""
    folder.mkdir(parents=True)
    Vocabulary(words=tuple(WORDS), characters="").save(folder / "vocabulary.json")
    meanings = (Meaning(), Meaning(), *WORDS.values())  # of padding and of unknown words first
    intents_VI = table([LABELS.intents.index(word.intent) if word.intent else None for word in meanings], 2)
    tags_VK = table([LABELS.tags.index(word.tag) for word in meanings], len(LABELS.tags))
    save_graph(SCORE, folder / "score.onnx", intents_VI=intents_VI, tags_VK=tags_VK)
    save_graph(DECODE, folder / "decode.onnx")
    golden.save(folder / "golden.jsonl", GOLDEN)
    write(describe(folder), folder)
    return folder


def describe(folder: Path) -> Manifest:
    """The manifest of the files that a folder holds."""
    graphs = Graphs(score="score.onnx", decode="decode.onnx", layout="padded")
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name=folder.parent.name,
        version=folder.name,
        locales=("en-US", "es-ES"),
        labels=LABELS,
        decode_head="softmax",
        topology="shared",
        routing=Routing(kind="soft", joint_weight=1.0, classifier_classes="none"),
        networks=(
            Network(
                name="all",
                domains=LABELS.domains,
                intents=LABELS.intents,
                tags=LABELS.tags,
                graphs={"cpu": graphs},
            ),
        ),
        classifier=None,
        tensors={file: signature_of(onnx.load(folder / file)) for file in (graphs.score, graphs.decode)},
        text=TextFiles(vocabulary="vocabulary.json", features=None, rules=RULES),
        files={path.name: record(path) for path in sorted(folder.iterdir())},
        golden="golden.jsonl",
        provenance=Provenance(
            data="none: its weights are written down",
            licence="Apache-2.0",
            recipe="by hand",
            config={},
            git_commit="0" * 40,
            seed=0,
            libraries={"onnx": onnx.__version__},
            created="2026-01-01T00:00:00+00:00",
        ),
        measures={"en-US": {"exact_match": 0.5}, "es-ES": {"exact_match": 1.0}},
    )


def edit_manifest(folder: Path, **changes: object) -> None:
    """Set top-level keys of a bundle's manifest to whatever JSON is given."""
    file = folder / "manifest.json"
    data: dict[str, Any] = json.loads(file.read_bytes())
    file.write_text(json.dumps(data | changes), encoding="utf-8")


def in_schema_1(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest of schema 2 under the names that it had in schema 1, which knew no layouts."""
    older: dict[str, Any] = copy.deepcopy(dict(manifest)) | {"schema_version": 1}
    older["routing"]["classifier"] = older["routing"].pop("classifier_classes")
    older["text"]["seen_text"] = older["text"].pop("training_text")
    older["rejection"] = older.pop("ood")
    if older["rejection"] is not None:
        former = {new: old for old, new in SIGNALS.items()}
        weights = older["rejection"]["weights"]
        older["rejection"]["weights"] = {former[name]: weight for name, weight in weights.items()}
    for network in older["networks"]:
        for graphs in network["graphs"].values():
            graphs.pop("layout")
    return older


def table(columns: Sequence[int | None], width: int) -> NDArray[np.float32]:
    """One row a word, its column scoring CERTAIN."""
    rows = np.zeros((len(columns), width), dtype=np.float32)
    for row, column in enumerate(columns):
        if column is not None:
            rows[row, column] = CERTAIN
    return rows


def save_graph(source: str, file: Path, **weights: NDArray[np.float32]) -> None:
    """Write a graph with its weights."""
    model = onnx.parser.parse_model(source)
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(values, name) for name, values in weights.items()
    )
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, file)
