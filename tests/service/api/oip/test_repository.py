"""OIP's verbs of repositories: they change the state, and never take away what answers requests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from polyparse.bundle import history
from polyparse.bundle import state as states
from tests.integration.faulty_bundles import flip_a_byte
from tests.service.administered import STRANGE, administered, problem
from tests.service.fakes import BOUND_S, caller, part

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.service.administered import Site

pytestmark = pytest.mark.anyio


def actions(site: Site) -> list[tuple[str | None, str]]:
    """(action, version) of each edit so far."""
    return [(entry.action, entry.version) for entry in history.read(site.model).entries]


async def load(site: Site, path: str = "", body: object | None = None, **headers: str) -> httpx.Response:
    return await site.client.post(f"/v2/repository/models/words{path}/load", json=body, headers=headers)


async def unload(site: Site, path: str = "", body: object | None = None) -> httpx.Response:
    return await site.client.post(f"/v2/repository/models/words{path}/unload", json=body)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"ready": false}'])
async def test_the_index_names_every_version_with_its_state(tmp_path: Path, content: bytes) -> None:
    """Triton's client sends an empty body, and no Content-Type."""
    async with administered(tmp_path, "123") as site:
        answer = await site.client.post("/v2/repository/index", content=content)
        assert answer.status_code == 200
        assert answer.json() == [
            {"name": "words", "version": "1", "state": "READY", "reason": ""},
            {"name": "words", "version": "2", "state": "UNAVAILABLE", "reason": ""},
            {"name": "words", "version": "3", "state": "UNAVAILABLE", "reason": ""},
        ]


async def test_the_index_can_be_of_what_is_ready(tmp_path: Path) -> None:
    async with administered(tmp_path, "12") as site:
        answer = await site.client.post("/v2/repository/index", json={"ready": True})
        assert [each["version"] for each in answer.json()] == ["1"]
        for body, expected in (
            ({"ready": 1}, (422, "wrong_type")),
            ({"all": True}, (422, "unknown_field")),
            ([], (422, "wrong_type")),
        ):
            refused = await site.client.post("/v2/repository/index", json=body)
            assert problem(refused) == expected
            assert refused.json()["error"] == refused.json()["detail"]


@pytest.mark.parametrize(("path", "body"), [("/versions/2", None), ("", {"parameters": {"version": "2"}})])
async def test_a_load_lets_a_version_serve_and_a_second_one_changes_nothing(
    tmp_path: Path, path: str, body: object
) -> None:
    async with administered(tmp_path, "12") as site:
        for _ in range(2):
            answer = await load(site, path, body)
            assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
            assert answer.json()["stable"] == {"version": "2", "digest": site.digest("2")}
        assert actions(site) == [("promote", "1"), ("promote", "2")]
        assert site.check.checked == ["2", "2"]


@pytest.mark.parametrize("body", [None, {}, {"parameters": None}, {"parameters": {}}])
async def test_a_load_that_names_no_version_leaves_the_one_that_serves(tmp_path: Path, body: object) -> None:
    async with administered(tmp_path, "12") as site:
        assert (await load(site, "", body)).status_code == 200
        assert actions(site) == [("promote", "1")]


async def test_a_load_of_a_version_that_is_not_sound_is_refused(tmp_path: Path) -> None:
    async with administered(tmp_path, "12") as site:
        flip_a_byte(site.model / "2")
        answer = await load(site, "/versions/2")
        assert problem(answer) == (422, "version_refused")
        assert "score.onnx" in answer.json()["error"]
        assert problem(await load(site, "/versions/9")) == (422, "version_refused")
        assert actions(site) == [("promote", "1")]


async def test_a_load_may_say_on_which_generation_it_was_decided(tmp_path: Path) -> None:
    async with administered(tmp_path, "12") as site:
        stale = await load(site, "/versions/2", None, **{"if-match": '"7"'})
        assert problem(stale) == (412, "state_changed")
        assert (await load(site, "/versions/2", None, **{"if-match": '"1"'})).status_code == 200


WITH_BOTH = {
    "stable": {"version": "1"},
    "canary": {"version": "2", "percent": 5},
    "shadow": {"version": "3", "share": 0.5},
}


