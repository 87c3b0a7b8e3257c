"""Numbers in digits in training: labels stay exact, draws depend on the seed alone, and forms are not those of the noise."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.augmentation.written_forms import WrittenConfig, WrittenForms, in_digits, with_written
from polyparse.corpora.augmentation.written_styles import STYLES
from polyparse.corpora.noise.written import glued, written
from polyparse.errors import ConfigError
from tests.polyparse.corpora.annotated import annotated, example_of
from tests.train import corpus

if TYPE_CHECKING:
    from polyparse.corpora.example import Example

LOCALES = {"en": "en-US", "es": "es-ES", "it": "it-IT", "hi": "hi-IN"}
_LINES = Path(__file__).with_name("written_examples.txt").read_text(encoding="utf-8").splitlines()
EXAMPLES = [(before.strip(), after.strip()) for before, _, after in (line.partition("|") for line in _LINES)]
"""A language and an utterance | one of the forms that it may get."""
SPOKEN = [example_of(before[3:], LOCALES[before[:2]]) for before in dict(EXAMPLES)]
DRAWS = 120


@pytest.mark.parametrize(("before", "after"), EXAMPLES)
def test_an_utterance_gets_this_form_with_its_labels_on_the_same_words(before: str, after: str) -> None:
    example = example_of(before[3:], LOCALES[before[:2]])
    forms = [in_digits(example, Random(seed), native=0.3) for seed in range(DRAWS)]
    assert after in {annotated(form) for form in forms if form}
    assert {(form.id, form.intent, form.locale) for form in forms if form} == {
        (example.id, example.intent, example.locale)
    }


def test_every_language_is_written_in_many_hand_made_examples() -> None:
    assert len(EXAMPLES) >= 60
    assert {before[:2] for before, _ in EXAMPLES} == set(STYLES)


@pytest.mark.parametrize("example", SPOKEN, ids=lambda example: example.text)
def test_no_slot_and_no_text_between_slots_takes_words_from_another(example: Example) -> None:
    for seed in range(DRAWS):
        form = in_digits(example, Random(seed))
        assert form is not None
        assert [span.name for span in form.slots] == [span.name for span in example.slots]
        assert all(
            form.text[span.start : span.end].strip() == form.text[span.start : span.end]
            for span in form.slots
        )
        assert len(form.text.split()) <= len(example.text.split())


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en-US", "play that one"),
        ("en-US", "the second song"),
        ("es-ES", "pon una alarma"),
        ("it-IT", "sei un robot"),
        ("it-IT", "tra [time : un'ora]"),
        ("hi-IN", "बत्ती बंद कर दो"),
        ("de-DE", "um [time : fünf uhr]"),
    ],
)
def test_what_names_no_number_stays(locale: str, text: str) -> None:
    assert in_digits(example_of(text, locale), Random(1)) is None


def test_units_and_halves_of_the_day_have_other_forms_than_the_noise_that_measures() -> None:
    measured, learnt = (
        {
            token
            for example in SPOKEN
            for seed in range(DRAWS)
            for kind in kinds
            if (form := kind(example, Random(seed))) is not None
            for token in form.text.split()
            if any(char.isdigit() for char in token) and not plain(token)
        }
        for kinds in ((written, glued), (in_digits,))
    )
    assert measured
    assert learnt
    assert measured & learnt == set()


def plain(token: str) -> bool:
    """Whether it is a number, an English ordinal or H:MM: there is one way to write those."""
    return token.strip("0123456789:.,") in {"", "st", "nd", "rd", "th", "º"}


def test_the_seed_decides_and_a_share_of_zero_changes_nothing() -> None:
    spoken = SPOKEN * 4
    forms = WrittenForms(WrittenConfig(utterances=0.5))
    drawn = forms.draw(spoken, 1)
    assert drawn == forms.draw(spoken, 1)
    assert drawn != forms.draw(spoken, 2)
    changed = sum(before is not after for before, after in zip(spoken, drawn, strict=True))
    assert changed / len(spoken) == pytest.approx(0.5, abs=0.12)
    assert WrittenForms(WrittenConfig()).draw(spoken, 1) == spoken


def test_tables_are_made_of_the_utterances_and_their_written_forms() -> None:
    utterances = corpus.examples()
    extended = with_written(utterances, WrittenConfig(utterances=0.9))
    assert extended[: len(utterances)] == utterances
    added = extended[len(utterances) :]
    assert added
    assert all(any(char.isdigit() for char in example.text) for example in added)
    assert with_written(utterances, WrittenConfig()) == utterances


@pytest.mark.parametrize("share", [{"utterances": 1.5}, {"native": -0.1}])
def test_an_impossible_share_is_refused(share: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(share))):
        WrittenConfig(**share)
