"""GET /admin/versions shows what is wished, what this process serves and what the others say."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle import state as states
from polyparse.bundle.status import ProcessStatus, VersionStatus
from tests.service.administered import AT, administered, problem
from tests.service.serving import serving

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.anyio

OTHER = ProcessStatus(
    host="box8", pid=7, at=AT, generation=3, versions=(VersionStatus("2", "d2", "serving"),), started=1
)
MINE = ProcessStatus(host=socket.gethostname(), pid=os.getpid(), at=AT, generation=1, versions=())


async def test_one_call_shows_the_fleet(tmp_path: Path) -> None:
    async with administered(tmp_path, "1", others=lambda: [OTHER, MINE]) as site:
        with site.s.service.manager.lease():
            answer = await site.client.get("/admin/versions", headers={"x-request-id": "mine"})
        assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
        assert answer.headers["x-request-id"] == "mine"
        assert answer.headers["cache-control"] == "no-store"
        shown = answer.json()
        assert shown["model"] == "words"
        assert shown["state"] == {
            "generation": 1,
            "stable": {"version": "1", "digest": site.digest("1")},
            "previous": None,
            "canary": None,
            "shadow": None,
            "change": {"action": "promote", "by": "ann", "at": AT, "reason": None},
        }
        assert shown["state_error"] is None
        held = {
            "version": "1",
            "digest": "d1",
            "state": "serving",
            "reason": None,
            "verdict": None,
            "leases": 1,
        }
        assert shown["process"]["versions"] == [held]
        assert (shown["process"]["host"], shown["process"]["pid"]) == (socket.gethostname(), os.getpid())
        version = {
            "version": "2",
            "digest": "d2",
            "state": "serving",
            "reason": None,
            "verdict": None,
            "leases": None,
        }
        other = {"host": "box8", "pid": 7, "at": AT, "generation": 3, "versions": [version]}
        assert shown["others"] == [other]


async def test_a_state_that_cannot_be_read_is_told_and_the_fleet_is_shown_all_the_same(
    tmp_path: Path,
) -> None:
    async with administered(tmp_path, "1", others=lambda: [OTHER]) as site:
        site.model.joinpath(states.FILE).write_text("{", encoding="utf-8")
        answer = await site.client.get("/admin/versions")
        assert answer.status_code == 200
        assert "etag" not in answer.headers
        assert answer.json()["state"] is None
        assert answer.json()["state_error"]["code"] == "state_invalid"
        assert len(answer.json()["others"]) == 1
        put = await site.put({"stable": {"version": "1"}})
        assert problem(put) == (409, "state_invalid")


async def test_a_folder_without_a_state_is_of_generation_0(tmp_path: Path) -> None:
    async with administered(tmp_path, "12") as site:
        site.model.joinpath(states.FILE).unlink()
        answer = await site.client.get("/admin/versions")
        assert (answer.headers["etag"], answer.json()["state"]) == ('"0"', None)
        put = await site.put({"stable": {"version": "2"}}, 0)
        assert put.status_code == 200
        assert put.json()["stable"]["version"] == "2"


async def test_where_one_bundle_is_served_there_is_nothing_to_edit() -> None:
    async with serving(admin_token_file=None) as s:
        assert problem(await s.client.get("/admin/versions")) == (404, "not_found")


@dataclass
class Disagreement:
    """What a shadow might tell."""

    request_id: str
    chars: int
    slots: tuple[str, ...]


class Sample:
    """The last disagreements."""

    def recent(self) -> Sequence[Disagreement]:
        return [Disagreement("r1", 12, ("time",)), Disagreement("r2", 3, ())]


async def test_disagreements_are_those_of_the_sample(tmp_path: Path) -> None:
    async with administered(tmp_path, "1") as site:
        site.administration.show(Sample())
        answer = await site.client.get("/admin/disagreements")
        assert answer.json() == {
            "disagreements": [
                {"request_id": "r1", "chars": 12, "slots": ["time"]},
                {"request_id": "r2", "chars": 3, "slots": []},
            ]
        }


async def test_without_a_shadow_nobody_disagrees(tmp_path: Path) -> None:
    async with administered(tmp_path, "1") as site:
        assert (await site.client.get("/admin/disagreements")).json() == {"disagreements": []}


async def test_health_and_metrics_are_on_the_admin_port_and_parsing_is_not(tmp_path: Path) -> None:
    async with administered(tmp_path, "1") as site:
        for path in ("/metrics", "/health/live", "/health/ready", "/v2/health/ready", "/openapi.json"):
            assert (await site.client.get(path)).status_code == 200
            assert (await site.client.head(path)).status_code == 200
        assert problem(await site.client.post("/parse", json={"text": "a"})) == (404, "not_found")
        paths = (await site.client.get("/openapi.json")).json()["paths"]
        assert {"/admin/versions", "/admin/state", "/admin/rollback", "/admin/disagreements"} <= paths.keys()
        assert "428" in paths["/admin/state"]["put"]["responses"]
        served = (await site.s.client.get("/openapi.json")).json()["paths"]
        assert not [path for path in served if path.startswith(("/admin", "/v2/repository"))]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/admin/versions"),
        ("PUT", "/admin/state"),
        ("POST", "/admin/rollback"),
        ("GET", "/admin/disagreements"),
        ("POST", "/v2/repository/index"),
        ("POST", "/v2/repository/models/words/load"),
        ("POST", "/v2/repository/models/words/unload"),
    ],
)
async def test_with_an_admin_port_nothing_is_administered_on_the_port_for_all(
    tmp_path: Path, method: str, path: str
) -> None:
    async with administered(tmp_path, "1") as site:
        assert problem(await site.s.client.request(method, path)) == (404, "not_found")


async def test_what_needs_a_token_is_documented_to_refuse_without_one(tmp_path: Path) -> None:
    async with administered(tmp_path, "1") as site:
        document = (await site.client.get("/openapi.json")).json()
        operations = {
            (path, method): set(operation["responses"])
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        }
        guarded = {place for place, statuses in operations.items() if "401" in statuses}
        assert guarded == {place for place in operations if place[0].startswith(("/admin", "/v2/repository"))}
        assert len(guarded) == 9
        names = [
            operation["operationId"] for each in document["paths"].values() for operation in each.values()
        ]
        assert len(names) == len(set(names))
