"""OIP on the port for all: what KServe's client reads, the same readiness as /health/ready, and metadata that is honest."""

from importlib.metadata import version
from threading import Event
from typing import Any
from urllib.parse import unquote

import pytest

from tests.service.administered import STRANGE, problem
from tests.service.fakes import part, until, wish
from tests.service.serving import Serving, serving

pytestmark = pytest.mark.anyio


async def test_health_is_told_in_json_as_clients_read_it() -> None:
    async with serving() as s:
        live = await s.client.get("/v2/health/live", headers={"x-request-id": "mine"})
        assert (live.status_code, live.json()) == (200, {"live": True})
        assert live.headers["x-request-id"] == "mine"
        ready = await s.client.get("/v2/health/ready")
        assert (ready.status_code, ready.json()) == (200, {"ready": True})
        assert s.gate.batches() == [["two words"]]
        assert (await s.client.head("/v2/health/ready")).status_code == 200


async def test_a_service_that_ends_is_live_and_not_ready() -> None:
    async with serving() as s:
        s.service.readiness.drain()
        assert (await s.client.get("/v2/health/live")).status_code == 200
        for path in ("/v2/health/ready", "/v2/models/words/ready", "/v2/models/words/versions/1/ready"):
            answer = await s.client.get(path)
            assert problem(answer) == (503, "shutting_down")
            assert answer.json()["ready"] is False
            assert answer.json()["error"] == answer.json()["detail"]


async def test_a_model_that_hangs_is_not_ready() -> None:
    async with serving(probe_timeout_s=0) as s:
        with s.gate.held():
            for path in ("/v2/health/ready", "/v2/models/words/ready"):
                assert problem(await s.client.get(path)) == (503, "not_ready")


async def test_the_server_says_what_it_is() -> None:
    async with serving() as s:
        assert (await s.client.get("/v2")).json() == {
            "name": "polyparse",
            "version": version("polyparse"),
            "extensions": [],
        }
    async with serving(admin_port=0) as s:
        assert (await s.client.get("/v2")).json()["extensions"] == []


async def test_the_model_says_what_goes_in_and_what_comes_out() -> None:
    async with serving() as s:
        model = {
            "name": "words",
            "versions": ["1"],
            "platform": "polyparse",
            "inputs": [{"name": "text", "datatype": "BYTES", "shape": [1]}],
            "outputs": [{"name": "frame", "datatype": "BYTES", "shape": [1]}],
        }
        assert (await s.client.get("/v2/models/words")).json() == model
        await s.promote("2", keeps="1")
        assert (await s.client.get("/v2/models/words")).json() == model | {"versions": ["1", "2"]}
        assert (await s.client.get("/v2/models/words/versions/2")).json() == model | {"versions": ["2"]}


async def test_a_version_is_ready_once_it_takes_requests() -> None:
    async with serving() as s:
        hold = s.loader.holds["2"] = Event()
        s.service.manager.wish(wish("2", "1"))
        path = "/v2/models/words/versions/2"
        assert problem(await s.client.get(f"{path}/ready")) == (503, "not_ready")
        assert problem(await s.client.get(path)) == (503, "not_ready")
        hold.set()
        await until(lambda: s.version().identity.version == "2")
        assert (await s.client.get(f"{path}/ready")).json() == {"name": "words", "ready": True}
        assert (await s.client.get("/v2/models/words/ready")).json() == {"name": "words", "ready": True}


@pytest.mark.parametrize("path", ["", "/versions/1"])
async def test_an_inference_is_not_here_and_says_where_it_is(path: str) -> None:
    async with serving() as s:
        answer = await s.client.post(f"/v2/models/words{path}/infer", json={"inputs": []})
        assert problem(answer) == (404, "not_found")
        assert "POST /parse" in answer.json()["error"]


@pytest.mark.parametrize("name", STRANGE.values(), ids=STRANGE)
async def test_a_path_of_another_name_leads_nowhere(name: str) -> None:
    async with serving() as s:
        for path in (
            f"/v2/models/{name}",
            f"/v2/models/{name}/ready",
            f"/v2/models/{name}/versions/1",
            f"/v2/models/words/versions/{name}",
            f"/v2/models/words/versions/{name}/ready",
        ):
            status, body = await raw(s, path)
            assert status == 404, path
            assert b'"not_found"' in body
            assert len(body) < 25_000


async def raw(s: Serving, path: str) -> tuple[int, bytes]:
    """GET a path as it is: a client of HTTP would tidy it up."""
    sent: list[dict[str, Any]] = await s.raw(
        [part(b"")], method="GET", path=unquote(path, errors="replace"), raw_path=path.encode()
    )
    return sent[0]["status"], sent[1]["body"]
