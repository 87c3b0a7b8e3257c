"""A bundle under ONNX Runtime: it says what it is, answers as its manifest says, and is refused where it does not fit."""

from __future__ import annotations

import json
from dataclasses import replace
from math import exp
from typing import TYPE_CHECKING, Any

import onnx
import pytest

from polyparse.bundle import golden, store
from polyparse.bundle.manifest import FILE as MANIFEST
from polyparse.contract.frame import Refusal, Utterance
from polyparse.errors import (
    ConfigError,
    DigestMismatch,
    FileMissing,
    GoldenMismatch,
    GraphInvalid,
    ManifestInvalid,
    UnknownLocale,
)
from polyparse.inference.training_text import TrainingText
from polyparse.runtime.load import load
from polyparse.schema import unstructure
from polyparse.text.vocabulary import Vocabulary
from tests.bundles import GOLDEN, LABELS, edit_manifest, in_schema_1, write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
        list_tensors(bundle, graph, lambda signature: signature[kind].pop())
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
