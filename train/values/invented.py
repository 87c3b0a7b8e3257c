"""Names of people and companies that `faker` invents, the same ones for the same version of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from faker import Faker

FAKER_LOCALES: Mapping[str, Sequence[str]] = {
    "en": ("en_US", "en_GB", "en_IN"),
    "es": ("es_ES", "es_MX"),
    "it": ("it_IT",),
    "hi": ("hi_IN",),
}
"""Language -> locales of faker whose people have their names in it."""
NUMBER = 2_000
"""Names of a kind that are invented for each of these."""
SEED = 17


def first_names(language: str) -> list[str]:
    """First names."""
    return [fake.first_name() for fake in _fakers(language) for _ in range(NUMBER)]


def full_names(language: str) -> list[str]:
    """First names with a last name."""
    fakers = _fakers(language)
    return [f"{fake.first_name()} {fake.last_name()}" for fake in fakers for _ in range(NUMBER)]


def companies(language: str) -> list[str]:
    """Companies: some are families' names, some have a word of business."""
    return [fake.company() for fake in _fakers(language) for _ in range(NUMBER)]


def _fakers(language: str) -> list[Faker]:
    """Newly seeded; names are drawn uniformly, not as often as people bear them."""
    from faker import Faker  # noqa: PLC0415  only a run that asks for such values needs it

    fakers = [Faker(name, use_weighting=False) for name in FAKER_LOCALES.get(language, ())]
    for fake in fakers:
        fake.seed_instance(SEED)
    return fakers
