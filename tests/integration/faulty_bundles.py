"""Ways in which a bundle can be wrong, as a table: what is done to a sound one, and what must be said of it."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import onnx

from polyparse.bundle import golden
from polyparse.bundle.store import record
from tests.bundles import GOLDEN, LABELS, SCORE, WORDS, Meaning, edit_manifest, save_graph, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

DECODE = """
    <ir_version: 10, opset_import: ["" : 21]>
    decode (float[B,T,K] emissions_BTK, bool[B,K] allowed_BK, int32[B] lengths_B)
        => (int64[B,T] path_BT, float[B,T] path_marginals_BT, float[B] log_prob_B)
    {{
        {lines}
        axis = Constant <value_ints = [-1]> ()
        path_marginals_BT = ReduceMax <keepdims = 0> (emissions_BTK, axis)
        log_prob_B = ReduceMax <keepdims = 0> (path_marginals_BT, axis)
    }}
"""
RAISES = DECODE.format(
    lines="""
        best_BT = ArgMax <axis = -1, keepdims = 0> (emissions_BTK)
        far = Constant <value_int = 1000000> ()
        nothing_B = Gather <axis = 1> (best_BT, far)
        one = Constant <value_ints = [1]> ()
        nothing_B1 = Unsqueeze (nothing_B, one)
        path_BT = Add (best_BT, nothing_B1)"""
)
LOOP = """
        {turns}
        yes = Constant <value_ints = [1]> ()
        is_true = Cast <to = 9> (yes)
        once = Squeeze (is_true)
        zero = Constant <value_int = 0> ()
        count = Loop (turns, once, zero) <body = turn (int64 i, bool before, int64 counted)
            => (bool after, int64 next) {{ after = Identity (before)
            none = Constant <value_int = 0> ()
            next = Add (counted, none) }}>
        best_BT = ArgMax <axis = -1, keepdims = 0> (emissions_BTK)
        path_BT = Add (best_BT, count)"""
SLOW = DECODE.format(
    lines=LOOP.format(
        turns="""
        lengths = Shape <start = 1, end = 2> (emissions_BTK)
        length = Squeeze (lengths)
        some = Constant <value_int = 25> ()
        square = Mul (length, length)
        turns = Mul (square, some)"""
    )
)
"""Its time grows with the square of a text's length: some seconds for 200 words, none to speak of for 16."""
HANGS = DECODE.format(lines=LOOP.format(turns="turns = Constant <value_int = 9223372036854775807> ()"))
"""Never ends."""


ODD = "wake me today"
"""No golden utterance has its last word, which is the last of the vocabulary: a load does not see what it does."""


class Fault(NamedTuple):
    """What is done to a bundle, the code that says so, and a pattern of the message."""

    damage: Callable[[Path], None]
    code: str
    message: str


def relist(folder: Path) -> None:
    """Let the manifest list the files as they are."""
    files = {path.name: asdict(record(path)) for path in sorted(folder.iterdir()) if path.stem != "manifest"}
    edit_manifest(folder, files=files)


