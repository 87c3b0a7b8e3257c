"""`polyparse export`: the bundle's name from its place, a line for each gate, refusals on one line with status 2."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle import store as bundle
from polyparse.cli.main import main
from polyparse.runtime.load import load
from tests.model_export.checkpoints import CONFIG, untrained

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import Checkpoint

    Capture = pytest.CaptureFixture[str]

DEFAULT_REFUSAL = "refuses above 0.7500 by the default score, with a threshold from dev"


def export(checkpoint: Checkpoint, out: Path, *options: str) -> int:
    return main(["export", "--checkpoint", str(checkpoint.folder), "--out", str(out), *options])


def test_a_bundle_is_named_after_its_folders(checkpoint: Checkpoint, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "models" / "home" / "1.2"
    assert export(checkpoint, out) == 0
    described = bundle.verify(out)
    assert (described.name, described.version) == ("home", "1.2")
    size = sum(path.stat().st_size for path in out.iterdir() if path.name != "manifest.json") / 1e6
    *gates, last = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in gates] == [
        "gate 1",
        "gate 2",
        "calibrated on 8 dev utterances",
        "refuses above 0.7500 by the default score, with a threshold from dev",
    ]
    assert last == f"{out}: home 1.2, {size:.2f} MB, decodes by viterbi"


def test_a_place_inside_the_current_folder_will_do(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert main(["export", "--checkpoint", str(checkpoint.folder), "--out", "2"]) == 0
    assert (bundle.verify(folder / "2").name, bundle.verify(folder / "2").version) == ("home", "2")


def test_no_refusal_leaves_the_out_of_domain_score_out(checkpoint: Checkpoint, tmp_path: Path) -> None:
    assert export(checkpoint, tmp_path / "home" / "1", "--no-refusal") == 0
    assert bundle.verify(tmp_path / "home" / "1").ood is None


def test_a_hidden_folder_names_nothing(checkpoint: Checkpoint, tmp_path: Path) -> None:
    out = tmp_path / ".cache" / "home"
    assert export(checkpoint, out) == 0
    assert (bundle.verify(out).name, bundle.verify(out).version) == ("home", "home")


def test_every_flag_reaches_the_bundle(checkpoint: Checkpoint, tmp_path: Path) -> None:
    flags = {
        "--name": "voice",
        "--version": "7",
        "--approximate": "ain",
        "--data": "forty utterances",
        "--licence": "Apache-2.0",
        "--precision": "float32",
    }
    out = tmp_path / "models" / "home" / "1"
    assert export(checkpoint, out, *[word for pair in flags.items() for word in pair]) == 0
    described = bundle.verify(out)
    assert (described.name, described.version, described.decode_head) == ("voice", "7", "ain")
    assert (described.provenance.data, described.provenance.licence) == ("forty utterances", "Apache-2.0")
    card = out.joinpath("MODEL_CARD.md").read_text(encoding="utf-8")
    assert "Trained on forty utterances. Licence of the data: Apache-2.0." in card
    load(out, device="cpu").check_golden()


def test_by_default_the_card_names_the_corpus_and_knows_no_licence(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    assert export(checkpoint, tmp_path / "1") == 0
    provenance = bundle.verify(tmp_path / "1").provenance
    assert provenance.data == "massive:corpus"
    assert provenance.licence == "as the corpus's owner gives it"


def refusal(capsys: Capture) -> str:
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_what_exists_is_refused(checkpoint: Checkpoint, tmp_path: Path, capsys: Capture) -> None:
    assert export(checkpoint, tmp_path) == 2
    assert refusal(capsys).startswith(f"polyparse: {tmp_path}: found a file or folder, expected none")


def test_a_folder_without_a_finished_run_is_refused(tmp_path: Path, capsys: Capture) -> None:
    assert main(["export", "--checkpoint", str(tmp_path / "none"), "--out", str(tmp_path / "1")]) == 2
    assert refusal(capsys) == f"polyparse: {tmp_path}/none: found no measures.json, expected a finished run"


def test_a_head_that_is_no_crf_is_not_approximated(tmp_path: Path, capsys: Capture) -> None:
    config = replace(CONFIG, joint=replace(CONFIG.joint, head="softmax"))
    checkpoint = untrained(tmp_path / "run", config)
    assert export(checkpoint, tmp_path / "1", "--approximate", "ain") == 2
    assert refusal(capsys) == "polyparse: --approximate ain: found a Softmax head, expected a CRF"


@pytest.mark.parametrize("flag", ["--name", "--version"])
def test_a_name_that_no_folder_can_have_is_refused(
    flag: str, checkpoint: Checkpoint, tmp_path: Path, capsys: Capture
) -> None:
    assert export(checkpoint, tmp_path / "1", flag, "a/b") == 2
    assert refusal(capsys) == f"polyparse: {flag[2:]}: found 'a/b', expected the name of a folder"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("argv", [[], ["--checkpoint", "run"], ["--out", "1"]])
def test_checkpoint_and_out_are_needed(argv: list[str], capsys: Capture) -> None:
    assert main(["export", *argv]) == 2
    assert "required" in refusal(capsys)


def test_an_export_that_fails_on_its_way_leaves_its_place_to_the_next(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("polyparse.bundle.golden.save", full)
    out = tmp_path / "models" / "home" / "1"
    assert export(checkpoint, out) == 2
    assert refusal(capsys) == "polyparse: No space left on device"
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    assert export(checkpoint, out) == 0
