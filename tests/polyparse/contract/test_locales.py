"""The language of a locale, however it is written."""

from __future__ import annotations

import pytest

from polyparse.contract.locales import language_of, subtags


@pytest.mark.parametrize("locale", ["en-US", "EN_us", "en", "en-Latn-GB"])
def test_a_locale_begins_with_its_language(locale: str) -> None:
    assert language_of(locale) == "en"


def test_case_and_the_kind_of_hyphen_mean_nothing() -> None:
    assert subtags("zh_Hans-CN") == ["zh", "hans", "cn"]
