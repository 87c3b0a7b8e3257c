"""A canary that goes bad on some texts harms no stable version; it is stopped here, and everywhere if most agree."""

from __future__ import annotations

import asyncio
import re
import socket
from typing import TYPE_CHECKING, NamedTuple

import pytest

from polyparse.bundle import history, release, status
from polyparse.bundle.status import ProcessStatus, VersionStatus
from polyparse.bundle.store import digest
from tests.bundles import write_bundle
from tests.integration.faulty_bundles import ODD, SLOW, decode_by, give_nan_on_a_word, raise_on_a_word
from tests.integration.in_process import AT, inside
from tests.service.fakes import BOUND_S, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from polyparse.bundle.status import Verdict
    from tests.integration.in_process import Inside

pytestmark = pytest.mark.anyio

KEYS = [f"user-{number}" for number in range(120)]
LONG = "wake me at seven " * 10
"""Of which the slow one takes twenty times as long: a stall of the machine in the mean of the other must not hide it."""


class Fault(NamedTuple):
    """What is done to the canary's bundle, the text that shows it, and what the reason says."""

    damage: Callable[[Path], None]
    text: str
    reason: str


FAULTS = {
    "raises": Fault(raise_on_a_word, ODD, "points more fail"),
    "gives nan": Fault(give_nan_on_a_word, ODD, "points more fail"),
    "is slow": Fault(decode_by(SLOW), LONG, "times as long"),
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model of which version 1 serves."""
    model = tmp_path / "models" / "words"
    write_bundle(model / "1")
    release.promote(model, "1", release.Edit(release.decide_on(model), "ann", AT))
    return model


async def ask_all(site: Inside, text: str) -> dict[str, int]:
    """The status of each key's answer, two asked at a time: of four, runs of some draws are too few for a verdict."""
    statuses: dict[str, int] = {}
    for start in range(0, len(KEYS), 2):
        keys = KEYS[start : start + 2]
        answers = await asyncio.gather(*(site.parse(text, key) for key in keys))
        statuses |= {key: answer.status_code for key, answer in zip(keys, answers, strict=True)}
    return statuses


async def tried(site: Inside, fault: Fault) -> set[str]:
    """Let a faulty version 2 be the canary; the keys that are its."""
    fault.damage(write_bundle(site.model / "2"))
    release.canary(site.model, "2", 50.0, site.edit())
    await site.until_tried("2")
    answers = {key: (await site.parse("alarm", key)).json()["model"]["version"] for key in KEYS}
    return {key for key, version in answers.items() if version == "2"}


@pytest.mark.parametrize("name", FAULTS)
async def test_one_process_alone_stops_its_canary_and_the_state_says_why(model: Path, name: str) -> None:
    fault = FAULTS[name]
    async with inside(model, auto_rollback=True, canary_min_requests=20) as site:
        keys = await tried(site, fault)
        statuses = await ask_all(site, fault.text)
        assert all(statuses[key] == 200 for key in KEYS if key not in keys)
        assert set((await ask_all(site, fault.text)).values()) == {200}
        async with asyncio.timeout(BOUND_S):
            while site.state().generation < 3:
                await ask_all(site, fault.text)
        assert (site.state().canary, site.state().stable.version) == (None, "1")
        entry = history.read(model).entries[-1]
        assert entry.action == "canary-stop"
        assert entry.by is not None
        assert entry.by.startswith(f"serve@{socket.gethostname()}-")
        assert entry.reason is not None
        assert re.match(rf"2 is unhealthy: \d+ of \d+ utterances failed, .*{fault.reason}", entry.reason)
        await until(lambda: [v.number for v in site.service.manager.versions] == ["1"])
        samples = await site.samples()
        assert samples['polyparse_canary_rollbacks_total{scope="process"}'] == 1
        assert samples['polyparse_canary_rollbacks_total{scope="fleet"}'] == 1
        assert not [sample for sample in samples if 'version="2"' in sample]


def say(model: Path, host: str, verdict: Verdict, generation: int) -> None:
    """Let another node say what it finds of the canary."""
    versions = (VersionStatus("2", digest(model / "2"), "ready", verdict=verdict),)
    status.write(model, ProcessStatus(host=host, pid=1, at=AT, generation=generation, versions=versions))


async def test_one_sick_node_of_three_stops_its_own_canary_and_nobody_elses(model: Path) -> None:
    fault = FAULTS["raises"]
    async with inside(model, auto_rollback=True, canary_min_requests=20) as site:
        await tried(site, fault)
        say(model, "node-b", "healthy", 2)
        say(model, "node-c", "undecided", 2)
        await ask_all(site, fault.text)
        assert site.service.manager.candidates.split is None
        await until(lambda: "unhealthy" in verdicts(model))
        assert site.state().canary is not None
        assert set((await ask_all(site, fault.text)).values()) == {200}
        assert site.state().canary is not None
        say(model, "node-c", "unhealthy", 2)
        await site.until_generation(3)
        assert site.state().canary is None


def verdicts(model: Path) -> list[Verdict | None]:
    """What processes of this host say of the canary."""
    here = [each for each in status.read_all(model) if each.host == socket.gethostname()]
    return [version.verdict for each in here for version in each.versions if version.version == "2"]


async def test_a_stop_of_this_process_ends_with_the_next_wish(model: Path) -> None:
    fault = FAULTS["raises"]
    async with inside(model, auto_rollback=True, canary_min_requests=20) as site:
        await tried(site, fault)
        say(model, "node-b", "healthy", 2)
        await ask_all(site, fault.text)
        assert site.service.manager.candidates.split is None
        release.canary(model, "2", 10.0, site.edit())
        await site.until_tried("2")
        assert site.state().generation == 3
