"""A canary is stopped everywhere by one edit, with its reason, where most processes agree, and by none where they do not."""

import logging
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from polyparse.bundle import history, release, status
from polyparse.bundle import state as states
from polyparse.bundle.model import FolderModel
from polyparse.bundle.release import Edit
from polyparse.bundle.status import ProcessStatus, Verdict, VersionStatus
from service.registry.candidates import Sick
from service.registry.fleet_rollback import FleetRollback
from tests.bundles import write_bundle

AT = "2026-01-01T12:00:00+00:00"
REASON = "50 of 100 utterances failed, of the stable version's 0 of 2000"


class Site(NamedTuple):
    """A model of which version 2 is tried, and a process that finds it unhealthy."""

    model: Path
    sick: list[Sick | None]
    stops: list[str]
    rollback: FleetRollback

    def say(self, *verdicts: Verdict, generation: int = 2) -> None:
        """Let nodes say what they find."""
        for number, verdict in enumerate(verdicts):
            versions = (VersionStatus("2", self.digest(), "ready", verdict=verdict),)
            host = f"node{number}"
            status.write(
                self.model, ProcessStatus(host=host, pid=1, at=AT, generation=generation, versions=versions)
            )

    def digest(self) -> str:
        """That of the canary."""
        sick = self.sick[0]
        assert sick is not None
        return sick.digest

    def edits(self) -> list[tuple[str | None, str | None, str | None]]:
        """Each edit of the state: what it was, by whom, and why."""
        return [(entry.action, entry.by, entry.reason) for entry in history.read(self.model).entries]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    model = tmp_path / "models" / "words"
    for version in "12":
        write_bundle(model / version)
    release.promote(model, "1", Edit(release.decide_on(model), "ann", AT))
    state = release.canary(model, "2", 5.0, Edit(release.decide_on(model), "ann", AT))
    assert state.canary is not None
    sick: list[Sick | None] = [Sick(state.generation, "2", state.canary.digest, REASON)]
    stops: list[str] = []
    rollback = FleetRollback(
        FolderModel(model), "serve@node0-1", sick=lambda: sick[0], stopped=lambda: stops.append("stopped")
    )
    return Site(model, sick, stops, rollback)


def test_where_most_agree_the_canary_is_stopped_and_the_history_says_why(site: Site) -> None:
    site.say("unhealthy", "unhealthy", "undecided")
    site.rollback.look()
    state = states.read(site.model)
    assert state is not None
    assert (state.generation, state.stable.version, state.canary) == (3, "1", None)
    assert site.edits() == [
        ("promote", "ann", None),
        ("canary", "ann", None),
        ("canary-stop", "serve@node0-1", f"2 is unhealthy: {REASON}"),
    ]
    assert site.stops == ["stopped"]
    site.rollback.look()
    assert len(site.edits()) == 3


def test_one_sick_node_of_three_stops_nothing(site: Site) -> None:
    site.say("unhealthy", "healthy", "undecided")
    site.rollback.look()
    assert (len(site.edits()), site.stops) == (2, [])
    site.say("unhealthy", "unhealthy", "undecided")
    site.rollback.look()
    assert site.stops == ["stopped"]


def test_a_process_that_finds_nothing_stops_nothing(site: Site) -> None:
    site.say("unhealthy", "unhealthy")
    site.sick[0] = None
    site.rollback.look()
    assert (len(site.edits()), site.stops) == (2, [])


def test_whoever_edited_the_state_first_is_not_overwritten(site: Site) -> None:
    """The processes still follow the generation before."""
    site.say("unhealthy", "unhealthy")
    release.promote(site.model, "2", Edit(release.decide_on(site.model), "bob", AT))
    site.rollback.look()
    assert [action for action, _, _ in site.edits()] == ["promote", "canary", "promote"]
    assert site.stops == []


def test_an_edit_in_the_very_moment_wins_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.say("unhealthy", "unhealthy")
    read = status.read_all

    def edited_meanwhile(model: Path) -> list[ProcessStatus]:
        monkeypatch.setattr(status, "read_all", read)
        release.stop_canary(model, Edit(release.decide_on(model), "bob", AT))
        return read(model)

    monkeypatch.setattr(status, "read_all", edited_meanwhile)
    site.rollback.look()
    assert [by for _, by, _ in site.edits()] == ["ann", "ann", "bob"]
    assert site.stops == []


def test_what_hinders_the_edit_is_said_once_and_it_is_tried_again(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    site.say("unhealthy")
    file = site.model / states.FILE
    content = file.read_bytes()
    file.write_bytes(b"{")
    site.rollback.look()
    site.rollback.look()
    assert len(re.findall(r"canary not stopped: .*state\.json: found no JSON", caplog.text)) == 1
    file.write_bytes(content)
    site.rollback.look()
    assert site.stops == ["stopped"]


def test_what_nobody_foresaw_ends_no_thread(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.say("unhealthy")
    broken = FleetRollback(FolderModel(site.model), "", sick=lambda: site.sick[0], stopped=lambda: 1 / 0)
    broken.look()
    broken.look()
    assert caplog.text.count("canary not stopped") == 1
