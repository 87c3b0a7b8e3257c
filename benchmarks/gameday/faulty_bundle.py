"""Bundles that are sound by all that is checked of them, and do harm once callers say something long; and a damaged one."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import onnx

from polyparse.bundle import manifest as manifests
from polyparse.bundle import store
from polyparse.bundle.manifest import Manifest

LONG = range(40, 64)
"""Tokens of a batch's longest text with which a graph does harm: no golden utterance has so many, and no load tries them."""
TURNS = 200_000
"""Of an empty loop: some tenths of a second on a fast core."""
PATH, SOUND_PATH = "path_BT", "sound_path_BT"
AFTER_IT = f"""
    <ir_version: 8, opset_import: ["" : 18]>
    fault (float[B,T,K] emissions_BTK, int64[B,T] {SOUND_PATH}) => (int64[B,T] {PATH})
    {{{{
        fault_longest = Shape <start = 1, end = 2> (emissions_BTK)
        fault_least = Constant <value_ints = [{LONG.start}]> ()
        fault_end = Constant <value_ints = [{LONG.stop}]> ()
        fault_is_short = Less (fault_longest, fault_least)
        fault_is_below = Less (fault_longest, fault_end)
        fault_is_long = Not (fault_is_short)
        fault_is_met = And (fault_is_long, fault_is_below)
        fault_none = Constant <value_ints = [0]> ()
        fault_much = Constant <value_ints = [{{much}}]> ()
        fault_count = Where (fault_is_met, fault_much, fault_none)
        {{lines}}
        {PATH} = Add ({SOUND_PATH}, fault_nothing)
    }}}}
"""
SLOW = AFTER_IT.format(
    much=TURNS,
    lines="""
        fault_turns = Squeeze (fault_count)
        fault_yes = Cast <to = 9> (fault_least)
        fault_once = Squeeze (fault_yes)
        fault_zero = Squeeze (fault_none)
        fault_nothing = Loop (fault_turns, fault_once, fault_zero) <body = turn
            (int64 fault_i, bool fault_before, int64 fault_counted)
            => (bool fault_after, int64 fault_next)
            { fault_after = Identity (fault_before)
              fault_next = Identity (fault_counted) }>""",
)
RAISES = AFTER_IT.format(much=1_000_000, lines="fault_nothing = Gather (fault_none, fault_count)")
"""Looks for the millionth of one value."""


def slow(bundle: Path, out: Path) -> None:
    """Write a version that decodes long texts slowly."""
    _edited(bundle, out, lambda folder, manifest: _decode_by(SLOW, folder, manifest))


def failing(bundle: Path, out: Path) -> None:
    """Write a version that cannot decode long texts."""
    _edited(bundle, out, lambda folder, manifest: _decode_by(RAISES, folder, manifest))


def damaged(bundle: Path, out: Path) -> str:
    """Write a version in which a byte of a graph is not what the manifest says; returns its digest."""
    _edited(bundle, out, lambda *_: None)
    manifest = store.verify(out)
    graph = out / next(iter(manifest.networks[0].graphs.values())).score
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 1
    graph.write_bytes(content)
    return store.digest(out)


def _edited(bundle: Path, out: Path, edit: Callable[[Path, Manifest], None]) -> None:
    """Copy a bundle to `out`, whose name is its version, and change it; the manifest says what is in it, as always."""
    manifest = store.verify(bundle)
    shutil.copytree(bundle, out)
    edit(out, manifest)
    files = {name: store.record(out / name) for name in manifest.files}
    manifests.write(replace(manifest, version=out.name, files=files), out)


def _decode_by(source: str, folder: Path, manifest: Manifest) -> None:
    for name in {graphs.decode for network in manifest.networks for graphs in network.graphs.values()}:
        model = onnx.load(folder / name)
        _append(model, source)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, folder / name)


def _append(model: onnx.ModelProto, source: str) -> None:
    """Let a graph's path go through what is appended."""
    _rename(model.graph, {PATH: SOUND_PATH})
    model.graph.node.extend(onnx.parser.parse_model(source).graph.node)


def _rename(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    for node in graph.node:
        for listed in (node.input, node.output):
            listed[:] = [names.get(name, name) for name in listed]
