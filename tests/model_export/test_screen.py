"""`polyparse screen` and `polyparse language`: a model refuses other languages, and answers all else as before."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from model_export.bundle.rewrite import with_screens
from polyparse.bundle import store
from polyparse.cli.main import main
from polyparse.contract.frame import Refusal, Utterance
from polyparse.errors import ConfigError
from polyparse.inference.foreign import ForeignWords
from polyparse.inference.negation import CUE, NegationScreen
from polyparse.inference.ood import OodScore
from polyparse.runtime.load import load
from polyparse.text.features import word_hash
from tests.bundles import GOLDEN, WORDS, edit_manifest, write_bundle
from tests.language_screens import screen_of
from tests.model_export.checkpoints import export, trained
from tests.train import corpus
from train.finished import parser_of
from train.postprocessing.foreign import ForeignRule

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import Checkpoint

KNOWN = [*WORDS, "me", "at", *(word for golden in GOLDEN for word in golden.text.split())]
DEV = [example for example in corpus.examples("dev") if example.locale in {"en-US", "es-ES"}]
GERMAN = Utterance("weck mich morgen um sieben", "en-US")


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "words" / "1")


def test_a_bundle_with_a_screen_refuses_another_language_alone(before: Path) -> None:
    out = before.parent / "2"
    written = with_screens(before, out, dev=DEV, languages=screen_of(KNOWN))
    assert store.verify(out) == written
    assert (written.version, written.text.languages) == ("2", "languages.npz")
    assert "languages.npz" in written.files
    loaded = load(out, device="cpu")
    loaded.check_golden()
    german, short, allowed = loaded.parser.parse(
        [GERMAN, Utterance("guten morgen"), replace(GERMAN, allow_refusal=False)]
    )
    assert (german.refused, short.refused, allowed.refused) == (Refusal("language"), None, None)
    same = [Utterance(golden.text, golden.locale) for golden in GOLDEN]
    assert loaded.parser.parse(same) == load(before, device="cpu").parser.parse(same)
    card = out.joinpath("MODEL_CARD.md").read_text(encoding="utf-8")
    assert card.count("- refuses what is in none of the languages served, above 0.5000") == 1


def negation_screen(threshold: float = 0.5) -> NegationScreen:
    """Refuses whatever has "not"."""
    return NegationScreen(
        words_W=np.array([word_hash("not")], dtype=np.uint32),
        kinds_W=np.array([CUE], dtype=np.uint8),
        hashes_F=np.array([1], dtype=np.uint32),
        weights_F=np.array([0.0], dtype=np.float16),
        bias=3.0,
        threshold=threshold,
    )


def test_a_negated_request_is_refused_as_of_no_domain(before: Path) -> None:
    out = before.parent / "2"
    written = with_screens(before, out, dev=DEV, languages=screen_of(KNOWN), negation=negation_screen())
    assert (written.text.negation, "negation.npz" in written.files) == ("negation.npz", True)
    loaded = load(out, device="cpu")
    negated = Utterance("not wake me at seven", "en-US", n_best=2)
    refused, allowed, other = loaded.parser.parse(
        [negated, replace(negated, allow_refusal=False), replace(GERMAN, text=f"not {GERMAN.text}")]
    )
    assert (refused.refused, refused.intent, refused.slots) == (Refusal("domain"), None, ())
    assert (refused.alternatives[0].intent, allowed.refused) == (allowed.intent, None)
    assert other.refused == Refusal("language")  # what nobody understands is said first
    card = out.joinpath("MODEL_CARD.md").read_text(encoding="utf-8")
    assert "- refuses negated requests, above 0.5000 by the negation screen" in card


def foreign_rule(word: str, threshold: float = 0.5) -> ForeignRule:
    """Refuses whatever is that word alone, or has little beside it."""
    words = ForeignWords(
        np.array([word_hash(word)], dtype=np.uint32), np.array([9.0], dtype=np.float16), unknown=-2.0
    )
    return ForeignRule(words, OodScore(threshold=threshold, weights={"foreign_words": 1.0}, bias=0.0))


def test_foreign_words_are_refused_as_of_no_domain(before: Path) -> None:
    out, garage = before.parent / "2", Utterance("open the garage", "en-US", n_best=2)
    written = with_screens(before, out, dev=DEV, foreign=foreign_rule("garage"))
    assert store.verify(out) == written
    assert (written.text.foreign, "foreign.npz" in written.files) == ("foreign.npz", True)
    loaded = load(out, device="cpu")
    refused, allowed = loaded.parser.parse([garage, replace(garage, allow_refusal=False)])
    assert (refused.refused, refused.intent, allowed.refused) == (Refusal("domain"), None, None)
    assert refused.alternatives[0].intent == allowed.intent
    assert loaded.golden() == load(before, device="cpu").golden()
    card = out.joinpath("MODEL_CARD.md").read_text(encoding="utf-8")
    assert "- refuses what no domain covers, by the out-of-domain score" in card


def test_golden_frames_of_what_is_refused_from_now_on_are_left_out(before: Path) -> None:
    word = GOLDEN[0].text.split()[0]
    with_screens(before, before.parent / "2", dev=DEV, foreign=foreign_rule(word))
    left = load(before.parent / "2", device="cpu").golden()
    assert 0 < len(left) < len(GOLDEN)
    assert not any(entry.text == GOLDEN[0].text for entry in left)


def test_a_screen_takes_the_place_of_another(before: Path) -> None:
    second, third = before.parent / "2", before.parent / "3"
    with_screens(before, second, dev=DEV, languages=screen_of(KNOWN))
    with_screens(second, third, dev=DEV, languages=screen_of(KNOWN, threshold=1.0))
    (frame,) = load(third, device="cpu").parser.parse([GERMAN])
    assert frame.refused is None
    card = third.joinpath("MODEL_CARD.md").read_text(encoding="utf-8")
    assert [line for line in card.splitlines() if "language screen" in line] == [
        "- " + screen_of(KNOWN, threshold=1.0).in_words()
    ]


def test_a_file_that_is_no_screen_is_refused_by_its_name(before: Path) -> None:
    out = before.parent / "2"
    with_screens(before, out, dev=DEV, languages=screen_of(KNOWN))
    out.joinpath("languages.npz").write_bytes(b"PK")
    files = json.loads(out.joinpath("manifest.json").read_bytes())["files"]
    record = store.record(out / "languages.npz")
    files["languages.npz"] = {"size": record.size, "sha256": record.sha256}
    edit_manifest(out, files=files)
    with pytest.raises(ConfigError, match=r"languages\.npz: found no arrays"):
        load(out, device="cpu")


def test_a_bundle_is_never_overwritten(before: Path) -> None:
    with pytest.raises(ConfigError, match="a bundle is never overwritten"):
        with_screens(before, before, dev=DEV, languages=screen_of(KNOWN))


def say_golden(folder: Path) -> None:
    """Let the training text of a corpus have the golden utterances several times."""
    for number, said in enumerate(5 * GOLDEN):
        row = {"id": f"g{number}", "locale": said.locale, "partition": "train", "scenario": said.domain}
        row |= {"intent": said.intent, "utt": said.text, "annot_utt": said.text}
        with folder.joinpath(f"{said.locale}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def test_the_command_writes_a_bundle(
    before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec, out = corpus.write_massive(tmp_path / "corpus"), tmp_path / "words" / "2"
    say_golden(tmp_path / "corpus")
    assert main(["screen", str(before), "--corpus", spec, "--out", str(out)]) == 0
    loaded = load(out, device="cpu")
    assert (loaded.manifest.text.languages, loaded.manifest.text.negation) == (
        "languages.npz",
        "negation.npz",
    )
    printed = capsys.readouterr().out
    assert "dev refused: en-US 0.0000 es-ES 0.0000" in printed
    assert loaded.digest in printed


def test_the_command_gives_a_score_its_foreign_words(before: Path, tmp_path: Path) -> None:
    spec, out = corpus.write_massive(tmp_path / "corpus"), tmp_path / "words" / "2"
    say_golden(tmp_path / "corpus")
    edit_manifest(before, ood={"threshold": 0.99, "weights": {"unknown_words": 1.0}, "bias": -1.0})
    command = ["screen", str(before), "--corpus", spec, "--out", str(out), "--kinds", "foreign"]
    assert main([*command, "--share", "0.01"]) == 0
    loaded = load(out, device="cpu")
    assert (loaded.manifest.text.languages, loaded.manifest.text.foreign) == (None, "foreign.npz")
    assert loaded.manifest.ood is not None
    assert loaded.manifest.ood.weights.keys() == {"unknown_words", "foreign_words"}


def test_a_screen_can_be_given_alone(before: Path, tmp_path: Path) -> None:
    spec, out = corpus.write_massive(tmp_path / "corpus"), tmp_path / "words" / "2"
    assert main(["screen", str(before), "--corpus", spec, "--out", str(out), "--kinds", "negation"]) == 0
    text = load(out, device="cpu").manifest.text
    assert (text.languages, text.negation) == (None, "negation.npz")


def test_a_checkpoint_takes_its_screen_along(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = corpus.write_massive(tmp_path / "corpus")
    checkpoint = trained(tmp_path / "run")
    run = checkpoint.run()
    checkpoint.save("run", replace(run, locales=("en-US", "es-ES", "hi-IN")))
    assert main(["language", "--checkpoint", str(checkpoint.folder), "--corpus", spec]) == 0
    assert f"{checkpoint.folder}/languages.npz: threshold 0.5000" in capsys.readouterr().out
    assert checkpoint.language_screen() is not None
    words = [word for example in corpus.examples() for word in example.text.split()]
    checkpoint.save(
        "languages", screen_of([*words, *(w for e in corpus.examples("dev") for w in e.text.split())])
    )
    (item,) = [parser_of(checkpoint).prepare(GERMAN)]
    assert all(word.language for word in item.words)
    checkpoint.save("dev", [example for example in checkpoint.dev() if example.locale != "it-IT"])
    written = export(checkpoint, tmp_path / "1")
    assert written.text.languages == "languages.npz"
    (frame,) = load(tmp_path / "1", device="cpu").parser.parse([GERMAN])
    assert frame.refused == Refusal("language")
    card = tmp_path.joinpath("1", "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "by the language screen" in card


def test_a_place_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, checkpoint: Checkpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(checkpoint.folder, tmp_path / "run")
    (run / "languages.npz").mkdir()
    assert main(["language", "--checkpoint", str(run), "--corpus", "massive:absent"]) == 2
    assert "languages.npz: found a folder, expected a file or none" in capsys.readouterr().err