async def test_an_unload_ends_a_candidate_and_leaves_the_other(tmp_path: Path) -> None:
    async with administered(tmp_path) as site:
        await site.put(WITH_BOTH)
        answer = await unload(site, "/versions/2")
        assert (answer.status_code, answer.json()["canary"]) == (200, None)
        assert answer.json()["shadow"]["version"] == "3"
        answer = await unload(site, "", {"parameters": {"version": "3", "unload_dependents": False}})
        assert (answer.json()["canary"], answer.json()["shadow"]) == (None, None)
        assert [action for action, _ in actions(site)] == ["promote", "put", "canary-stop", "shadow-stop"]
        assert problem(await unload(site, "/versions/3")) == (409, "bundle_not_found")


async def test_an_unload_ends_a_version_that_is_canary_and_shadow_in_one_edit(tmp_path: Path) -> None:
    async with administered(tmp_path, "12") as site:
        await site.put(WITH_BOTH | {"shadow": {"version": "2", "share": 1}})
        answer = await unload(site, "/versions/2")
        assert (answer.json()["canary"], answer.json()["shadow"]) == (None, None)
        assert answer.json()["generation"] == 3


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", None),
        ("", {"parameters": {"unload_dependents": False}}),
        ("/versions/1", None),
        ("", {"parameters": {"version": "1"}}),
    ],
)
async def test_what_serves_is_never_unloaded(tmp_path: Path, path: str, body: object) -> None:
    async with administered(tmp_path) as site:
        await site.put(WITH_BOTH)
        before = site.state()
        answer = await unload(site, path, body)
        assert problem(answer) == (409, "version_serves")
        assert site.state() == before
        assert (await site.s.parse("wake me")).status_code == 200


async def test_a_version_of_the_path_and_another_of_the_body_are_refused(tmp_path: Path) -> None:
    async with administered(tmp_path, "12") as site:
        answer = await load(site, "/versions/2", {"parameters": {"version": "1"}})
        assert problem(answer) == (422, "invalid_value")
        answer = await load(site, "", {"parameters": {"config": "{}"}})
        assert problem(answer) == (422, "unknown_field")
        assert "expected version" in answer.json()["error"]


@pytest.mark.parametrize("name", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("verb", ["load", "unload"])
async def test_no_path_leaves_the_repository(tmp_path: Path, name: str, verb: str) -> None:
    async with administered(tmp_path / "models", "12") as site:
        before = site.model.joinpath(states.FILE).read_bytes()
        for path, body in (
            (f"/v2/repository/models/{name}/{verb}", b""),
            (f"/v2/repository/models/words/versions/{name}/{verb}", b""),
            (f"/v2/repository/models/words/{verb}", b'{"parameters": {"version": "../../words/2"}}'),
        ):
            sent = await raw(site, path, body)
            assert sent[0]["status"] in {404, 409, 422}, path
            assert len(sent[1]["body"]) < 50_000
        assert site.model.joinpath(states.FILE).read_bytes() == before
        assert listing(tmp_path) == ["models"]


def listing(folder: Path) -> list[str]:
    """What stands in a folder."""
    return sorted(path.name for path in folder.iterdir())


async def raw(site: Site, path: str, body: bytes) -> list[Any]:
    """POST to a path as it is."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    assert site.s.service.admin is not None
    scope = {
        "type": "http",
        "method": "POST",
        "path": unquote(path, errors="replace"),
        "headers": [],
        "query_string": b"",
    }
    await site.s.service.admin(scope, caller([part(body)]), send)
    return sent


async def test_verbs_race_as_edits_do(tmp_path: Path) -> None:
    async with administered(tmp_path) as site:
        site.check.may.clear()
        loads = [asyncio.create_task(load(site, f"/versions/{version}")) for version in "23"]
        assert await asyncio.to_thread(site.check.began.wait, BOUND_S)
        site.check.may.set()
        answers = await asyncio.gather(*loads)
        assert [answer.status_code for answer in answers] == [200, 200]
        entries = history.read(site.model).entries
        assert [entry.generation for entry in entries] == [1, 2, 3]