def flip_a_byte(folder: Path) -> None:
    content = bytearray(folder.joinpath("score.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    folder.joinpath("score.onnx").write_bytes(content)


def truncate(folder: Path) -> None:
    graph = folder / "score.onnx"
    graph.write_bytes(graph.read_bytes()[: graph.stat().st_size // 2])


def truncate_and_list(folder: Path) -> None:
    truncate(folder)
    relist(folder)


def remove_a_file(folder: Path) -> None:
    folder.joinpath("vocabulary.json").unlink()


def remove_it(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def change_a_golden_frame(folder: Path) -> None:
    golden.save(folder / "golden.jsonl", [replace(GOLDEN[0], intent="lights_off"), GOLDEN[1]])
    relist(folder)


def write_a_newer_schema(folder: Path) -> None:
    edit_manifest(folder, schema_version=99)


def decode_by(source: str) -> Callable[[Path], None]:
    """Put another decode graph into the bundle."""

    def replace_graph(folder: Path) -> None:
        save_graph(source, folder / "decode.onnx")
        relist(folder)

    return replace_graph


def score_nan(folder: Path) -> None:
    rows = len(WORDS) + 2
    weights = {"intents_VI": len(LABELS.intents), "tags_VK": len(LABELS.tags)}
    nan = {name: np.full((rows, width), np.nan, np.float32) for name, width in weights.items()}
    save_graph(SCORE, folder / "score.onnx", **nan)
    relist(folder)


def point_outside(location: str) -> Callable[[Path], None]:
    """Move a graph's weights to a file beside it, or elsewhere; the manifest lists the graph as it is then."""

    def move_weights(folder: Path) -> None:
        graph = folder / "score.onnx"
        model = onnx.load(graph)
        (tensor,) = (each for each in model.graph.initializer if each.name == "tags_VK")
        folder.joinpath(location).write_bytes(tensor.raw_data)
        onnx.external_data_helper.set_external_data(tensor, location, 0, len(tensor.raw_data))
        tensor.ClearField("raw_data")
        graph.write_bytes(model.SerializeToString())
        relist(folder)

    return move_weights


def keep_weights_unlisted(folder: Path) -> None:
    point_outside("weights.bin")(folder)
    weights = folder.joinpath("weights.bin").read_bytes()
    folder.joinpath("weights.bin").unlink()
    relist(folder)
    folder.joinpath("weights.bin").write_bytes(weights)


def link_weights_elsewhere(folder: Path) -> None:
    point_outside("weights.bin")(folder)
    elsewhere = folder.with_name(f"{folder.name}.bin")
    folder.joinpath("weights.bin").rename(elsewhere)
    folder.joinpath("weights.bin").symlink_to(elsewhere)


def write_tables(folder: Path, *, last_intents: float, rows: int | None = None) -> None:
    """Give the last word other scores, or no row in the table of tags."""
    meanings = (Meaning(), Meaning(), *WORDS.values())
    intents_VI = table([LABELS.intents.index(word.intent) if word.intent else None for word in meanings], 2)
    tags_VK = table([LABELS.tags.index(word.tag) for word in meanings], len(LABELS.tags))
    intents_VI[-1] = last_intents
    save_graph(SCORE, folder / "score.onnx", intents_VI=intents_VI, tags_VK=tags_VK[:rows])
    relist(folder)


def raise_on_a_word(folder: Path) -> None:
    write_tables(folder, last_intents=0.0, rows=-1)


def give_nan_on_a_word(folder: Path) -> None:
    write_tables(folder, last_intents=np.nan)


FAULTS: Mapping[str, Fault] = {
    "flipped-byte": Fault(flip_a_byte, "checksum_mismatch", r"score\.onnx: found sha256 \w+, expected \w+"),
    "truncated-graph": Fault(truncate, "checksum_mismatch", r"score\.onnx: found \d+ bytes, expected \d+"),
    "truncated-and-listed": Fault(
        truncate_and_list, "graph_invalid", r"score\.onnx: found a graph that does not load"
    ),
    "missing-file": Fault(
        remove_a_file, "file_missing", r"vocabulary\.json: found no such file, expected it"
    ),
    "not-there": Fault(remove_it, "file_missing", r"not-there/manifest\.json: found no manifest, expected"),
    "wrong-golden-frame": Fault(
        change_a_golden_frame, "golden_mismatch", r"golden\.jsonl: .*lights_off.*|golden\.jsonl: .*alarm_set"
    ),
    "newer-schema": Fault(write_a_newer_schema, "schema_too_new", r"manifest\.json: .*99"),
    "inference-raises": Fault(decode_by(RAISES), "model_run_failed", r"decode\.onnx: .*Gather"),
    "inference-gives-nan": Fault(score_nan, "model_run_failed", r"found nan"),
    "weights-not-listed": Fault(
        keep_weights_unlisted, "file_unlisted", r"weights\.bin: found a file that the manifest does not list"
    ),
    "weights-outside": Fault(
        point_outside("../outside.bin"),
        "graph_invalid",
        r"score\.onnx: .*found external_data, expected that a graph's own file holds all of its weights",
    ),
    "weights-linked-outside": Fault(
        link_weights_elsewhere, "file_missing", r"weights\.bin: found a link to .*, out of the bundle"
    ),
}
