"""A bundle written anew in the schema of today answers as it did, says more of itself, and the old one stays as it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import onnx
import pytest

from polyparse.bundle import golden, store
from polyparse.bundle.golden import Golden
from polyparse.bundle.manifest import FILE as MANIFEST
from polyparse.bundle.manifest import SCHEMA_VERSION, Graphs
from polyparse.contract.frame import Utterance
from polyparse.errors import ChecksumMismatch, ConfigError, GoldenMismatch, TextRulesDiffer
from polyparse.inference.training_text import TrainingText
from polyparse.runtime.load import load
from polyparse.runtime.upgrade import upgrade
from polyparse.schema import unstructure
from polyparse.text.tokens import RULES
from polyparse.text.vocabulary import Vocabulary
from tests.bundles import GOLDEN, LABELS, in_schema_1, write_bundle

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = ("wake me at seven", "rebase the branch", "luces de la cocina")


def manifest_of(bundle: Path) -> Any:
    return json.loads(bundle.joinpath(MANIFEST).read_bytes())


def describe_anew(bundle: Path, **changes: object) -> None:
    """Write the manifest with changes, and with the files that there are."""
    records = {
        path.name: unstructure(store.record(path)) for path in bundle.iterdir() if path.name != MANIFEST
    }
    data = manifest_of(bundle) | {"files": records} | changes
    bundle.joinpath(MANIFEST).write_text(json.dumps(data), encoding="utf-8")


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A bundle as polyparse 0.1 wrote it: of schema 1, its score graph packed, with training text and a card."""
    bundle = write_bundle(tmp_path / "words" / "1.7")
    vectorizer = load(bundle, device="cpu").parser.vectorizer
    text = TrainingText.build(
        [vectorizer.item(Utterance(TEXTS[0]))],
        [0],
        vocabulary_size=Vocabulary.load(bundle / "vocabulary.json").size,
        n_domains=len(LABELS.domains),
    )
    text.save(bundle / "seen_text.npz")
    card = "# words 1.7\n\nReplaces words 1.6; words 1.7 is small.\n"
    bundle.joinpath("MODEL_CARD.md").write_text(card, encoding="utf-8")
    graph = onnx.load(bundle / "score.onnx")
    onnx.helper.set_model_props(graph, {"rows": "packed"})
    onnx.save(graph, bundle / "score.onnx")
    describe_anew(
        bundle,
        text={
            "vocabulary": "vocabulary.json",
            "features": None,
            "training_text": "seen_text.npz",
            "rules": RULES,
        },
        ood={"threshold": 0.9, "weights": {"unseen_ngrams": 2.0, "unknown_words": 4.0}, "bias": -4.0},
        calibration={"pooled": {"path_slope": 0.8}, "locales": {}},
    )
    bundle.joinpath(MANIFEST).write_text(json.dumps(in_schema_1(manifest_of(bundle))), encoding="utf-8")
    load(bundle, device="cpu").check_golden()
    return bundle


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_it_answers_as_it_did(older: Path) -> None:
    out = older.with_name("1.7.1")
    upgrade(older, out)
    before, after = (load(bundle, device="cpu") for bundle in (older, out))
    after.check_golden()
    batch = [Utterance(text, "es-ES", 2) for text in TEXTS]
    assert after.parser.parse(batch) == before.parser.parse(batch)


def test_the_manifest_is_of_the_schema_of_today_and_says_what_the_old_one_said(older: Path) -> None:
    out = older.with_name("1.7.1")
    written = upgrade(older, out)
    assert manifest_of(out)["schema_version"] == SCHEMA_VERSION
    assert store.verify(out) == written
    before = store.verify(older)
    assert (written.name, written.version) == ("words", "1.7.1")
    same = {"version", "networks", "text", "files"}
    assert {key: value for key, value in unstructure(written).items() if key not in same} == {
        key: value for key, value in unstructure(before).items() if key not in same
    }


def test_every_graph_and_table_keeps_its_bytes(older: Path) -> None:
    out = older.with_name("1.7.1")
    upgrade(older, out)
    before, after = contents(older), contents(out)
    for name in ("score.onnx", "decode.onnx", "vocabulary.json", "golden.jsonl"):
        assert after[name] == before[name]


