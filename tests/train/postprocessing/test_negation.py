"""A screen learnt from a few requests tells negated ones from others, in verbs that it never saw negated."""

from __future__ import annotations

import numpy as np
import pytest

from polyparse.contract.frame import Utterance
from polyparse.corpora.augmentation.negation.made import NegationConfig
from polyparse.corpora.example import Example
from polyparse.errors import ConfigError
from polyparse.inference.negation import CUE, FORM, VERB, NegationScreen, stem_hash
from polyparse.text.features import word_hash
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary
from train.postprocessing.negation import ScreenConfig, cue_hashes, fit, word_kinds

REQUESTS = {
    "en-US": (
        "turn off the lights",
        "play jazz",
        "delete my list",
        "open the door",
        "send an email",
        "dim the lamp",
    ),
    "hi-IN": ("लाइट बंद करो", "गाना चलाओ", "सूची दिखाओ", "ईमेल भेजो", "अलार्म लगाओ", "खाना मंगवाओ"),
}
"""The last one of each has a verb that no rule has."""
NEGATED = ("don't dim the lamp", "please do not dim the lights", "खाना मत मंगवाओ")
KEPT = ("don't forget to dim the lamp", "why don't you dim the lamp", "खाना मंगवाना मत भूलना")
VECTORIZER = Vectorizer(Vocabulary((), ""), None)
CONFIG = ScreenConfig(texts=NegationConfig(forms=80, copies=1), least=1, romanised=0.1)


def corpus() -> list[Example]:
    texts = [(text, locale) for locale, of_locale in REQUESTS.items() for text in of_locale for _ in range(4)]
    return [Example(str(i), text, locale, "train", None, None, ()) for i, (text, locale) in enumerate(texts)]


def dev(*texts: str) -> list[Example]:
    return [Example(text, text, "en-US", "dev", None, None, ()) for text in texts]


@pytest.fixture(scope="module")
def screen() -> NegationScreen:
    return fit(corpus(), [], VECTORIZER, CONFIG)


def scores(screen: NegationScreen, *texts: str) -> list[float]:
    return screen.scores([VECTORIZER.item(Utterance(text)) for text in texts])


def test_negated_requests_score_above_the_threshold_and_look_alikes_below(screen: NegationScreen) -> None:
    assert min(scores(screen, *NEGATED)) > screen.threshold > max(scores(screen, *KEPT))


def test_the_same_seed_gives_the_same_screen(screen: NegationScreen) -> None:
    again = fit(corpus(), [], VECTORIZER, CONFIG)
    assert again.weights_F.tolist() == screen.weights_F.tolist()
    assert again.bias == screen.bias
    for hashes in (screen.words_W, screen.hashes_F):  # whatever order sets of words come in
        assert hashes.tolist() == sorted(hashes.tolist())


def test_dev_raises_the_threshold_until_no_more_than_its_share_is_lost(screen: NegationScreen) -> None:
    texts = dev(*NEGATED[:2], "play jazz")
    strict = fit(corpus(), texts, VECTORIZER, CONFIG)
    assert strict.threshold == pytest.approx(max(scores(screen, *NEGATED[:2])))
    assert strict.weights_F.tolist() == screen.weights_F.tolist()
    wrong_anyway = np.array([False, False, True])
    assert fit(corpus(), texts, VECTORIZER, CONFIG, right_B=wrong_anyway).threshold == CONFIG.least_threshold


def test_cues_are_known_without_apostrophe_and_in_latin_letters() -> None:
    cues = cue_hashes({"en-US", "hi-IN"}, VECTORIZER)
    assert {word_hash(word) for word in ("don't", "dont", "मत", "mat", "nahin")} <= cues
    assert word_hash("मत") not in cue_hashes({"en-US"}, VECTORIZER)


def test_verbs_are_the_words_that_requests_begin_or_end_with() -> None:
    items = [VECTORIZER.item(example.utterance) for example in corpus()]
    kinds = word_kinds(items, cue_hashes({"en-US", "hi-IN"}, VECTORIZER), CONFIG)
    assert {kinds[word_hash(word)] for word in ("dim", "मंगवाओ", "play")} == {VERB}
    assert kinds[stem_hash("मंगवाना")] == FORM
    assert kinds[word_hash("not")] == CUE
    assert word_hash("lights") not in kinds


def test_a_corpus_without_any_language_of_the_rules_is_refused() -> None:
    with pytest.raises(ConfigError, match="found de-DE, expected a language of en"):
        fit([Example("1", "mach das licht aus", "de-DE", "train", None, None, ())], [], VECTORIZER)


def test_a_bad_number_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="hidden: found 1"):
        ScreenConfig(hidden=1.0)
