"""A language screen is fitted so that it refuses a language which the fit never saw, and hardly any text that is served."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING
from unicodedata import category

import numpy as np
import pytest

from polyparse.corpora.example import Example
from polyparse.errors import ConfigError
from tests.train.corpus import examples, write_massive
from train.postprocessing import language_fit
from train.postprocessing.language import (
    DEV_SHARE,
    NOISE_SHARES,
    calibrated,
    evidence_of,
    fit_to_corpus,
    logits_of,
)
from train.postprocessing.language_fit import fit_screen
from train.postprocessing.language_texts import SpokenTexts, texts_of, words_of

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.inference.language import LanguageScreen
    from train.embeddings.word_lists import WordList

SYLLABLES = {
    "en-US": "wa ke the lig ht set ti mer on",
    "es-ES": "lu ces po ner ma na el ho ra",
    "de-DE": "schu tzen wek ker uhr mor gen",
    "pt-PT": "nh ao ce do lh es co ra ção",
    "tr-TR": "ış ık ya rın gün üç saat",
}


def language(locale: str, n_texts: int, seed: int) -> list[Example]:
    """Texts of five words each, some said often and some once, made of a language's own syllables."""
    random, syllables = Random(f"{locale} {seed}"), SYLLABLES[locale].split()
    always = Random(locale)
    words = ["".join(always.choices(syllables, k=always.randint(2, 4))) for _ in range(60)]
    weights = [1 / (1 + place) for place in range(len(words))]
    return [
        Example(str(n), " ".join(random.choices(words, weights, k=5)), locale, "train", None, None, ())
        for n in range(n_texts)
    ]


def no_list(language: str, limit: int) -> list[str]:
    """Of languages that are made up there are no lists."""
    raise LookupError(language)


def texts(locales: tuple[str, ...], n_texts: int, seed: int, word_list: WordList = no_list) -> SpokenTexts:
    spoken = [example for locale in locales for example in language(locale, n_texts, seed)]
    return texts_of(spoken, ("en-US", "es-ES"), word_list=word_list)


def refused(screen: LanguageScreen, locale: str, seed: int = 9) -> float:
    spoken = words_of(example.text for example in language(locale, 300, seed))
    return float((logits_of(screen, evidence_of(screen, spoken)) > 0.0).mean())


@pytest.fixture(scope="module")
def screen() -> LanguageScreen:
    train = texts(tuple(SYLLABLES), 200, 1)
    return calibrated(fit_screen(train.without("tr-TR")), texts(("en-US", "es-ES"), 400, 2))


def test_a_language_that_the_fit_never_saw_is_refused_and_so_are_those_it_saw(screen: LanguageScreen) -> None:
    assert min(refused(screen, locale) for locale in ("tr-TR", "de-DE", "pt-PT")) > 0.95


def test_a_word_of_a_languages_list_is_not_unknown() -> None:
    """New words of served languages would else be taken for those of another one."""

    def listed(language: str, limit: int) -> list[str]:
        return ["montagna", "fiume"] if language == "es" else no_list(language, limit)

    train = texts(("en-US", "es-ES", "de-DE"), 60, 1, listed)
    assert train.listed == [[], ["montagna", "fiume"]]
    with_list, without = fit_screen(train), fit_screen(replace(train, listed=[[], []]))
    said = [("montagna",), ("pianura",)]
    assert evidence_of(with_list, said)[:, -1].tolist() == [0, 1]
    assert evidence_of(without, said)[:, -1].tolist() == [1, 1]


def test_what_neighbours_share_is_rare_in_one_of_them() -> None:
    """A text of words that a served language has, but hardly ever says, is not taken for its own."""
    counts = Counter(word for example in language("es-ES", 200, 1) for word in example.text.split())
    by_frequency = [word for word, _ in counts.most_common()]
    screen = fit_screen(texts(("en-US", "es-ES", "de-DE", "pt-PT"), 200, 1))
    said = [tuple(by_frequency[-5:]), tuple(by_frequency[:5])]
    of_rare, of_often = logits_of(screen, evidence_of(screen, said))
    assert of_rare > of_often


def test_what_is_served_is_not(screen: LanguageScreen) -> None:
    assert max(refused(screen, locale) for locale in ("en-US", "es-ES")) < 0.02


