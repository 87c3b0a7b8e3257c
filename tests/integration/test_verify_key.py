"""`polyparse serve --verify-key` as a process: what the key's owner signed serves, all else is refused by its name."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import pytest

pytest.importorskip("model_signing", reason="found no package model_signing (pip install -e '.[signing]')")

from polyparse.bundle import release
from polyparse.bundle.model import FolderModel
from polyparse.bundle.release import Edit
from polyparse.repository.signing import sign
from tests.bundles import write_bundle
from tests.integration.callers import calling
from tests.integration.server import serving
from tests.keys import make_keys

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.server import Server

AT = "2026-01-01T12:00:00+00:00"
POLL = "--state-poll-s=0.05"


class Site(NamedTuple):
    """A folder with the model "words", and two pairs of keys."""

    folder: Path

    @property
    def models(self) -> Path:
        """The folder of models."""
        return self.folder / "models"

    @property
    def model(self) -> FolderModel:
        """The model."""
        return FolderModel(self.models / "words")

    @property
    def verify(self) -> str:
        """What lets a service load only what our key signed."""
        return f"--verify-key={self.folder / 'ours.pub'}"

    def signed(self, version: str, key: str | None) -> None:
        """Write a version that this key has signed, if any."""
        write_bundle(self.model.place / version)
        if key is not None:
            sign(self.model, version, self.folder / f"{key}.pem")

    def promote(self, version: str) -> None:
        """Let a version serve."""
        release.promote(self.model, version, Edit(release.decide_on(self.model), "ann", AT))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    for name in ("ours", "theirs"):
        make_keys(tmp_path / f"{name}.pem", tmp_path / f"{name}.pub")
    return Site(tmp_path)


def refusals(server: Server) -> dict[str, tuple[str, str]]:
    """Version -> code and reason of its refusal, as the log has them."""
    lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    return {
        line["version"]: (line["code"], line["reason"])
        for line in lines
        if line["message"] == "version refused"
    }


def was_refused(server: Server, version: str) -> bool:
    return version in refusals(server)


@pytest.mark.parametrize("place", ["a folder", "a repository"])
def test_only_what_the_key_s_owner_signed_serves_and_requests_go_on(site: Site, place: str) -> None:
    site.signed("1", "ours")
    site.promote("1")
    models = str(site.models) if place == "a folder" else f"file://{site.models}"
    cache = f"--cache={site.folder / 'cache'}"
    with (
        serving(models, site.folder / "log", POLL, cache, site.verify) as server,
        calling(server.port) as callers,
    ):
        for version, key in (("2", None), ("3", "theirs")):
            site.signed(version, key)
            site.promote(version)
            server.until(partial(was_refused, server, version))
        assert server.parse("wake me at seven").body["model"]["version"] == "1"
        site.signed("4", "ours")
        site.promote("4")
        server.until(lambda: server.parse("wake me at seven").body["model"]["version"] == "4")
        refused = refusals(server)
    assert {code for code, _ in refused.values()} == {"signature_invalid"}
    assert (
        f"words/2: found no signature, expected one by the owner of {site.folder}/ours.pub" in refused["2"][1]
    )
    assert "words/3: found that its signature does not hold" in refused["3"][1]
    assert {version for version, _ in callers.answers} == {"1", "4"}


@pytest.mark.parametrize(
    ("key", "reason"),
    [(None, "words/1: found no signature"), ("theirs", "words/1: found that its signature")],
)
def test_a_service_whose_first_version_is_not_signed_does_not_start(
    site: Site, key: str | None, reason: str
) -> None:
    site.signed("1", key)
    with (
        pytest.raises(AssertionError, match=rf"status 2: (.|\n)*{reason}"),
        serving(site.models, site.folder / "log", site.verify),
    ):
        pass
