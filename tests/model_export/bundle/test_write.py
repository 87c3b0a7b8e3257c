"""Checkpoint to bundle: what stands in the end is verified, and answers as it was measured."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import onnx
import pytest

from model_export.bundle.write import write_bundle
from model_export.gates import agreement as gates
from polyparse.bundle import golden, manifest
from polyparse.bundle import store as bundle
from polyparse.contract.frame import Frame, Utterance
from polyparse.errors import BundleError
from polyparse.evaluation.evaluate import measure
from polyparse.inference.pipeline import Postprocessing
from polyparse.runtime.load import load
from tests.model_export.checkpoints import CONFIG, SMALL, export, trained, untrained
from tests.train import corpus
from train.finished import parser_of
from train.models.encoders.base import EncoderConfig

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import Checkpoint

CALIBRATED = "calibrated on 8 dev utterances"
DEFAULT_REFUSAL = "refuses above 0.7500 by the default score, with a threshold from dev"


@pytest.fixture(scope="module")
def written(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small bundle of the trained checkpoint; only read."""
    out = tmp_path_factory.mktemp("models") / "tiny" / "1"
    export(checkpoint, out)
    return out


def card_of(folder: Path) -> str:
    return folder.joinpath("MODEL_CARD.md").read_text(encoding="utf-8")


def dev_frames(folder: Path) -> list[Frame]:
    examples = corpus.examples("dev")
    return load(folder, device="cpu").parser.parse([Utterance(e.text, e.locale) for e in examples])


def test_the_manifest_lists_every_file(written: Path) -> None:
    described = bundle.verify(written)
    assert set(described.files) == {path.name for path in written.iterdir()} - {manifest.FILE}
    assert set(described.files) == {
        "MODEL_CARD.md",
        "classifier.onnx",
        "decode-all.onnx",
        "embed-all.onnx",
        "features.npy",
        "golden.jsonl",
        "score-all.onnx",
        "vocabulary.json",
    }


def test_nothing_stands_beside_the_bundle_and_everybody_may_read_it(written: Path) -> None:
    assert list(written.parent.iterdir()) == [written]
    assert written.stat().st_mode & 0o777 == 0o755
    assert all(path.stat().st_mode & 0o444 for path in written.iterdir())


def test_what_is_returned_is_what_is_written(checkpoint: Checkpoint, tmp_path: Path) -> None:
    assert export(checkpoint, tmp_path / "1") == bundle.verify(tmp_path / "1")


def test_the_bundle_loads_and_answers_its_golden_utterances(written: Path) -> None:
    loaded = load(written, digest=bundle.digest(written), device="cpu")
    loaded.check_golden()
    assert (loaded.manifest.name, loaded.manifest.version) == ("tiny", "1")
    assert loaded.parser.locales == corpus.LOCALES


def test_golden_frames_are_the_float_checkpoints(checkpoint: Checkpoint, written: Path) -> None:
    actual = golden.load(written / "golden.jsonl")
    assert {entry.locale for entry in actual} == set(corpus.LOCALES)
    assert any(entry.slots for entry in actual)
    described = bundle.verify(written)
    parser = parser_of(checkpoint).with_postprocessing(Postprocessing(described.calibration, described.ood))
    items = [parser.vectorizer.item(Utterance(entry.text, entry.locale)) for entry in actual]
    frames = parser.run(items).frames
    for entry, frame in zip(actual, frames, strict=True):
        expected = golden.Golden.of(frame)
        assert entry.confidence == pytest.approx(expected.confidence, abs=1e-5)
        assert replace(entry, confidence=0.0) == replace(expected, confidence=0.0)


def test_measures_are_those_of_the_bundles_own_bytes(written: Path) -> None:
    actual = bundle.verify(written).measures
    expected = measure(corpus.examples("dev"), dev_frames(written))
    assert actual == {**expected["locales"], "mean": expected["mean"]}
    assert actual["mean"]["utterances"] == 8


def test_a_float_bundle_has_the_measures_of_its_checkpoint(checkpoint: Checkpoint, tmp_path: Path) -> None:
    described = export(checkpoint, tmp_path / "1", precision="float32")
    saved = checkpoint.read("measures")
    assert saved["mean"]["exact_match"] == 1.0
    for locale, measures in {**saved["locales"], "mean": saved["mean"]}.items():
        assert described.measures[locale] == pytest.approx(measures, abs=5e-4)


def test_a_float_bundle_passes_its_one_gate_and_is_larger(
    checkpoint: Checkpoint, written: Path, tmp_path: Path
) -> None:
    notes: list[str] = []
    write_bundle(checkpoint, tmp_path / "1", replace(SMALL, precision="float32"), say=notes.append)
    assert [note.partition(":")[0] for note in notes] == ["gate 1", CALIBRATED, DEFAULT_REFUSAL]
    for name in ("score-all.onnx", "classifier.onnx"):
        assert (tmp_path / "1" / name).stat().st_size > (written / name).stat().st_size
    assert list(tmp_path.iterdir()) == [tmp_path / "1"]


