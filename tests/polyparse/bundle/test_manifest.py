"""Manifests: what is written is read back, and what is wrong is refused with its key."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from polyparse.bundle import manifest
from polyparse.bundle.manifest import TextFiles
from polyparse.errors import ManifestInvalid, SchemaTooNew
from polyparse.inference.calibration import Calibration, Scale
from polyparse.inference.ood import SIGNALS, OodScore
from tests.bundles import LABELS, describe, edit_manifest, write_bundle

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "words" / "1")


def read(bundle: Path) -> manifest.Manifest:
    file = bundle / manifest.FILE
    return manifest.parse(file.read_bytes(), file=file)


def described_by(bundle: Path) -> manifest.Manifest:
    """The manifest of a bundle without the one that is there."""
    bundle.joinpath(manifest.FILE).unlink()
    return describe(bundle)


def test_what_is_written_is_read_back(bundle: Path) -> None:
    described = described_by(bundle)
    manifest.write(described, bundle)
    assert read(bundle) == described


def test_calibration_and_the_out_of_domain_score_are_read_back(bundle: Path) -> None:
    whole = replace(
        described_by(bundle),
        calibration=Calibration(pooled=Scale(path_slope=0.8), locales={"es-ES": Scale(path_offset=-0.25)}),
        ood=OodScore(threshold=0.75, weights=dict.fromkeys(SIGNALS, 0.5), bias=-1.0),
        text=TextFiles(
            vocabulary="vocabulary.json", features=None, training_text="golden.jsonl", foreign="golden.jsonl"
        ),
    )
    manifest.write(whole, bundle)
    assert read(bundle) == whole


def test_writing_what_was_read_gives_the_same_bytes(bundle: Path) -> None:
    before = bundle.joinpath(manifest.FILE).read_bytes()
    manifest.write(read(bundle), bundle)
    assert bundle.joinpath(manifest.FILE).read_bytes() == before


def test_a_newer_schema_is_refused_before_anything_else_is_looked_at(bundle: Path) -> None:
    edit_manifest(bundle, schema_version=3, name=7, colour="blue")
    with pytest.raises(SchemaTooNew, match=r"manifest\.json: found schema_version 3, expected at most 2"):
        read(bundle)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"null", b'"manifest"', b"{}"])
def test_what_is_no_manifest_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match=r"a/manifest\.json: ") as caught:
        manifest.parse(content, file=tmp_path / "a" / "manifest.json")
    assert caught.value.file == tmp_path / "a" / "manifest.json"


GRAPHS = {"score": "score.onnx", "decode": "decode.onnx"}
NETWORK = {
    "name": "all",
    "domains": [*LABELS.domains],
    "intents": [*LABELS.intents],
    "tags": [*LABELS.tags],
    "graphs": {"cpu": GRAPHS},
}
NOTHING: dict[str, list[object]] = {"inputs": [], "outputs": []}
FILE = {"size": 1, "sha256": "0" * 64}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"colour": "blue"}, "colour"),
    ({"schema_version": 0}, "schema_version: found 0, expected 2"),
    ({"schema_version": True}, "schema_version"),
    ({"schema_version": "2"}, "schema_version"),
    ({"schema_version": 2.0}, "schema_version"),
    ({"decode_head": "beam"}, "decode_head: found 'beam', expected one of viterbi, ain, softmax"),
    ({"name": "a/b"}, "name: found 'a/b', expected the name of a folder"),
    ({"version": ".."}, "version: found '..', expected the name of a folder"),
    ({"version": ""}, "version: found ''"),
    ({"golden": "lost.jsonl"}, "golden: found 'lost.jsonl', expected one of the files listed"),
    ({"text": {"vocabulary": "v.txt", "features": None}}, "text.vocabulary: found 'v.txt'"),
    ({"text": {"vocabulary": "vocabulary.json", "features": "f"}}, "text.features: found 'f'"),
    (
        {"text": {"vocabulary": "vocabulary.json", "features": None, "token_features": "t"}},
        "text.token_features: found 't', expected one of the files listed",
    ),
    ({"tensors": {"lost.onnx": NOTHING}}, "tensors: found 'lost.onnx', expected one of the files listed"),
    ({"tensors": {}}, "tensors: found no 'decode.onnx', expected the inputs and outputs of every graph"),
    ({"tensors": {"decode.onnx": NOTHING}}, "tensors: found no 'score.onnx'"),
    (
        {"networks": [NETWORK | {"graphs": {"cpu": GRAPHS | {"embed": "vocabulary.json"}}}]},
        "tensors: found no 'vocabulary.json'",
    ),
    (
        {
            "classifier": {"cpu": "golden.jsonl"},
            "routing": {"kind": "soft", "joint_weight": 0.5, "classifier_classes": "intents"},
        },
        "tensors: found no 'golden.jsonl'",
    ),
    (
        {"networks": [NETWORK | {"graphs": {"cpu": GRAPHS | {"layout": "dense"}}}]},
        r"networks\[0\].graphs.cpu.layout: found 'dense', expected one of 'padded', 'packed'",
    ),
    ({"files": {"../evil": FILE}}, "files: found '../evil', expected a path inside the bundle"),
    ({"files": {"/etc/passwd": FILE}}, "files: found '/etc/passwd'"),
    ({"files": {"manifest.json": FILE}}, "files: found 'manifest.json'"),
    ({"files": {"a//b": FILE}}, "files: found 'a//b'"),
    ({"topology": "per-domain"}, "networks: found 1, expected 2 for topology 'per-domain'"),
    ({"networks": []}, "networks: found 0, expected 1 for topology 'shared'"),
    (
        {"networks": [NETWORK | {"domains": ["sea"]}]},
        r"networks\[0\].domains\[0\]: found 'sea', expected 'alarm'",
    ),
    ({"networks": [NETWORK | {"domains": ["alarm"]}]}, r"domains\[1\]: found None, expected 'iot'"),
    (
        {"networks": [NETWORK | {"intents": [*LABELS.intents, "a"]}]},
        r"intents\[2\]: found 'a', expected None",
    ),
    (
        {"networks": [NETWORK | {"tags": [*reversed(LABELS.tags)]}]},
        r"networks\[0\].tags\[0\]: found 'I-time', expected 'O', in the order of the labels",
    ),
    ({"locales": []}, r"locales: found \[\], expected at least one"),
    ({"locales": ["en-US", "en-US"]}, "locales: found .* each once"),
    ({"version": "1\n"}, r"version: found '1\\n', expected the name of a folder"),
    ({"version": "1\0"}, r"version: found '1\\x00', expected the name of a folder"),
    ({"version": "\u200b1"}, "version: found .*, expected the name of a folder"),
    ({"networks": [NETWORK | {"graphs": {}}]}, r"networks\[0\].graphs: found devices \[\]"),
    (
        {"networks": [NETWORK | {"graphs": {"tpu": GRAPHS}}]},
        r"found devices \['tpu'\], expected some of cpu, cuda",
    ),
    ({"classifier": {"cpu": "score.onnx"}}, "classifier: .* routing.classifier_classes is 'none'"),
    (
        {"routing": {"kind": "soft", "joint_weight": 1.5, "classifier_classes": "none"}},
        "routing.joint_weight: found 1.5, expected a number from 0 to 1",
    ),
    (
        {"calibration": {"pooled": {}, "locales": {"de-DE": {}}}},
        r"calibration.locales: found \['de-DE'\], expected locales that are served",
    ),
    (
        {"calibration": {"pooled": {"path_slope": 0.0}, "locales": {}}},
        "calibration.pooled: path_slope: found 0",
    ),
    ({"calibration": {"pooled": {"slope": 1.0}, "locales": {}}}, "calibration.pooled: found .* 'slope'"),
    ({"ood": {"threshold": 1.5, "weights": {}, "bias": 0.0}}, "ood: threshold: found 1.5"),
    ({"ood": {"threshold": 0.5, "weights": {"mood": 1.0}, "bias": 0.0}}, "found signal 'mood'"),
    (
        {"ood": {"threshold": 0.5, "weights": {"unseen_ngrams": 1.0}, "bias": 0.0}},
        "text.training_text: found none, expected a file, for the out-of-domain score reads it",
    ),
    (
        {"ood": {"threshold": 0.5, "weights": {"foreign_words": 1.0}, "bias": 0.0}},
        "text.foreign: found none, expected a file, for the out-of-domain score reads it",
    ),
    (
        {"text": {"vocabulary": "vocabulary.json", "features": None, "training_text": "lost.npz"}},
        "text.training_text: found 'lost.npz', expected one of the files listed",
    ),
    (
        {"text": {"vocabulary": "vocabulary.json", "features": None, "languages": "lost.npz"}},
        "text.languages: found 'lost.npz', expected one of the files listed",
    ),
]


@pytest.mark.parametrize(("changes", "message"), WRONG)
def test_a_manifest_at_odds_with_its_schema_or_itself_is_refused(
    bundle: Path, changes: dict[str, Any], message: str
) -> None:
    edit_manifest(bundle, **changes)
    with pytest.raises(ManifestInvalid, match=message):
        read(bundle)


@pytest.mark.parametrize("depth", [10, 150, 500, 900, 980, 990, 1_000, 100_000])
def test_json_that_is_nested_deeply_is_refused_or_read(bundle: Path, depth: int) -> None:
    """Where the reader of JSON had room for it, its writer may have none."""
    file = bundle / manifest.FILE
    config = b'{"a": ' * depth + b"1" + b"}" * depth
    content = file.read_bytes().replace(b'"config": {}', b'"config": ' + config)
    assert config in content
    if depth <= 150:
        assert manifest.parse(content, file=file)
    else:
        with pytest.raises(ManifestInvalid, match=r"manifest\.json: found"):
            manifest.parse(content, file=file)


OPTIONAL = {"calibration", "ood"}


def test_every_key_is_required_but_those_that_older_bundles_lack(bundle: Path) -> None:
    file = bundle / manifest.FILE
    whole = json.loads(file.read_bytes())
    older = {name: value for name, value in whole.items() if name not in OPTIONAL}
    assert manifest.parse(json.dumps(older).encode(), file=file) == read(bundle)
    for key in older:
        content = json.dumps({name: value for name, value in whole.items() if name != key}).encode()
        with pytest.raises(ManifestInvalid, match=key):
            manifest.parse(content, file=file)
