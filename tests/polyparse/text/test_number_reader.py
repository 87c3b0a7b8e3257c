"""A number in digits is looked up by the words that say it; its place in the text stays that of the digits."""

from __future__ import annotations

import gc
import weakref
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polyparse.contract.frame import Utterance
from polyparse.corpora.augmentation.written_forms import in_digits
from polyparse.corpora.noise.written import glued, written
from polyparse.text.features import FeatureTable, utterance_features
from polyparse.text.forms import words_of
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import UNKNOWN, Vocabulary
from tests.polyparse.corpora.annotated import example_of
from tests.strategies import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random as Generator

    from polyparse.corpora.example import Example

    Writer = Callable[[Example, Generator], Example | None]

LOCALES = ("en-US", "es-ES", "it-IT", "hi-IN")
CORPUS = {
    "en-US": "wake me at five thirty p. m. on may twenty second | lower the lights by twenty percent | seven eight"
    " | what are five dollars in euros | seventeen | turn on the ninth | write to me | a . m .",
    "es-ES": "a las diez a. m. | a las cinco y media | el uno de marzo | un veinte por ciento | diecisiete y diez horas",
    "it-IT": "alle sette e mezza | all' una | alle sette e trenta | alle due e trenta"
    " | al venti per cento | due ore | minuti | radio uno | una ora",
    "hi-IN": "सुबह सात बजे जगाओ | बीस प्रतिशत कम करो | साढ़े सात बजे | पांच मिनट | दो पी. एम. पर",
}


def vectorizer_of(*words: str, locales: Sequence[str] = LOCALES) -> Vectorizer:
    """What has learnt the corpus, and these words besides."""
    sentences = [words_of(text) for texts in CORPUS.values() for text in texts.split(" | ")]
    features = sorted({feature for sentence in sentences for feature in utterance_features(sentence)})
    vocabulary = Vocabulary.build(
        [word for sentence in sentences for word in sentence] + list(words), min_character_count=1
    )
    return Vectorizer(vocabulary, FeatureTable(np.array(features, dtype=np.uint32)), read_numbers=locales)


READS, DOES_NOT = vectorizer_of(), vectorizer_of(locales=())


def read(text: str, locale: str | None, vectorizer: Vectorizer = READS) -> list[tuple[str, str]]:
    """What each token is looked up by, "?" for what is unknown, and the text that it stands for."""
    words = {word_id: word for word, word_id in vectorizer.vocabulary.word_ids.items()}
    item = vectorizer.item(Utterance(text, locale))
    places = zip(item.words, item.starts, item.ends, strict=True)
    return [(words.get(word.id, "?"), text[start:end]) for word, start, end in places]


def test_words_stand_at_the_place_of_the_digits() -> None:
    assert read("at 5:30pm on", "en-US") == [
        ("at", "at"),
        *((word, "5:30pm") for word in ("five", "thirty", "p", ".", "m", ".")),
        ("on", "on"),
    ]
    assert read("by 20%.", "en-US") == [("by", "by"), ("twenty", "20%"), ("percent", "20%")]
    assert read("(5 pm)", "en-US")[:2] == [("five", "5"), ("p", "pm")]


def test_an_item_of_digits_is_the_item_of_the_words() -> None:
    """All that a network and a classifier read is the same."""
    digits = READS.item(Utterance("wake me at 5:30pm on may 22", "en-US"))
    words = READS.item(Utterance("wake me at five thirty p. m. on may twenty second", "en-US"))
    assert digits.words == words.words
    assert digits.features == words.features


def test_without_the_option_digits_are_digits() -> None:
    assert read("at 5:30pm on", "en-US", DOES_NOT) == [("at", "at"), ("?", "5:30pm"), ("on", "on")]


@pytest.mark.parametrize("text", ["", "wake me at five", "mp3", "!?"])
def test_a_text_without_a_number_is_the_same_with_the_option(text: str) -> None:
    assert read(text, "en-US") == read(text, "en-US", DOES_NOT)


def test_a_token_that_the_vocabulary_has_is_looked_up_as_it_is() -> None:
    knows = vectorizer_of("7", "pm")
    assert read("at 7 pm", "en-US", knows) == [("at", "at"), ("7", "7"), ("pm", "pm")]
    assert read("at 8 pm", "en-US", knows) == [("at", "at"), ("eight", "8"), ("pm", "pm")]


@pytest.mark.parametrize("text", ["write to me5@example.com", "write 555-1234", "write example.com/5"])
def test_what_is_in_an_address_is_not_read(text: str) -> None:
    assert read(text, "en-US") == read(text, "en-US", DOES_NOT)


def test_the_locale_says_the_language() -> None:
    assert [read("7", locale)[0][0] for locale in LOCALES] == ["seven", "?", "sette", "सात"]
    assert read("7", "de-DE") == [("?", "7")]


