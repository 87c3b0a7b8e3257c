"""Hindi spelled by confusions of letters, for training: other ones than those that a model is judged by."""

from __future__ import annotations

from random import Random

from polyparse.corpora.noise.chat import RESPELLED
from polyparse.corpora.noise.respelling import CONFUSED, respelled
from polyparse.corpora.noise.romanisation import draw_style, romanise
from tests.polyparse.corpora.annotated import annotated, example_of


def spellings(text: str, locale: str = "hi-IN") -> set[str]:
    noisy = [respelled(example_of(text, locale), Random(seed)) for seed in range(400)]
    return {annotated(each) for each in noisy if each}


def test_a_word_has_spellings_that_no_style_has() -> None:
    styles = [draw_style(Random(seed)) for seed in range(400)]
    for word, typed in (
        ("कितने", {"ktne", "ketne"}),
        ("सुबह", {"sbah", "suba"}),
        ("सकती", {"sakty", "saktee"}),
    ):
        assert typed <= spellings(word)
        assert not typed & {romanise(word, style) for style in styles}


def test_its_confusions_are_not_those_of_the_chats_that_judge() -> None:
    of_training = {(pattern.pattern, spelling) for pattern, spelling in CONFUSED}
    assert not of_training & {(pattern.pattern, spelling) for pattern, spelling in RESPELLED}
    for word, judged in (("है", "he"), ("करो", "kro"), ("मुझे", "muje"), ("ज़रा", "jara"), ("हाथ", "hat")):
        assert judged not in spellings(word), "a model would be judged by what it learnt"


def test_slots_are_spelled_and_other_scripts_stay() -> None:
    actual = spellings("[date : कल] play [artist : nina simone] सुनाओ")
    assert len(actual) > 3
    assert all("play [artist : nina simone]" in text and text.isascii() for text in actual)
    assert spellings("wake me up", "en-US") == set()


def test_no_word_is_lost() -> None:
    texts = ["मुझे कल सुबह सात बजे जगाओ", "यह गाना फिर से बजाओ", "ओ हाँ छह"]
    for text in texts:
        assert all(len(spelled.split()) == len(text.split()) for spelled in spellings(text))
