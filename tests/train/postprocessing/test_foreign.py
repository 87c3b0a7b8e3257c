"""What no domain covers is told by its words, also by those of topics that were left out; dev pays no more than it may."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.contract.frame import Utterance
from polyparse.corpora.augmentation.foreign import made
from polyparse.corpora.augmentation.foreign.lists import parse
from polyparse.corpora.example import Example
from polyparse.corpora.noise.noiser import NoiseConfig
from polyparse.errors import ConfigError
from polyparse.inference.ood import FOREIGN_WORDS, OodScore
from polyparse.runtime.load import load
from polyparse.text.features import word_hash
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary
from tests.bundles import write_bundle
from train.postprocessing.foreign import ForeignFit, fit, fit_words, sums_of

if TYPE_CHECKING:
    from polyparse.inference.foreign import ForeignWords
    from polyparse.inference.parser import Parser

VECTORIZER = Vectorizer(Vocabulary((), ""), None)
CONFIG = ForeignFit(folds=2, noise=NoiseConfig(), least=2, hidden=0.3)
BASE = OodScore(threshold=0.9, weights={"unknown_words": 1.0, FOREIGN_WORDS: 9.0}, bias=-1.0)
CORPUS = (
    "wake me at seven",
    "wake me at nine",
    "lights at seven",
    "lights off",
    "lights on at nine",
    "rare lights",
)
LISTS = parse(
    "task openings\nx the garage door; the shutters; the gate\nopen {x}\nis {x} shut\n"
    "task money\nx my savings; my card; my loan\nopen {x}\nhow much is on {x}\n"
    "talk love\ni love you\nis it love\n"
)


def examples(*texts: str, partition: str = "train") -> list[Example]:
    return [Example(text, text, "en-US", partition, "alarm", "alarm_set", ()) for text in texts]


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Parser:
    return load(write_bundle(tmp_path_factory.mktemp("models") / "words" / "1"), device="cpu").parser


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "lists_of", lambda _: LISTS)


def weight(words: ForeignWords, word: str) -> float:
    found = dict(zip(words.hashes_W.tolist(), words.weights_W.tolist(), strict=True))
    return float(found.get(word_hash(word), words.unknown))


def words_of(config: ForeignFit = CONFIG) -> ForeignWords:
    corpus = [VECTORIZER.item(Utterance(text)) for text in 5 * CORPUS[:-1] + CORPUS[-1:]]
    foreign = [
        VECTORIZER.item(Utterance(text)) for text in ("open the gate", "open the door", "shut the gate")
    ]
    return fit_words(corpus, 5 * foreign, config)


def test_words_of_the_corpus_weigh_less_than_those_of_no_domain() -> None:
    words = words_of()
    assert max(weight(words, word) for word in ("wake", "lights", "seven")) < 0
    assert min(weight(words, word) for word in ("open", "gate")) > 0
    assert words.hashes_W.dtype == np.uint32
    assert (np.diff(words.hashes_W.astype(np.int64)) > 0).all()


def test_a_word_that_one_text_has_weighs_what_an_unknown_one_does() -> None:
    words = words_of()
    assert word_hash("rare") not in words.hashes_W
    assert weight(words, "rare") == words.unknown
    assert words.unknown > weight(words, "lights")


def test_hidden_words_make_unknown_ones_say_more() -> None:
    assert words_of(replace(CONFIG, hidden=0.6)).unknown > words_of(replace(CONFIG, hidden=0.0)).unknown


def test_the_score_keeps_its_signals_and_gets_one_more(parser: Parser) -> None:
    dev = examples(*CORPUS, partition="dev")
    rule = fit(examples(*4 * CORPUS), dev, parser, BASE, CONFIG)
    assert rule.score.weights.keys() == {"unknown_words", FOREIGN_WORDS}
    assert rule.score.weights[FOREIGN_WORDS] > 0
    items = [parser.prepare(Utterance(text)) for text in ("wake me at nine", "open the gate", "open my card")]
    own, *foreign = sums_of(rule.words, items).tolist()
    assert max(own, 0.0) < min(foreign)
    assert "refuses what no domain covers" in rule.in_words()


@pytest.mark.parametrize(("share", "lost"), [(0.0, 0.9), (0.9, 0.0), (0.34, 0.9)])
def test_dev_is_refused_and_lost_no_more_than_may_be(parser: Parser, share: float, lost: float) -> None:
    dev = examples(*CORPUS, partition="dev")
    rule = fit(examples(*4 * CORPUS), dev, parser, BASE, replace(CONFIG, share=share, lost=lost))
    items = [parser.prepare(example.utterance) for example in dev]
    evidence = replace(parser.evidence(items), foreign_words_B=sums_of(rule.words, items))
    refused_B = rule.score.scores(evidence) > rule.score.threshold
    intents = [parser.labels.intents[i] for i in evidence.intent_log_probs_BI.argmax(axis=1)]
    assert refused_B.mean() <= share
    assert (refused_B & (np.array(intents) == "alarm_set")).mean() <= lost


def test_the_same_seed_gives_the_same_weights(parser: Parser) -> None:
    dev = examples(*CORPUS, partition="dev")
    one, other = (fit(examples(*4 * CORPUS), dev, parser, BASE, CONFIG) for _ in range(2))
    np.testing.assert_array_equal(one.words.weights_W, other.words.weights_W)
    assert one.score == other.score


def test_a_corpus_in_other_languages_is_refused(parser: Parser) -> None:
    german = [replace(example, locale="de-DE") for example in examples(*CORPUS)]
    with pytest.raises(ConfigError, match="foreign words: found no language with lists"):
        fit(german, examples("lights on"), parser, BASE, CONFIG)


def test_without_dev_there_is_no_threshold(parser: Parser) -> None:
    with pytest.raises(ConfigError, match="foreign words: found no dev utterance"):
        fit(examples(*CORPUS), [], parser, BASE, CONFIG)