def test_training_text_has_its_name_of_today(older: Path) -> None:
    out = older.with_name("1.7.1")
    written = upgrade(older, out)
    assert written.text.training_text == "training_text.npz"
    assert contents(out)["training_text.npz"] == contents(older)["seen_text.npz"]
    assert "seen_text.npz" not in contents(out)


def test_the_manifest_says_of_a_score_graph_what_it_said_of_itself(older: Path) -> None:
    written = upgrade(older, older.with_name("1.7.1"))
    assert written.networks[0].graphs == {
        "cpu": Graphs(score="score.onnx", decode="decode.onnx", layout="packed")
    }


def test_a_graph_that_says_nothing_of_itself_is_padded(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "words" / "1")
    bundle.joinpath(MANIFEST).write_text(json.dumps(in_schema_1(manifest_of(bundle))), encoding="utf-8")
    written = upgrade(bundle, tmp_path / "words" / "2")
    assert written.networks[0].graphs["cpu"].layout == "padded"


@pytest.mark.parametrize("earlier", ["layout", "file name"])
def test_a_bundle_of_the_schema_of_today_that_has_something_of_an_earlier_one_is_upgraded(
    tmp_path: Path, earlier: str
) -> None:
    bundle = write_bundle(tmp_path / "words" / "1")
    before = store.verify(bundle)
    networks = manifest_of(bundle)["networks"]
    if earlier == "layout":
        networks[0]["graphs"]["cpu"]["layout"] = None
    else:
        bundle.joinpath("seen_text.npz").touch()
    describe_anew(bundle, networks=networks)
    written = upgrade(bundle, tmp_path / "words" / "2")
    assert written.networks == before.networks
    assert set(written.files) - set(before.files) == (
        {"training_text.npz"} if earlier == "file name" else set()
    )
    assert upgradable(tmp_path / "words" / "2") is False


def upgradable(bundle: Path) -> bool:
    try:
        upgrade(bundle, bundle.with_name("again"))
    except ConfigError:
        return False
    return True


def test_the_first_line_of_the_card_names_the_new_version(older: Path) -> None:
    out = older.with_name("1.7.1")
    upgrade(older, out)
    card = out.joinpath("MODEL_CARD.md").read_text(encoding="utf-8")
    assert card == "# words 1.7.1\n\nReplaces words 1.6; words 1.7 is small.\n"


def test_the_bundle_itself_stays_as_it_is_and_nothing_else_is_left(older: Path) -> None:
    before = contents(older)
    upgrade(older, older.with_name("1.7.1"))
    assert contents(older) == before
    assert sorted(path.name for path in older.parent.iterdir()) == ["1.7", "1.7.1"]


def test_a_file_in_a_folder_of_its_own_stays_in_it(older: Path) -> None:
    older.joinpath("golden").mkdir()
    older.joinpath("golden.jsonl").rename(older / "golden/frames.jsonl")
    files = {
        str(path.relative_to(older)): unstructure(store.record(path))
        for path in older.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }
    data = manifest_of(older) | {"files": files, "golden": "golden/frames.jsonl"}
    older.joinpath(MANIFEST).write_text(json.dumps(data), encoding="utf-8")
    out = older.with_name("1.7.1")
    assert "golden/frames.jsonl" in upgrade(older, out).files
    load(out, device="cpu").check_golden()


