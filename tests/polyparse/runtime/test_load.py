"""A bundle under ONNX Runtime: it says what it is, answers as its manifest says, and is refused where it does not fit."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import numpy as np
import onnx
import pytest

from polyparse.bundle import golden, store
from polyparse.bundle.manifest import FILE as MANIFEST
from polyparse.contract.frame import Refusal, Utterance
from polyparse.errors import (
    ChecksumMismatch,
    ConfigError,
    DeviceUnavailable,
    DigestMismatch,
    FileMissing,
    GoldenMismatch,
    GraphInvalid,
    ManifestInvalid,
    UnknownLocale,
)
from polyparse.inference.training_text import TrainingText
from polyparse.runtime.load import load
from polyparse.runtime.word_vectors import WordVectorCache
from polyparse.schema import unstructure
from polyparse.text.vocabulary import Vocabulary
from tests.bundles import GOLDEN, LABELS, edit_manifest, in_schema_1, write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable


def header(shape: str, of: str = "<u4") -> bytes:
    """That of a .npy file which promises an array of this shape, without the array."""
    text = f"{{'descr': '{of}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def zipped(*, is_encrypted: bool = False, method: int | None = None, content: bytes = b"") -> bytes:
    """A .npz file of one array, with what its directory says changed."""
    with BytesIO() as file:
        with ZipFile(file, "w") as archive:
            archive.writestr("ngrams_N.npy", content)
        data = file.getvalue()
    entry = data.index(b"PK\x01\x02")
    for start, offset in ((0, 6), (entry, 8)):  # local header, directory: flags, then the method
        flags, way = int(is_encrypted), data[start + offset + 2] if method is None else method
        data = data[: start + offset] + bytes([flags, 0, way, 0]) + data[start + offset + 4 :]
    return data


def squeezed() -> bytes:
    """A .npz file, a thousandth of the size of its arrays."""
    with BytesIO() as file:
        np.savez_compressed(
            file, ngrams_N=np.arange(9, dtype=np.uint32), log_ratios_VD=np.zeros((9, 2), np.float16)
        )
        return file.getvalue()


UNREADABLE = {
    "deep JSON": ("vocabulary.json", b"[" * 100_000),
    "deep JSON that ends": ("vocabulary.json", b"[" * 990 + b"]" * 990),
    "no UTF-8": ("vocabulary.json", b'{"words": ["\xff"], "characters": ""}'),
    "a huge array": ("features.npy", header("(1000000000000,)")),
    "an array of more numbers than there are": ("features.npy", header("(99999999999999999999999,)")),
    "an array of negative size": ("features.npy", header("(-5,)")),
    "a huge element": ("features.npy", header("(9,)", of="|V2000000000")),
    "objects": ("features.npy", header("(9,)", of="|O")),
    "a header that is no Python": ("features.npy", header("(" * 99)),
    "nothing": ("features.npy", b""),
    "no archive": ("training_text.npz", b"PK"),
    "an archive of nothing": ("training_text.npz", zipped()),
    "an archive of a huge array": ("training_text.npz", zipped(content=header("(1000000000000,)"))),
    "an archive of pickled objects": ("training_text.npz", zipped(content=header("(9,)", of="|O"))),
    "an archive of what would grow": ("training_text.npz", squeezed()),
    "an encrypted archive": ("training_text.npz", zipped(is_encrypted=True)),
    "an archive packed in an unknown way": ("training_text.npz", zipped(method=99)),
    "an archive packed in another way than it says": (
        "training_text.npz",
        zipped(method=8, content=b"a" * 99),
    ),
    "an array in place of an archive": ("training_text.npz", header("(1,)") + b"\0" * 4),
}
"""Name of a file of a bundle, and bytes that it must not be served with, whatever its checksum is."""
KNOWN, STRANGE = "wake me at seven", "rebase the branch"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "words" / "1")


def manifest_of(bundle: Path) -> Any:
    return json.loads(bundle.joinpath(MANIFEST).read_bytes())


def list_file(bundle: Path, name: str) -> None:
    """Let the manifest list a file as it is now."""
    files = manifest_of(bundle)["files"]
    edit_manifest(bundle, files=files | {name: unstructure(store.record(bundle / name))})


def list_tensors(bundle: Path, name: str, edit: Callable[[Any], object]) -> None:
    """Let the manifest list other inputs and outputs of a graph."""
    tensors = manifest_of(bundle)["tensors"]
    edit(tensors[name])
    edit_manifest(bundle, tensors=tensors)


def keep_training_text(bundle: Path, words: str, *, vocabulary_size: int | None = None) -> None:
    """Let a bundle refuse what has none of the n-grams of its training text, which are those of one utterance."""
    vocabulary = Vocabulary.load(bundle / "vocabulary.json")
    vectorizer = load(bundle, device="cpu").parser.vectorizer
    text = TrainingText.build(
        [vectorizer.item(Utterance(words))],
        [0],
        vocabulary_size=vocabulary_size or vocabulary.size,
        n_domains=len(LABELS.domains),
    )
    text.save(bundle / "training_text.npz")
    list_file(bundle, "training_text.npz")
    files = manifest_of(bundle)["text"] | {"training_text": "training_text.npz"}
    edit_manifest(bundle, text=files, ood={"threshold": 0.5, "weights": {"unseen_ngrams": 8.0}, "bias": -4.0})


def test_a_loaded_bundle_says_what_it_is(bundle: Path) -> None:
    loaded = load(bundle, device="cpu")
    assert (loaded.folder, loaded.device) == (bundle, "cpu")
    assert loaded.digest == store.digest(bundle)
    assert loaded.manifest == store.verify(bundle)
    assert (loaded.parser.labels, loaded.parser.locales) == (LABELS, ("en-US", "es-ES"))


def test_its_parser_answers_by_its_graphs(bundle: Path) -> None:
    frames = load(bundle, device="cpu").parser.parse([Utterance(each.text, each.locale) for each in GOLDEN])
    for frame, expected in zip(frames, GOLDEN, strict=True):
        assert golden.agree(expected, frame, within=1e-3)


def test_words_that_its_parser_has_met_are_embedded_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    located = store.locate(Path(__file__).parents[3] / "models")
    expected = load(located.bundle, device="cpu").parser.parse([Utterance("wake me at seven", "en-US")])
    parser = load(located.bundle, device="cpu").parser
    items = [parser.prepare(Utterance("wake me at seven", "en-US"))]
    parser.meet(items)
    monkeypatch.setattr(WordVectorCache, "_embedded", lambda *_: pytest.fail("embedded again"))
    assert parser.run(items).frames == expected


def test_its_parser_serves_the_locales_of_the_manifest_and_no_others(bundle: Path) -> None:
    parser = load(bundle, device="cpu").parser
    assert parser.parse([Utterance(KNOWN, "en-GB")])[0].locale == "en-US"
    with pytest.raises(UnknownLocale, match="expected a language of en-US, es-ES"):
        parser.parse([Utterance(KNOWN, "de-DE")])


class TestGolden:
    def test_they_are_those_of_the_file(self, bundle: Path) -> None:
        loaded = load(bundle, device="cpu")
        assert loaded.golden() == list(GOLDEN)
        loaded.check_golden()

    def test_the_first_that_differs_is_named(self, bundle: Path) -> None:
        first, second = GOLDEN
        golden.save(bundle / "golden.jsonl", [first, replace(second, intent="alarm_set")])
        list_file(bundle, "golden.jsonl")
        with pytest.raises(GoldenMismatch, match=rf"^golden\.jsonl: '{second.text}': found .*, expected"):
            load(bundle, device="cpu").check_golden()


class TestPostprocessing:
    def test_the_manifests_score_refuses(self, bundle: Path) -> None:
        edit_manifest(bundle, ood={"threshold": 0.5, "weights": {"unknown_words": 8.0}, "bias": -5.0})
        known, strange = load(bundle, device="cpu").parser.parse([Utterance(KNOWN), Utterance(STRANGE)])
        assert (known.refused, strange.refused) == (None, Refusal("domain"))

    def test_a_score_reads_the_training_text_of_the_bundle(self, bundle: Path) -> None:
        keep_training_text(bundle, KNOWN)
        parser = load(bundle, device="cpu").parser
        known, strange = parser.parse([Utterance(KNOWN), Utterance(STRANGE)])
        assert known.out_of_domain == pytest.approx(1 / (1 + exp(4.0)), rel=1e-5)
        assert strange.out_of_domain == pytest.approx(1 / (1 + exp(-4.0)), rel=1e-5)
        assert (known.refused, strange.refused) == (None, Refusal("domain"))

    def test_training_text_of_another_vocabulary_is_refused_by_its_name(self, bundle: Path) -> None:
        keep_training_text(bundle, KNOWN, vocabulary_size=50)
        with pytest.raises(ConfigError, match=r"training_text\.npz: found ratios as float16\(50, 2\)"):
            load(bundle, device="cpu")

    def test_the_manifests_calibration_scales_confidences(self, bundle: Path) -> None:
        (plain,) = load(bundle, device="cpu").parser.parse([Utterance(KNOWN, "en-US")])
        scale = {"intent_temperature": 8.0}
        edit_manifest(bundle, calibration={"pooled": {}, "locales": {"en-US": scale}})
        parser = load(bundle, device="cpu").parser
        assert parser.parse([Utterance(KNOWN, "en-US")])[0].confidence < 0.9 * plain.confidence
        assert parser.parse([Utterance(KNOWN)])[0].confidence == pytest.approx(plain.confidence, abs=1e-4)


class TestSchema1:
    @pytest.fixture
    def older(self, bundle: Path) -> Path:
        """The same bundle under the names of schema 1."""
        edit_manifest(bundle, ood={"threshold": 0.5, "weights": {"unknown_words": 8.0}, "bias": -7.0})
        bundle.joinpath(MANIFEST).write_text(json.dumps(in_schema_1(manifest_of(bundle))), encoding="utf-8")
        return bundle

    def test_its_bundle_answers_as_it_did(self, older: Path) -> None:
        loaded = load(older, digest=store.digest(older), device="cpu")
        loaded.check_golden()
        known, strange = loaded.parser.parse([Utterance(KNOWN), Utterance(STRANGE)])
        assert (known.refused, strange.refused) == (None, Refusal("domain"))


class TestRefused:
    def test_another_digest(self, bundle: Path) -> None:
        with pytest.raises(DigestMismatch):
            load(bundle, digest="0" * 64, device="cpu")

    def test_a_folder_that_holds_no_bundle(self, tmp_path: Path) -> None:
        with pytest.raises(FileMissing, match="found no manifest"):
            load(tmp_path, device="cpu")

    @pytest.mark.parametrize("graph", ["score.onnx", "decode.onnx"])
    @pytest.mark.parametrize("kind", ["inputs", "outputs"])
    def test_a_graph_of_other_inputs_or_outputs_than_the_manifest_lists(
        self, bundle: Path, graph: str, kind: str
    ) -> None:
        list_tensors(bundle, graph, lambda signature: signature[kind][0].update(dtype="int8"))
        with pytest.raises(
            GraphInvalid, match=rf"^{graph}: found {kind} .*, expected .* as the manifest lists"
        ):
            load(bundle, device="cpu")

    def test_a_graph_put_in_the_place_of_another_whose_checksum_is_right(self, bundle: Path) -> None:
        model = onnx.load(bundle / "score.onnx")
        model.graph.output[0].name = "scores_BI"
        model.graph.node[-1].output[0] = "scores_BI"
        onnx.save(model, bundle / "score.onnx")
        list_file(bundle, "score.onnx")
        with pytest.raises(GraphInvalid, match=r"^score\.onnx: found outputs .*'scores_BI'") as refusal:
            load(bundle, device="cpu")
        assert refusal.value.file.name == "score.onnx"

    @pytest.mark.parametrize("graph", ["score.onnx", "decode.onnx"])
    def test_a_manifest_that_does_not_list_the_tensors_of_every_graph(self, bundle: Path, graph: str) -> None:
        tensors = manifest_of(bundle)["tensors"]
        del tensors[graph]
        edit_manifest(bundle, tensors=tensors)
        with pytest.raises(ManifestInvalid, match=f"tensors: found no '{graph}', expected the inputs and"):
            load(bundle, device="cpu")

    def test_a_graph_that_is_none_though_its_checksum_is_right(self, bundle: Path) -> None:
        bundle.joinpath("decode.onnx").write_bytes(b"no graph")
        list_file(bundle, "decode.onnx")
        with pytest.raises(GraphInvalid, match=r"^decode\.onnx: found a graph that does not load"):
            load(bundle, device="cpu")

    @pytest.mark.parametrize("device", ["cpu", "auto"])
    def test_a_bundle_without_graphs_for_the_device(self, bundle: Path, device: Any) -> None:
        networks = manifest_of(bundle)["networks"]
        networks[0]["graphs"] = {"cuda": networks[0]["graphs"]["cpu"]}
        edit_manifest(bundle, networks=networks)
        with pytest.raises(
            DeviceUnavailable, match=r"manifest\.json: found graphs for cuda, expected some for cpu"
        ):
            load(bundle, device=device)

    @pytest.mark.parametrize(
        ("graph", "kind", "position", "shape", "message"),
        [
            ("score.onnx", "outputs", 0, ["B", 3], r"\('B', 3\), .*, expected \('B', 2\), \('B', 'T', 5\)"),
            ("score.onnx", "outputs", 1, ["B", "T", 4], r"\('B', 'T', 4\), expected .*\('B', 'T', 5\)"),
            ("score.onnx", "outputs", 1, ["B", 5], r"\('B', 5\), expected"),
            ("score.onnx", "inputs", 0, [1, "T"], r"words_BT \(1, 'T'\), expected .*words_BT \('B', 'T'\)"),
            ("decode.onnx", "inputs", 0, ["B", "T", 7], r"emissions_BTK \('B', 'T', 7\)"),
            ("decode.onnx", "outputs", 2, [1], r"\(1,\), expected"),
        ],
    )
    def test_a_graph_of_other_shapes_than_the_labels_demand(
        self, bundle: Path, graph: str, kind: str, position: int, shape: list[object], message: str
    ) -> None:
        list_tensors(bundle, graph, lambda signature: signature[kind][position].update(shape=shape))
        with pytest.raises(ManifestInvalid, match=rf"tensors\['{graph}'\]\.{kind}: found .*{message}"):
            load(bundle, device="cpu")

    @pytest.mark.parametrize("graph", ["score.onnx", "decode.onnx"])
    @pytest.mark.parametrize("kind", ["inputs", "outputs"])
    def test_a_graph_that_takes_or_gives_too_little(self, bundle: Path, graph: str, kind: str) -> None:
        list_tensors(bundle, graph, lambda signature: signature[kind].pop())
        with pytest.raises(ManifestInvalid, match=rf"tensors\['{graph}'\]\.{kind}: found"):
            load(bundle, device="cpu")

    @pytest.mark.parametrize("kind", UNREADABLE)
    def test_a_table_that_cannot_be_read_though_its_checksum_is_right(self, bundle: Path, kind: str) -> None:
        name, content = UNREADABLE[kind]
        keep_training_text(bundle, KNOWN)
        edit_manifest(bundle, text=manifest_of(bundle)["text"] | {"features": "features.npy"})
        np.save(bundle / "features.npy", np.arange(3, dtype=np.uint32))
        list_file(bundle, "features.npy")
        load(bundle, device="cpu")
        bundle.joinpath(name).write_bytes(content)
        list_file(bundle, name)
        with pytest.raises(ConfigError, match=f"{name}: found "):
            load(bundle, device="cpu")

    def test_a_file_that_changes_while_the_bundle_is_read(
        self, bundle: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its bytes were hashed, and others were read."""
        read = Vocabulary.load

        def change(path: Path) -> Vocabulary:
            path.write_bytes(path.read_bytes().replace(b"kitchen", b"chicken"))
            return read(path)

        monkeypatch.setattr(Vocabulary, "load", change)
        with pytest.raises(ChecksumMismatch, match=r"vocabulary\.json"):
            load(bundle, device="cpu")

    def test_golden_frames_that_change_after_the_bundle_was_read(self, bundle: Path) -> None:
        loaded = load(bundle, device="cpu")
        golden.save(bundle / "golden.jsonl", GOLDEN[:1])
        with pytest.raises(ChecksumMismatch, match=r"golden\.jsonl"):
            loaded.check_golden()


def test_a_manifest_and_a_vocabulary_agree_on_case(bundle: Path) -> None:
    text = json.loads((bundle / MANIFEST).read_bytes())["text"]
    edit_manifest(bundle, text=text | {"case_marks": True})
    with pytest.raises(
        ConfigError, match=r"text\.case_marks: found True, expected False, as vocabulary\.json has it"
    ):
        load(bundle)
