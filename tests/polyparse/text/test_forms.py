"""What a token is looked up by: itself if it is known, else a known word that it stands for."""

import pytest
from hypothesis import given

from polyparse.text.addresses import class_of, spelling
from polyparse.text.forms import form_of, words_of
from polyparse.text.tokens import tokenise
from polyparse.text.vocabulary import Vocabulary, without_marks
from tests.strategies import texts, words

KNOWN = Vocabulary(
    words=("è", "perché", "don't", "più", "si", "sì", "caffé", "caffè", "l'", "'ll", "काम", "<mail>"),
    characters="",
)

STANDS_FOR = {
    # accents and apostrophes that were left out
    "perche": "perché",
    "piu": "più",
    "dont": "don't",
    "ll": "'ll",
    "l": "l'",
    "e": "è",
    # the first of several, which is the most frequent
    "caffe": "caffé",
    # an address
    "ana@example.com": "<mail>",
    "Ana.Perez_99+x@mail.example.co.uk": "<mail>",
}
AS_THEY_ARE = (
    "si",  # is known, whatever it was meant to be
    "sì",
    "perché",
    "perchè",  # marks are left out, not mistaken
    "piú",
    "com",
    "कम",  # vowel signs are letters
    "www.example.com",  # of a class that is not known
    "caffee",
    "'",
)


@pytest.mark.parametrize(("token", "word"), STANDS_FOR.items())
def test_an_unknown_token_stands_for_a_known_word(token: str, word: str) -> None:
    assert form_of(token, KNOWN) == word


@pytest.mark.parametrize("token", AS_THEY_ARE)
def test_any_other_stands_for_itself(token: str) -> None:
    assert form_of(token, KNOWN) == token


@given(texts)
def test_a_known_word_is_looked_up_as_it_is(text: str) -> None:
    vocabulary = Vocabulary.build(words_of(text))
    assert all(form_of(word, vocabulary) == word for word in vocabulary.words)


@given(words, words)
def test_a_word_without_its_marks_stands_for_it_where_it_alone_is_known(word: str, other: str) -> None:
    vocabulary = Vocabulary((word,), "")
    if (bare := without_marks(word)) and class_of(bare) is None:
        assert form_of(bare, vocabulary) == word
    if without_marks(other) != bare and class_of(other) is None:
        assert form_of(other, vocabulary) == other


MAIL = ("jo@example.com", "a.b-c+d@x-y.example.org", "ANA_99@Example.CO.UK", "info@esempio.it")
WEB = (
    *("example.com", "www.example.org", "WWW.Example.ORG/a", "https://example.com/a?b=c", "example.com/x"),
    *("https://example.org", "amazon.com", "repubblica.it", "a.b.example.net", "http://localhost:8080/x"),
)
NEITHER = ("a.m.", "7.30", "1,000.5", "555-123-4567", "jo@", "@jo", "example", "c.n.n.", "t.v", "24/7", "")


def test_addresses_of_mail_and_web_have_a_class_each() -> None:
    assert [class_of(word) for word in (*MAIL, *WEB, *NEITHER)] == [
        *["<mail>"] * len(MAIL),
        *["<web>"] * len(WEB),
        *[None] * len(NEITHER),
    ]


@given(texts)
def test_no_token_is_written_as_a_class(text: str) -> None:
    assert {"<mail>", "<web>"}.isdisjoint(token.text for token in tokenise(f"<mail> {text} <web>"))


def test_a_class_has_no_spelling() -> None:
    assert [spelling("<mail>"), spelling("<web>"), spelling("mail")] == ["", "", "mail"]


def test_tables_are_made_of_classes_in_place_of_addresses() -> None:
    assert words_of("write to jo@example.com, see www.example.com") == [
        "write",
        "to",
        "<mail>",
        "see",
        "<web>",
    ]
