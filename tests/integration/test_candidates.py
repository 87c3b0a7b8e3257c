"""A day with the shipped bundles: a canary and a shadow beside the stable version, a promote, and the way back."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle import release
from polyparse.bundle import state as states
from polyparse.bundle.golden import load as load_golden
from tests.integration.in_process import inside
from tests.integration.server import ROOT
from tests.service.fakes import BOUND_S, turns, until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.integration.in_process import Inside

pytestmark = pytest.mark.anyio

STABLE, CANDIDATE = "1.8.0-viterbi", "1.8.0-ain"
KEYS = [f"user-{number}" for number in range(800)]
ASKED = "wake me at seven thirty"
ODD = (
    ("now right race one formula the leading is who", "en-US"),
    ("madrid de voz la de titulares los lee", "es-ES"),
    ("post huffington del web la a llévame", "es-ES"),
)
"""The two bundles read these in two ways."""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The shipped model, of which the Viterbi bundle serves."""
    model = tmp_path / "models" / "massive"
    for version in (STABLE, CANDIDATE):
        shutil.copytree(ROOT / "models" / "massive" / version, model / version)
    shutil.copy(ROOT / "models" / "massive" / states.FILE, model / states.FILE)
    return model


async def versions_of(site: Inside, keys: Sequence[str]) -> dict[str, str]:
    """The version that answers each key, of answers that are all good."""
    versions: dict[str, str] = {}
    for start in range(0, len(keys), 50):
        some = keys[start : start + 50]
        answers = await asyncio.gather(*(site.parse(ASKED, key, locale="en-US") for key in some))
        assert {answer.status_code for answer in answers} == {200}
        versions |= {
            key: answer.json()["model"]["version"] for key, answer in zip(some, answers, strict=True)
        }
    return versions


async def test_keys_stick_and_a_percentage_is_what_it_says_and_grows_by_taking_more(model: Path) -> None:
    async with inside(model) as site:
        release.canary(model, CANDIDATE, 10.0, site.edit())
        await site.until_tried(CANDIDATE)
        tenth = await versions_of(site, KEYS)
        assert await versions_of(site, KEYS[:200]) == {key: tenth[key] for key in KEYS[:200]}
        number = list(tenth.values()).count(CANDIDATE)
        assert abs(number - 80) < 4 * (800 * 0.1 * 0.9) ** 0.5
        release.canary(model, CANDIDATE, 40.0, site.edit())
        await until(
            lambda: (split := site.service.manager.candidates.split) is not None and split.percent == 40
        )
        more = await versions_of(site, KEYS[:500])
        assert {key for key in more if tenth[key] == CANDIDATE} < {
            key for key, version in more.items() if version == CANDIDATE
        }
        release.promote(model, CANDIDATE, site.edit())
        await site.until_serves(CANDIDATE)
        assert set((await versions_of(site, KEYS[:100])).values()) == {CANDIDATE}
        release.rollback(model, site.edit())
        await site.until_serves(STABLE)
        assert set((await versions_of(site, KEYS[:100])).values()) == {STABLE}
        samples = await site.samples()
        assert samples['polyparse_swap_loads_total{outcome="ok"}'] == 2
        assert samples["polyparse_swap_switches_total"] == 3


async def test_a_shadow_is_compared_by_locale_and_its_disagreements_are_listed(model: Path) -> None:
    async with inside(model) as site:
        release.shadow(model, CANDIDATE, 1.0, site.edit())
        await until(lambda: site.service.manager.candidates.shadow is not None)
        golden = [(each.text, each.locale) for each in load_golden(model / STABLE / "golden.jsonl")[::4]]
        asked, ids = [*golden, *ODD], []
        for number, (text, locale) in enumerate(asked, start=1):
            answer = (await site.parse(text, locale=locale)).json()
            assert answer["model"]["version"] == STABLE
            ids.append(answer["request_id"])
            await until_compared(site, number)
        samples = await site.samples()
        for locale in ("en-US", "es-ES", "it-IT", "hi-IN"):
            name = f'polyparse_shadow_compared_total{{locale="{locale}",version="{CANDIDATE}"}}'
            assert samples[name] == [each for _, each in asked].count(locale)
        agreed = sum(counts(samples, "polyparse_shadow_agreed_total", 'part="frame"'))
        disagreements = site.service.disagreements.recent()
        assert len(disagreements) == len(asked) - agreed
        assert [each.request_id for each in disagreements] == ids[len(golden) :][::-1]
        for each, (text, locale) in zip(disagreements, ODD[::-1], strict=True):
            assert (each.locale, each.characters, each.text) == (locale, len(text), None)
            assert (each.stable_version, each.candidate_version) == (STABLE, CANDIDATE)
            assert each.stable != each.candidate
            assert not any(slot.value for slot in (*each.stable.slots, *each.candidate.slots))


async def until_compared(site: Inside, number: int) -> None:
    """Wait until so many were compared."""
    async with asyncio.timeout(BOUND_S):
        while sum(counts(await site.samples(), "polyparse_shadow_compared_total")) < number:
            await turns()


def counts(samples: Mapping[str, float], family: str, label: str = "") -> list[float]:
    """The counts of a metric whose labels hold one."""
    return [count for name, count in samples.items() if name.startswith(family) and label in name]
