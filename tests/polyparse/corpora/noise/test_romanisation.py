"""Hindi in Latin letters: words as people type them."""

from __future__ import annotations

from random import Random

import pytest

from polyparse.corpora.noise.loanwords import LOANWORDS
from polyparse.corpora.noise.romanisation import Style, draw_style, romanise

PLAIN = """
    मुझे mujhe, कल kal, सुबह subah, जगाओ jagao, लड़का ladka, सुनना sunna, करना karna, समझना samajhna, नमकीन namkin,
    बारिश barish, कमरा kamra, कृपया kripya, शनिवार shanivar, मंगलवार mangalvar, बुधवार budhvar, तारीख tarikh, अगले agle,
    सड़क sadak, मदद madad, राजधानी rajdhani, अपने apne, नवीनतम navintam, संगीत sangit, मौसम mausam, समय samay,
    कार्यक्रम karyakram, पसंद pasand, में mein, हैं hain, है hai, नहीं nahin, क्या kya, लिए liye, गए gaye, चाहिए chahiye,
    और aur, ज्ञान gyaan, मित्र mitra, राज्य rajya, पहले pahle, दुःख dukh, आज aaj, सात saat, काम kaam, बताएं batayein,
    करें karein, यहाँ yahan, हाँ haan, ज़्यादा zyada, पांच paanch, मुंबई mumbai, बंद band, अच्छा accha, बच्चा baccha,
    भाई bhai, हुआ hua, सप्ताह saptah, दूसरा dusra, अंग्रेजी angreji, फ़िल्म film, न na, मार्च march, यह yeh, वह woh, सौ sau
"""
PAIRS = [tuple(pair.split()) for pair in PLAIN.split(",")]


@pytest.mark.parametrize(("word", "typed"), PAIRS)
def test_a_word_is_spelled_as_in_chats(word: str, typed: str) -> None:
    assert romanise(word) == typed


@pytest.mark.parametrize(
    ("style", "text", "typed"),
    [
        (Style(long_a=True), "समाचार", "samaachaar"),
        (Style(long_i=True), "संगीत मेरी", "sangeet meri"),
        (Style(long_u=True), "दूसरा हूँ", "doosra hoon"),
        (Style(w=True), "वाला", "wala"),
        (Style(ph=True), "फिर फ़िल्म", "phir film"),
        (Style(chh=False), "कुछ", "kuch"),
        (Style(nasal=False), "मैं नहीं में यहाँ", "mai nahi me yaha"),
        (Style(eh=True), "पहले शहर रहना सुबह", "pehle shehar rehna subah"),
        (Style(english=True), "कैलेंडर में अलार्म", "calendar mein alarm"),
        (Style(schwas=True), "कल सुबह", "kala subaha"),
    ],
)
def test_a_writer_has_preferences(style: Style, text: str, typed: str) -> None:
    assert romanise(text, style) == typed


def test_only_devanagari_changes() -> None:
    assert romanise("play मन की बात, 7 बजे।") == "play man ki baat, 7 baje."
    assert romanise("qué más") == "qué más"


def test_letters_written_as_one_code_point_or_two_are_spelled_alike() -> None:
    assert romanise("\u095bरा") == romanise("ज\u093cरा") == "zara"


def test_every_word_becomes_latin_in_every_style() -> None:
    words = " ".join(word for word, _ in PAIRS)
    spelled = {romanise(words, draw_style(Random(seed))) for seed in range(200)}
    assert len(spelled) > 100
    assert all(text.isascii() for text in spelled)


def test_english_words_are_written_in_devanagari_and_in_ascii() -> None:
    assert len(LOANWORDS) > 100
    for word, english in LOANWORDS.items():
        assert all("\u0900" <= letter <= "\u097f" for letter in word)
        assert english.isascii()
        assert english.isalpha()