@pytest.mark.parametrize(
    ("text", "word"), [("wake me at 8", "eight"), ("a las 5", "cinco"), ("alle 7", "sette"), ("7 बजे", "सात")]
)
def test_without_a_locale_the_words_around_say_the_language(text: str, word: str) -> None:
    assert word in dict(read(text, None))
    assert word in dict(read(f"{text}!", None, vectorizer_of(locales=LOCALES[::-1])))


@pytest.mark.parametrize("text", ["7", "xyz 7", "7 + 7"])
def test_where_nothing_says_the_language_digits_stay(text: str) -> None:
    assert read(text, None) == read(text, None, DOES_NOT)


def test_only_languages_that_are_served_are_read() -> None:
    assert read("alle 7", "it-IT", vectorizer_of(locales=("en-US",))) == [("alle", "alle"), ("?", "7")]


@pytest.mark.parametrize(
    ("locale", "text", "word"),
    [
        ("es-ES", "el 1 de marzo", "uno"),
        ("it-IT", "all'1", "una"),
        ("it-IT", "radio 1", "uno"),
        ("it-IT", "1h", "una"),
    ],
)
def test_one_is_said_as_training_says_it_beside_the_words_around(locale: str, text: str, word: str) -> None:
    assert (word, "1h" if "h" in text else "1") in read(text, locale)


def test_a_model_that_goes_leaves_nothing_behind() -> None:
    """Without the collector of cycles, which may come much later."""
    vectorizer = vectorizer_of()
    read("wake me at 7:30", None, vectorizer)
    numbers = weakref.ref(vectorizer._numbers)  # what holds the vocabulary
    gc.disable()
    del vectorizer
    gc.enable()
    assert numbers() is None


@given(texts, st.sampled_from([None, *LOCALES]))
@example("at 7:30pm on 12/24, 5 x 5 or $10 ½ ७बजे 10\u200d0", "en-US")
@example("a 1\u0301 1:٣٠ ２０％ x 3", None)
def test_what_is_read_has_the_place_of_the_tokens_that_it_stands_for(text: str, locale: str | None) -> None:
    item, plain = (each.item(Utterance(text, locale)) for each in (READS, DOES_NOT))
    assert item.starts == sorted(item.starts)
    assert item.ends == sorted(item.ends)
    places = set(zip(item.starts, item.ends, strict=True))
    tokens = [*zip(plain.starts, plain.ends, strict=True)]
    for start, end in tokens:
        assert sum(first <= start < end <= last for first, last in places) == 1
    assert {first for first, _ in places} <= {start for start, _ in tokens}
    assert {last for _, last in places} <= {end for _, end in tokens}


SAME = """
en-US wake me at [time : five thirty p. m.]
en-US lower the lights by [change_amount : twenty percent]
en-US what are five dollars in euros
en-US on [date : may twenty second]
es-ES a las [time : cinco y media]
es-ES a las [time : diez a. m.]
es-ES un [change_amount : veinte por ciento]
it-IT alle [time : sette e trenta]
it-IT in [time : due ore]
it-IT al [change_amount : venti per cento]
hi-IN [time : सात बजे] जगाओ
hi-IN [time : साढ़े सात बजे]
hi-IN [time : दो पी. एम.] पर
hi-IN [change_amount : बीस प्रतिशत] कम करो
"""


@pytest.mark.parametrize("line", SAME.strip().splitlines())
def test_noise_is_looked_up_by_the_words_that_were_said(line: str) -> None:
    """Whatever form a recogniser writes, spaced or glued, in Devanagari or not."""
    locale, _, annotated = line.partition(" ")
    spoken = example_of(annotated, locale)
    said = [word for word, _ in read(spoken.text, locale)]
    forms = {
        noisy.text
        for noise in (written, glued)
        for seed in range(20)
        if (noisy := noise(spoken, Random(seed)))
    }
    assert forms
    for text in forms:
        assert [word for word, _ in read(text, locale)] == said, text


@pytest.mark.parametrize("line", SAME.strip().splitlines())
def test_what_augmentation_writes_is_known_words(line: str) -> None:
    """No digits are left, so that a run which learns from written forms learns nothing that is not said."""
    locale, _, annotated = line.partition(" ")
    spoken = example_of(annotated, locale)
    forms = [form for seed in range(40) if (form := in_digits(spoken, Random(seed), native=0.5))]
    assert forms
    for form in forms:
        item = READS.item(form.utterance)
        digits = [
            form.text[s:e]
            for s, e, w in zip(item.starts, item.ends, item.words, strict=True)
            if w.id == UNKNOWN
        ]
        assert not any(char.isdigit() for token in digits for char in token), (form.text, digits)
