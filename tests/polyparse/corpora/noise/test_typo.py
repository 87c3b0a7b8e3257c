"""Typos: one slip, on the keyboard of the language."""

from __future__ import annotations

from random import Random

import pytest

from polyparse.corpora.noise.keyboard import KEYS, keys_of
from polyparse.corpora.noise.typo import typo
from tests.train import corpus


def distance(first: str, second: str) -> int:
    """Levenshtein, with two neighbours swapped as one edit."""
    rows = [list(range(len(second) + 1))]
    for i, letter in enumerate(first, start=1):
        row = [i]
        for j, other in enumerate(second, start=1):
            costs = [rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != other)]
            if i > 1 and j > 1 and first[i - 2 : i] == second[j - 2 : j][::-1]:
                costs.append(rows[-2][j - 2] + 1)
            row.append(min(costs))
        rows.append(row)
    return rows[-1][-1]


@pytest.mark.parametrize("seed", range(20))
def test_a_typo_is_one_slip(seed: int) -> None:
    random = Random(seed)
    for example in corpus.examples():
        noisy = typo(example, random)
        assert noisy is not None
        assert distance(example.text, noisy.text) == 1


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_to_be_beside_is_mutual_and_never_of_itself(keys: dict[str, str]) -> None:
    for key, others in keys.items():
        assert key not in others
        assert len(set(others)) == len(others) > 0
        assert all(key in keys[other] for other in others)


@pytest.mark.parametrize(
    ("locale", "key", "others"),
    [
        ("en-US", "g", "tyfhvb"),
        ("en-GB", "p", "ol"),
        ("es-ES", "ñ", "pl"),
        ("it-IT", "è", "pòà"),
        ("hi-IN", "क", "गदरतसख"),
        ("fr-FR", "q", "wa"),
    ],
)
def test_the_keys_around_a_key(locale: str, key: str, others: str) -> None:
    actual = keys_of(locale)[key]
    assert set(actual) >= set(others)
    assert len(actual) <= 8


def test_an_accented_letter_is_typed_on_the_key_of_its_letter_and_case_is_kept() -> None:
    example = type(corpus.examples()[0])("1", "ÉÉÉ", "es-ES", "train", None, None, ())
    actual = {noisy.text for seed in range(80) if (noisy := typo(example, Random(seed)))}
    assert {"ÉÉ", "ÉÉÉÉ"} <= actual
    assert {text for text in actual if len(text) == 3} <= {
        "ÉÉÉ".replace("É", other, 1) for other in "WRDS"
    } | {f"É{other}É" for other in "WRDS"} | {f"ÉÉ{other}" for other in "WRDS"}


def test_short_words_are_spared() -> None:
    example = type(corpus.examples()[0])("1", "a las 10", "es-ES", "train", None, None, ())
    for seed in range(20):
        noisy = typo(example, Random(seed))
        assert noisy is not None
        assert noisy.text.startswith("a ")
        assert noisy.text.endswith(" 10")