def test_each_gate_is_told_of_and_stands_in_the_card(checkpoint: Checkpoint, tmp_path: Path) -> None:
    notes: list[str] = []
    write_bundle(checkpoint, tmp_path / "1", SMALL, say=notes.append)
    assert [note.partition(":")[0] for note in notes] == ["gate 1", "gate 2", CALIBRATED, DEFAULT_REFUSAL]
    assert "the checkpoint's frames for 8 dev utterances" in notes[0]
    assert "exact match 1.0000 (checkpoint 1.0000)" in notes[1]
    assert all(note in card_of(tmp_path / "1") for note in notes)


def test_one_flipped_byte_of_any_file_is_refused_by_the_files_name(written: Path, tmp_path: Path) -> None:
    digest = bundle.digest(written)
    files = sorted(path.name for path in written.iterdir())
    for name in files:
        damaged = shutil.copytree(written, tmp_path / name)
        content = bytearray((damaged / name).read_bytes())
        content[len(content) // 2] ^= 1
        (damaged / name).write_bytes(content)
        with pytest.raises(BundleError) as refused:
            load(damaged, digest=digest, device="cpu")
        assert refused.value.file.name == name
        assert name in str(refused.value)


def test_a_crf_can_be_decoded_by_mean_field(checkpoint: Checkpoint, tmp_path: Path) -> None:
    described = export(checkpoint, tmp_path / "1", approximate="ain")
    assert described.decode_head == "ain"
    assert "trained as a CRF and decoded by mean field (--approximate ain)" in card_of(tmp_path / "1")
    load(tmp_path / "1", device="cpu").check_golden()
    marginals = [slot.confidence for frame in dev_frames(tmp_path / "1") for slot in frame.slots]
    assert marginals


def test_a_crf_that_decodes_by_viterbi_does_not_say_so(written: Path) -> None:
    assert bundle.verify(written).decode_head == "viterbi"
    assert "--approximate" not in card_of(written)


def test_a_bundle_goes_into_folders_that_are_not_there_yet(checkpoint: Checkpoint, tmp_path: Path) -> None:
    out = tmp_path / "a" / "b" / "1"
    export(checkpoint, out)
    assert list(tmp_path.rglob("1")) == [out]
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_the_same_checkpoint_gives_the_same_bytes_but_for_the_time(
    checkpoint: Checkpoint, written: Path, tmp_path: Path
) -> None:
    export(checkpoint, tmp_path / "1")
    for path in written.iterdir():
        if path.name not in {manifest.FILE, "MODEL_CARD.md"}:
            assert path.read_bytes() == (tmp_path / "1" / path.name).read_bytes()
    one, other = (json.loads((folder / manifest.FILE).read_bytes()) for folder in (written, tmp_path / "1"))
    for described in (one, other):
        del described["provenance"]["created"], described["files"]["MODEL_CARD.md"]
    assert one == other


def test_a_per_domain_bundle_passes_too(tmp_path: Path) -> None:
    config = replace(CONFIG, topology="per-domain", routing="hard")
    described = export(trained(tmp_path / "run", config), tmp_path / "1")
    assert [network.name for network in described.networks] == ["alarm", "music", "weather"]
    assert described.topology == "per-domain"
    load(tmp_path / "1", device="cpu").check_golden()


def test_gates_see_every_dev_utterance_that_has_a_token(tmp_path: Path) -> None:
    blank = replace(corpus.examples("dev")[0], text="\u200d", slots=())
    checkpoint = untrained(tmp_path / "run", CONFIG, dev=[blank, *corpus.examples("dev")])
    notes: list[str] = []
    write_bundle(checkpoint, tmp_path / "1", replace(SMALL, precision="float32"), say=notes.append)
    assert "for 8 dev utterances" in notes[0]


def test_the_tolerance_of_the_gates_is_the_designs() -> None:
    assert (gates.TOLERANCE, gates.MAX_EXACT_MATCH_LOSS) == (1e-4, 0.003)


def test_a_small_gated_cnn_multiplies_in_integers_and_passes_both_gates(tmp_path: Path) -> None:
    gated = EncoderConfig(kind="gated-cnn", hidden_size=24, layers=2, dropout=0.0)
    config = replace(CONFIG, joint=replace(CONFIG.joint, encoder=gated))
    export(trained(tmp_path / "run", config), tmp_path / "1")
    graph = onnx.load(tmp_path / "1" / "score-all.onnx").graph
    codes = {tensor.name for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.INT8}
    assert {"encoder.blocks.1.whole.weight", "encoder.blocks.1.near.weight", "slots.hidden.weight"} <= codes
    assert "alone equals in a batch" in card_of(tmp_path / "1")