def test_the_same_texts_give_the_same_screen(tmp_path: Path) -> None:
    train = texts(("en-US", "es-ES", "de-DE"), 30, 1)
    for name in "ab":
        fit_screen(train).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_locale_may_have_its_share_of_dev_refused_and_no_more(screen: LanguageScreen) -> None:
    dev = texts(("en-US", "es-ES"), 1000, 2)
    noise = replace(dev, noisy={**dev.noisy, "mixed": [dev.plain[1][:500], []]})
    chosen = calibrated(screen, noise)
    shares = [
        float((logits_of(chosen, evidence_of(chosen, each)) > 0.0).mean())
        for each in (*noise.plain, noise.noisy["mixed"][0])
    ]
    assert max(shares[:2]) <= DEV_SHARE
    assert shares[2] <= NOISE_SHARES["mixed"]


def test_a_locale_without_dev_is_refused(screen: LanguageScreen) -> None:
    with pytest.raises(ConfigError, match="found a locale without dev"):
        calibrated(screen, texts(("en-US",), 5, 2))


def test_the_gradient_is_that_of_the_loss() -> None:
    words, train = language_fit._DistinctWords(), texts(("en-US", "es-ES", "de-DE"), 4, 1)
    groups = language_fit._groups(train, words, Random(0))
    design = language_fit._Design(language_fit._WordFeatures(words, train), groups, n_languages=2)
    parameters = np.random.default_rng(7).normal(size=design.n_parameters)
    step = 1e-2  # weights of features are summed as float32
    for place in range(0, len(parameters), 3):
        around = [parameters + sign * step * (np.arange(len(parameters)) == place) for sign in (1, -1)]
        slow = (design.loss(around[0])[0] - design.loss(around[1])[0]) / (2 * step)
        assert design.loss(parameters)[1][place] == pytest.approx(slow, abs=2e-3)


def test_a_screen_scores_as_the_regression_does() -> None:
    """Of texts whose words the fit knows well, within what rounding to 127 steps does."""
    words, train = language_fit._DistinctWords(), texts(("en-US", "es-ES", "de-DE"), 60, 1)
    groups = language_fit._groups(train, words, Random(0))
    design = language_fit._Design(language_fit._WordFeatures(words, train), groups, n_languages=2)
    parameters = np.random.default_rng(7).normal(size=design.n_parameters)
    screen = design.screen(parameters)
    said = words_of(example.text for example in language("de-DE", 60, 1))
    sums_BC = evidence_of(screen, said)
    own_FL, biases_L, by_frequency, of_none_N = design._parted(parameters)
    table, every_H = design._table, np.unique(np.concatenate(words.hashes))
    rows = [[words.number(word) for word in text] for text in said]
    features_TF = np.stack([table.features_WH.toarray()[row].sum(axis=0) for row in rows])[
        :, np.isin(every_H, table.hashes_F)
    ]
    weights_FL = own_FL + by_frequency * table.frequencies_FL
    served_TL = features_TF @ weights_FL + biases_L
    none_T = (sums_BC[:, -3:] * [0.1, 1, 1]) @ of_none_N[:3] + of_none_N[3]
    expected_T = none_T - np.log(np.exp(served_TL).sum(axis=1))
    assert logits_of(screen, sums_BC) == pytest.approx(expected_T, abs=40 * screen.step)


def test_served_text_is_there_as_it_is_typed_and_with_values_of_another_language() -> None:
    found = texts_of(examples("train"), ("hi-IN", "en-US"))
    hindi, english = found.noisy["romanised"]
    assert english == []
    assert all(word.isascii() for text in hindi for word in text)
    assert len(set(hindi)) > len(found.plain[0])
    assert any(not word.isascii() for text in found.noisy["mixed"][1] for word in text)
    assert not any(category(sign) == "Mn" for text in found.noisy["bare"][0][-5:] for sign in "".join(text))
    assert len(set(found.noisy["typed"][1]) - set(found.plain[1])) > len(found.plain[1]) // 2
    assert found.unserved.keys() == {"es-ES", "it-IT"}
    assert found.without("it-IT").unserved.keys() == {"es-ES"}


def test_another_region_of_a_served_language_is_not_unserved() -> None:
    assert texts_of(examples("train"), ("es-MX", "en-US", "hi-IN")).unserved.keys() == {"it-IT"}


def test_a_corpus_of_served_languages_alone_teaches_nothing(tmp_path: Path) -> None:
    spec, locales = write_massive(tmp_path / "corpus"), ("en-US", "es-ES", "it-IT", "hi-IN")
    with pytest.raises(ConfigError, match="found no language but those served"):
        fit_to_corpus(spec, locales, say=print)
