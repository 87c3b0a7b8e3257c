"""A coined word has sums of rows of known words; all else answers as before, and the bundle says what it is made of."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import onnx
import pytest

import model_export
from model_export.bundle import rewrite
from model_export.bundle.coined_words import Coinage, CoinedWord
from model_export.bundle.rewrite import with_words
from model_export.graphs import tables
from polyparse.bundle import golden, store
from polyparse.cli.main import main
from polyparse.contract.frame import Utterance
from polyparse.errors import ConfigError
from polyparse.inference.ood import OodScore
from polyparse.inference.training_text import TrainingText
from polyparse.runtime.load import load
from polyparse.schema import unstructure
from polyparse.text.features import FeatureTable, word_features, word_hash
from polyparse.text.vocabulary import Vocabulary
from tests.model_export.bundle.test_files import WITH_BAG
from tests.model_export.checkpoints import CONFIG, export, untrained
from tests.train import corpus
from train.postprocessing.training_text import training_text_of

if TYPE_CHECKING:
    from train.checkpoint import Checkpoint
    from train.models.maxent import MaxEntConfig

    Capture = pytest.CaptureFixture[str]

WEB = CoinedWord(word="<web>", meaning="a site", rows={"rome": 2.0, "delhi": 0.5}, features=("rome", "rain"))
MAIL = CoinedWord(word="<mail>", meaning="an address", rows={"nina": -1.0}, features=())
FOLDER = Path(model_export.__file__).parent / "coined"
ASKED = ("en-US", "will it rain in example.com tomorrow")
COINAGE = Coinage(words=(WEB, MAIL), utterances=(ASKED,))
DEV = corpus.examples("dev")


@pytest.fixture(scope="module")
def before(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny") / "1"
    export(checkpoint, folder)
    return folder


@pytest.fixture(scope="module")
def after(before: Path) -> Path:
    folder = before.with_name("2")
    with_words(before, COINAGE, folder, dev=DEV)
    return folder


@pytest.fixture(scope="module")
def reads(before: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reads") / "2"
    asked = (("en-US", "set an alarm for 6"), (None, "wake me at 7:30"))
    with_words(before, Coinage(words=(), utterances=asked, read_numbers=True), folder, dev=DEV)
    return folder


def rows_of(bundle: Path, file: str, table: str) -> np.ndarray:
    return tables.rows_of(onnx.load(bundle / file), table)


def test_a_coined_word_is_understood(before: Path, after: Path) -> None:
    answers = [
        [
            (slot.name, slot.value)
            for slot in load(bundle, device="cpu").parser.parse([Utterance(ASKED[1], ASKED[0])])[0].slots
        ]
        for bundle in (before, after)
    ]
    assert answers == [[("date", "tomorrow")], [("place", "example.com"), ("date", "tomorrow")]]


def test_texts_without_it_are_answered_as_before(before: Path, after: Path) -> None:
    utterances = [
        example.utterance for partition in ("train", "dev") for example in corpus.examples(partition)
    ]
    one, other = (load(bundle, device="cpu").parser.parse(utterances) for bundle in (before, after))
    assert one == other


def test_its_vector_is_the_weighted_sum_of_known_ones(before: Path, after: Path) -> None:
    known, now = (rows_of(bundle, "embed-all.onnx", "embedder.words.weight") for bundle in (before, after))
    ids = Vocabulary.load(before / "vocabulary.json").word_ids
    web = 2.0 * known[ids["rome"]] + 0.5 * known[ids["delhi"]]
    assert (now[:-2] == known).all()
    assert now[-2:] == pytest.approx(np.array([web, -known[ids["nina"]]]), abs=float(np.abs(web).max()) / 100)
    assert Vocabulary.load(after / "vocabulary.json").words[-2:] == ("<web>", "<mail>")


@pytest.mark.parametrize(
    "classifier", [CONFIG.classifier, WITH_BAG], ids=["MaxEnt alone", "with a bag of words"]
)
def test_its_feature_weighs_what_those_of_its_words_do(tmp_path: Path, classifier: MaxEntConfig) -> None:
    config = replace(CONFIG, classifier=classifier)
    export(untrained(tmp_path / "run", config), tmp_path / "1", precision="float32")
    with_words(tmp_path / "1", COINAGE, tmp_path / "2", dev=DEV)
    known, now = (FeatureTable.load(tmp_path / version / "features.npy") for version in "12")
    assert now.hashes[:-1].tolist() == known.hashes.tolist()
    assert now.hashes[-1] == word_hash("<web>")
    hashes = [h for word in WEB.features for h in word_features(word) if h in known.ids]
    for table in ("classifier.weights", "classifier.squares"):
        one, other = (rows_of(tmp_path / version, "classifier.onnx", table) for version in "12")
        own = [known.ids[h] - (1 + len(known.hashes) - len(one)) for h in hashes]
        assert (other[:-1] == one).all()
        assert other[-1] == pytest.approx(sum(one[max(0, row)] for row in own), rel=1e-4)


def test_in_training_text_it_is_as_typical_as_its_words(tmp_path: Path) -> None:
    checkpoint = untrained(tmp_path / "run", CONFIG)
    checkpoint.save("training_text", training_text_of(corpus.examples(), checkpoint))
    checkpoint.save("ood", OodScore(threshold=0.9, weights={"domain_log_ratio": 1.0}, bias=0.0))
    manifest = export(checkpoint, tmp_path / "1")
    with_words(tmp_path / "1", COINAGE, tmp_path / "2", dev=DEV)
    vocabulary = Vocabulary.load(tmp_path / "1" / "vocabulary.json")
    one, other = (
        TrainingText.load(
            tmp_path / version / "training_text.npz",
            vocabulary_size=vocabulary.size + more,
            n_domains=len(manifest.labels.domains),
        )
        for version, more in (("1", 0), ("2", 2))
    )
    ids = [vocabulary.word_ids[word] for word in WEB.features]
    assert (other.log_ratios_VD[:-2] == one.log_ratios_VD).all()
    assert other.log_ratios_VD[-2] == pytest.approx(one.log_ratios_VD[ids].mean(axis=0), abs=1e-2)
    assert not other.log_ratios_VD[-1].any()


def test_every_network_of_a_model_has_the_words(tmp_path: Path) -> None:
    config = replace(CONFIG, topology="per-domain", routing="hard")
    export(untrained(tmp_path / "run", config), tmp_path / "1")
    manifest = with_words(tmp_path / "1", COINAGE, tmp_path / "2", dev=DEV)
    size = Vocabulary.load(tmp_path / "2" / "vocabulary.json").size
    for network in manifest.networks:
        assert len(rows_of(tmp_path / "2", f"{network.graphs['cpu'].embed}", "embedder.words.weight")) == size


def test_golden_frames_stay_and_the_coinages_own_are_added(before: Path, after: Path) -> None:
    *same, added = golden.load(after / "golden.jsonl")
    assert same == golden.load(before / "golden.jsonl")
    assert (added.locale, added.text) == ASKED


def test_the_card_keeps_its_notes_and_says_what_was_coined(before: Path, after: Path) -> None:
    one, other = ((bundle / "MODEL_CARD.md").read_text(encoding="utf-8") for bundle in (before, after))
    notes = "- coined after training: `<web>` (a site), from the rows of rome, delhi, rain\n"
    notes += "- coined after training: `<mail>` (an address), from the rows of nina\n"
    assert other == one.replace("# tiny 1\n", "# tiny 2\n").replace("\n\n## Data", f"\n{notes}\n## Data")


def test_the_bundle_itself_stays(before: Path, after: Path) -> None:
    assert store.verify(before).version == "1"
    assert store.verify(after).version == "2"
    assert sorted(path.name for path in before.parent.iterdir()) == ["1", "2"]


class TestReadNumbers:
    """A coinage may be of no word: the bundle reads numbers from then on."""

    def test_it_answers_digits_as_the_words_that_say_them(self, before: Path, reads: Path) -> None:
        digits, words = (
            [Utterance("set an alarm for 6", "en-US")],
            [Utterance("set an alarm for six", "en-US")],
        )
        (of_digits,), (of_words,) = (load(reads, device="cpu").parser.parse(each) for each in (digits, words))
        assert (of_digits.intent, of_digits.confidence) == (of_words.intent, of_words.confidence)
        (untold,) = load(before, device="cpu").parser.parse(digits)
        assert untold.confidence != of_words.confidence

    def test_all_else_is_as_before(self, before: Path, reads: Path) -> None:
        utterances = [example.utterance for example in DEV]
        parsers = [load(bundle, device="cpu").parser for bundle in (before, reads)]
        assert parsers[0].parse(utterances) == parsers[1].parse(utterances)
        assert not store.verify(before).text.read_numbers
        assert store.verify(reads).text.read_numbers

    def test_its_golden_frames_have_its_own_answers_to_digits(self, before: Path, reads: Path) -> None:
        old, new = (load(bundle, device="cpu").golden() for bundle in (before, reads))
        kept = [entry for entry in old if not any(map(str.isdigit, entry.text))]
        assert new[: len(kept)] == kept
        assert [entry.text for entry in new[-2:]] == ["set an alarm for 6", "wake me at 7:30"]
        assert {entry.text for entry in old} <= {entry.text for entry in new}

    def test_the_card_says_so(self, reads: Path) -> None:
        assert "- numbers in digits, times, dates" in reads.joinpath("MODEL_CARD.md").read_text(
            encoding="utf-8"
        )

    def test_what_was_read_is_read_when_words_are_coined_later(self, reads: Path, tmp_path: Path) -> None:
        with_words(reads, COINAGE, tmp_path / "3", dev=DEV)
        assert store.verify(tmp_path / "3").text.read_numbers


class TestSpelling:
    LISTED: ClassVar = {"en": ["alarn", "the"], "es": ["la"]}

    @pytest.fixture
    def spells(self, before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        def listed(language: str, limit: int) -> list[str]:
            return self.LISTED.get(language, [])[:limit]

        monkeypatch.setattr(rewrite, "wordfreq_list", listed)
        with_words(before, Coinage(words=(), utterances=(), listed_words=1), tmp_path / "2", dev=DEV)
        return tmp_path / "2"

    def test_a_misspelled_word_is_answered_as_what_is_meant(self, before: Path, spells: Path) -> None:
        typed, meant, word = (
            Utterance(f"set an {each} for six", "en-US") for each in ("alram", "alarm", "alarn")
        )
        parser = load(spells, device="cpu").parser
        of_typed, of_meant, of_word = parser.parse([typed, meant, word])
        assert (of_typed.intent, of_typed.confidence) == (of_meant.intent, of_meant.confidence)
        assert of_word.confidence != of_meant.confidence  # a word of the list is no misspelled one
        assert load(before, device="cpu").parser.parse([typed])[0].confidence != of_meant.confidence

    def test_its_golden_frames_are_its_own_and_the_card_says_so(self, before: Path, spells: Path) -> None:
        old, new = (load(bundle, device="cpu").golden() for bundle in (before, spells))
        assert {entry.text for entry in old} == {entry.text for entry in new}
        card = spells.joinpath("MODEL_CARD.md").read_text(encoding="utf-8")
        assert "- misspelled words are looked up by the known word" in card

    def test_a_language_without_a_list_is_refused(self, before: Path, tmp_path: Path) -> None:
        def none(language: str, limit: int) -> list[str]:
            raise LookupError(language, limit)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rewrite, "wordfreq_list", none)
            with pytest.raises(ConfigError, match="listed_words: found no list of words"):
                with_words(before, Coinage(words=(), utterances=(), listed_words=9), tmp_path / "2", dev=DEV)


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"word": "rome"}, "'rome': found a word that the bundle knows"),
            ({"rows": {"atlantis": 1.0, "rome": 1.0}}, r"'<web>': found \['atlantis'\], expected words that"),
            ({"features": ("lyonesse",)}, r"'<web>': found \['lyonesse'\]"),
        ],
    )
    def test_words_that_cannot_be_coined(
        self, before: Path, tmp_path: Path, changes: dict[str, object], message: str
    ) -> None:
        coinage = replace(COINAGE, words=(replace(WEB, **changes),))  # type: ignore[arg-type]  # of its fields
        with pytest.raises(ConfigError, match=message):
            with_words(before, coinage, tmp_path / "2", dev=DEV)
        assert list(tmp_path.iterdir()) == []

    def test_a_version_that_is_there(self, before: Path) -> None:
        with pytest.raises(ConfigError, match="a bundle is never overwritten"):
            with_words(before, COINAGE, before, dev=DEV)

    def test_what_is_no_file_of_words(self, tmp_path: Path) -> None:
        file = tmp_path / "words.json"
        with pytest.raises(ConfigError, match=r"words\.json: found No such file"):
            Coinage.load(file)
        file.write_text('{"words": [], "utterances": [], "more": 1}')
        with pytest.raises(ConfigError, match=r"words\.json: found the unknown key 'more'"):
            Coinage.load(file)


def test_the_coinages_that_ship_can_be_read() -> None:
    files = sorted(FOLDER.glob("*.json"))
    assert [file.name for file in files] == ["massive-1.7.json", "typed.json"]
    assert [(read.read_numbers, read.listed_words) for read in map(Coinage.load, files)] == [
        (False, 0),
        (True, 60_000),
    ]


def test_the_command_writes_the_bundle(before: Path, tmp_path: Path, capsys: Capture) -> None:
    words = tmp_path / "words.json"
    words.write_text(json.dumps(unstructure(COINAGE)), encoding="utf-8")
    spec = corpus.write_massive(tmp_path / "corpus")
    out = tmp_path / "3"
    assert main(["coin", str(before), "--words", str(words), "--corpus", spec, "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}: tiny 3, sha256 {store.digest(out)}\n"
    load(out, device="cpu").check_golden()