class TestEarlierRulesOfText:
    @pytest.fixture
    def bundle(self, tmp_path: Path) -> Path:
        """Recorded when every mark was a token: one golden text has a mark that is none any more."""
        bundle = write_bundle(tmp_path / "words" / "1")
        first, *others = GOLDEN
        marked = replace(first, text=f"{first.text}!", confidence=0.123)
        golden.save(bundle / "golden.jsonl", [marked, *others])
        describe_anew(bundle, text=manifest_of(bundle)["text"] | {"rules": 1})
        return bundle

    def test_they_are_not_served(self, bundle: Path) -> None:
        with pytest.raises(
            TextRulesDiffer, match=rf"text\.rules: found 1, expected {RULES}.*polyparse models upgrade"
        ):
            load(bundle, device="cpu")

    def test_only_frames_of_texts_that_are_cut_otherwise_are_recorded_anew(self, bundle: Path) -> None:
        out = bundle.with_name("2")
        assert upgrade(bundle, out).text.rules == RULES
        before, after = (golden.load(folder / "golden.jsonl") for folder in (bundle, out))
        assert after[1:] == before[1:]
        assert after[0].text == before[0].text
        assert after[0].confidence != before[0].confidence
        load(out, device="cpu").check_golden()

    def test_so_are_those_whose_words_are_looked_up_otherwise(self, bundle: Path) -> None:
        """By rules 2 an unknown "today" had nothing to do with a known "todáy"."""
        vocabulary = Vocabulary.load(bundle / "vocabulary.json")
        words = tuple("todáy" if word == "today" else word for word in vocabulary.words)
        Vocabulary(words, "").save(bundle / "vocabulary.json")
        first, second = GOLDEN
        unaware = Golden("wake me today", "en-US", "alarm", "alarm_set", (), 1.0)
        golden.save(bundle / "golden.jsonl", [first, second, unaware])
        describe_anew(bundle, text=manifest_of(bundle)["text"] | {"rules": 2})
        out = bundle.with_name("2")
        upgrade(bundle, out)
        *same, changed = golden.load(out / "golden.jsonl")
        assert same == [first, second]
        assert changed.slots == (("time", 8, 13),)

    def test_another_frame_that_differs_is_refused(self, bundle: Path) -> None:
        first, *others = golden.load(bundle / "golden.jsonl")
        golden.save(bundle / "golden.jsonl", [first, replace(others[0], confidence=0.123), *others[1:]])
        describe_anew(bundle)
        with pytest.raises(GoldenMismatch):
            upgrade(bundle, bundle.with_name("2"))


class TestRefused:
    @pytest.mark.parametrize("kind", ["file", "folder", "itself"])
    def test_a_version_that_is_there_is_never_overwritten(self, older: Path, kind: str) -> None:
        out = older if kind == "itself" else older.with_name("1.7.1")
        if kind == "file":
            out.touch()
        elif kind == "folder":
            out.mkdir()
        before = contents(older)
        with pytest.raises(ConfigError, match="expected none: a bundle is never overwritten"):
            upgrade(older, out)
        assert contents(older) == before

    def test_a_bundle_of_today_which_would_be_the_same_by_another_name(self, tmp_path: Path) -> None:
        bundle = write_bundle(tmp_path / "words" / "1")
        today = f"words/1: found schema 2 and text rules {RULES}, which are those of today, expected"
        with pytest.raises(ConfigError, match=today):
            upgrade(bundle, tmp_path / "words" / "2")
        assert [path.name for path in bundle.parent.iterdir()] == ["1"]

    def test_a_bundle_that_is_not_sound(self, older: Path) -> None:
        older.joinpath("score.onnx").write_bytes(b"")
        with pytest.raises(ChecksumMismatch):
            upgrade(older, older.with_name("1.7.1"))
        assert [path.name for path in older.parent.iterdir()] == ["1.7"]

    def test_a_bundle_that_does_not_answer_its_golden_utterances(self, older: Path) -> None:
        first, *others = GOLDEN
        golden.save(older / "golden.jsonl", [replace(first, intent="lights_off"), *others])
        describe_anew(older)
        with pytest.raises(GoldenMismatch):
            upgrade(older, older.with_name("1.7.1"))
        assert [path.name for path in older.parent.iterdir()] == ["1.7"]

    @pytest.mark.parametrize("version", [".hidden", "a\\b"])
    def test_a_version_that_is_no_name_of_a_folder(self, older: Path, version: str) -> None:
        with pytest.raises(ConfigError, match=r"version: found .*, expected the name of a folder"):
            upgrade(older, older.parent / version)
        assert [path.name for path in older.parent.iterdir()] == ["1.7"]
