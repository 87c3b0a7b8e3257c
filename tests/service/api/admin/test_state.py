"""PUT /admin/state and POST /admin/rollback: made on the generation that they were decided on, verified, or not at all."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from polyparse.bundle import history, release
from polyparse.bundle import state as states
from polyparse.bundle.release import Edit
from service.administration import WAITING
from service.state_edits import author
from tests.bundles import edit_manifest
from tests.integration.faulty_bundles import flip_a_byte
from tests.service.administered import AT, administered, problem
from tests.service.fakes import BOUND_S
from tests.service.serving import serving

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

NAMES = {
    "up": "..",
    "up and away": "../other/1",
    "root": "/etc",
    "hidden": ".status",
    "nothing": "",
    "a zero": "1\x00",
    "escaped": "%2e%2e",
    "a backslash": "..\\1",
    "long": "a" * 5000,
}


async def test_a_put_states_the_whole(tmp_path: Path) -> None:
    async with administered(tmp_path) as site:
        wanted = {
            "stable": {"version": "2", "digest": site.digest("2")},
            "canary": {"version": "3", "percent": 5},
            "shadow": {"version": "1", "share": 0.25, "digest": site.digest("1")},
            "reason": "AIN for one in twenty",
        }
        answer = await site.put(wanted, headers={"x-changed-by": "bob"})
        assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
        assert answer.json() == {
            "generation": 2,
            "stable": {"version": "2", "digest": site.digest("2")},
            "previous": {"version": "1", "digest": site.digest("1")},
            "canary": {"version": "3", "digest": site.digest("3"), "percent": 5.0},
            "shadow": {"version": "1", "digest": site.digest("1"), "share": 0.25},
            "change": {
                "action": "put",
                "by": f"admin@{socket.gethostname()} (bob)",
                "at": answer.json()["change"]["at"],
                "reason": "AIN for one in twenty",
            },
        }
        assert sorted(site.check.checked) == ["1", "2", "3"]
        assert (await site.client.get("/admin/versions")).headers["etag"] == '"2"'
        ends = await site.put({"stable": {"version": "2"}}, 2)
        assert (ends.json()["canary"], ends.json()["shadow"]) == (None, None)
        assert ends.json()["previous"] == answer.json()["previous"]
        assert [entry.generation for entry in history.read(site.model).entries] == [1, 2, 3]


async def test_what_is_so_already_changes_nothing(tmp_path: Path) -> None:
    async with administered(tmp_path) as site:
        before = site.model.joinpath(states.FILE).read_bytes()
        answer = await site.put({"stable": {"version": "1"}, "canary": None, "shadow": None})
        assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
        assert site.model.joinpath(states.FILE).read_bytes() == before


async def test_an_edit_says_on_which_generation_it_was_decided(tmp_path: Path) -> None:
    async with administered(tmp_path) as site:
        body = {"stable": {"version": "2"}}
        assert problem(await site.put(body, None)) == (428, "precondition_required")
        assert problem(await site.client.post("/admin/rollback")) == (428, "precondition_required")
        for bad in ("1", "*", 'W/"1"', '"1", "2"', '"one"', '""'):
            answer = await site.put(body, None, headers={"if-match": bad})
            assert problem(answer) == (400, "invalid_header"), bad
        assert site.state().generation == 1


async def test_a_stale_edit_hears_who_changed_what(tmp_path: Path) -> None:
    async with administered(tmp_path) as site:
        release.promote(site.model, "2", Edit(release.decide_on(site.model), "carol", AT))
        answer = await site.put({"stable": {"version": "3"}}, 1)
        assert problem(answer) == (412, "state_changed")
        assert "generation 2 (2 serves: promote by carol" in answer.json()["detail"]
        assert site.check.checked == []
        assert site.state().stable.version == "2"


async def test_an_edit_that_comes_between_is_not_overwritten(tmp_path: Path) -> None:
    async with administered(tmp_path) as site:
        site.check.may.clear()
        put = asyncio.create_task(site.put({"stable": {"version": "3"}}))
        assert await asyncio.to_thread(site.check.began.wait, BOUND_S)
        release.promote(site.model, "2", Edit(release.decide_on(site.model), "carol", AT))
        site.check.may.set()
        assert problem(await put) == (412, "state_changed")
        assert site.state().stable.version == "2"


async def test_of_twenty_at_once_one_wins_a_generation(tmp_path: Path) -> None:
    async with administered(tmp_path) as site:
        for generation in (1, 2):
            wanted = (
                {"stable": {"version": "123"[(generation + n) % 2 + 1]}, "reason": f"{n}"} for n in range(20)
            )
            answers = await asyncio.gather(*(site.put(body, generation) for body in wanted))
            statuses = sorted(answer.status_code for answer in answers)
            changed = [each for each in answers if each.status_code == 200]
            assert statuses == [200] * len(changed) + [412] * (20 - len(changed))
            assert {each.json()["generation"] for each in changed} <= {generation, generation + 1}
            assert sum(each.json()["generation"] == generation + 1 for each in changed) == 1
        assert [entry.generation for entry in history.read(site.model).entries] == [1, 2, 3]


async def test_more_edits_than_may_wait_are_refused_at_once(tmp_path: Path) -> None:
    async with administered(tmp_path) as site:
        site.check.may.clear()
        edits = [asyncio.create_task(site.put({"stable": {"version": "2"}})) for _ in range(WAITING + 2)]
        done, _ = await asyncio.wait(edits, return_when=asyncio.FIRST_COMPLETED)
        assert [problem(task.result()) for task in done] == [(429, "queue_full")]
        assert done.pop().result().headers["retry-after"] == "1"
        site.check.may.set()
        answers = await asyncio.gather(*edits)
        assert sorted(answer.status_code for answer in answers) == [200] + [412] * WAITING + [429]


async def test_an_edit_that_nobody_waits_for_any_more_is_not_made(tmp_path: Path) -> None:
    async with administered(tmp_path, edit_timeout_s=0.05) as site:
        site.check.may.clear()
        answer = await site.put({"stable": {"version": "2"}})
        assert problem(answer) == (503, "answer_timeout")
        assert problem(await site.put({"stable": {"version": "3"}})) == (503, "answer_timeout")
        site.check.may.set()
        refused = (503, "answer_timeout")
        while refused == (503, "answer_timeout"):  # The edit before has not ended.
            refused = problem(await site.client.post("/admin/rollback", headers={"if-match": '"1"'}))
        assert refused == (409, "bundle_not_found")
        assert site.check.checked == ["2"]


async def test_other_requests_go_on_while_a_version_is_verified(tmp_path: Path) -> None:
    async with administered(tmp_path) as site:
        site.check.may.clear()
        put = asyncio.create_task(site.put({"stable": {"version": "2"}}))
        assert await asyncio.to_thread(site.check.began.wait, BOUND_S)
        assert (await site.s.parse("wake me")).status_code == 200
        assert (await site.client.get("/admin/versions")).status_code == 200
        site.check.may.set()
        assert (await put).status_code == 200


async def test_a_version_that_is_not_sound_is_refused_with_its_file(tmp_path: Path) -> None:
    async with administered(tmp_path) as site:
        flip_a_byte(site.model / "2")
        edit_manifest(site.model / "3", golden="nothing.jsonl")
        for wanted, said in (
            ({"stable": {"version": "2"}}, "score.onnx: found sha256"),
            (
                {"stable": {"version": "1"}, "canary": {"version": "2", "percent": 1}},
                "score.onnx: found sha256",
            ),
            ({"stable": {"version": "1"}, "shadow": {"version": "3", "share": 1}}, "manifest.json"),
            ({"stable": {"version": "1", "digest": "0" * 64}}, "expected 0000"),
            ({"stable": {"version": "4"}}, "found the versions 1, 2, 3, expected '4'"),
        ):
            answer = await site.put(wanted)
            assert problem(answer) == (422, "version_refused")
            assert said in answer.json()["detail"]
        assert site.state().generation == 1


async def test_a_candidate_is_another_version_than_the_stable_one(tmp_path: Path) -> None:
    async with administered(tmp_path) as site:
        wanted = {"stable": {"version": "2"}, "canary": {"version": "2", "percent": 1}}
        assert problem(await site.put(wanted)) == (409, "candidate_serves")


BAD: dict[str, tuple[Any, str, str]] = {
    "no stable version": ({}, "missing_field", "/stable"),
    "an unknown field": ({"stable": {"version": "1"}, "percent": 5}, "unknown_field", "/percent"),
    "an unknown field inside": (
        {"stable": {"version": "1"}, "canary": {"version": "2", "percent": 1, "share": 1}},
        "unknown_field",
        "/canary/share",
    ),
    "a string for a version": ({"stable": "1"}, "wrong_type", "/stable"),
    "a number for a version": ({"stable": {"version": 1}}, "wrong_type", "/stable/version"),
    "a word for a share": (
        {"stable": {"version": "1"}, "shadow": {"version": "2", "share": "all"}},
        "wrong_type",
        "/shadow/share",
    ),
    "too high a percentage": (
        {"stable": {"version": "1"}, "canary": {"version": "2", "percent": 101}},
        "invalid_value",
        "/canary/percent",
    ),
    "too low a share": (
        {"stable": {"version": "1"}, "shadow": {"version": "2", "share": -0.1}},
        "invalid_value",
        "/shadow/share",
    ),
    "no percentage": (
        {"stable": {"version": "1"}, "canary": {"version": "2"}},
        "missing_field",
        "/canary/percent",
    ),
    "a digest of another form": (
        {"stable": {"version": "1", "digest": "abc"}},
        "invalid_value",
        "/stable/digest",
    ),
    "a reason that says nothing": ({"stable": {"version": "1"}, "reason": " "}, "invalid_value", "/reason"),
    "a reason without an end": (
        {"stable": {"version": "1"}, "reason": "a" * 1001},
        "invalid_value",
        "/reason",
    ),
}


@pytest.mark.parametrize("case", BAD)
async def test_a_body_that_is_wrong_is_refused_with_the_place(tmp_path: Path, case: str) -> None:
    body, code, pointer = BAD[case]
    async with administered(tmp_path, "1") as site:
        answer = await site.put(body)
        assert problem(answer) == (422, code)
        assert answer.json()["errors"][0]["pointer"] == pointer


async def test_an_unknown_field_inside_hears_which_are_known_there(tmp_path: Path) -> None:
    async with administered(tmp_path, "1") as site:
        answer = await site.put(BAD["an unknown field inside"][0])
        assert answer.json()["detail"].endswith("expected version, digest, percent")


async def test_a_body_that_is_no_json_is_refused(tmp_path: Path) -> None:
    async with administered(tmp_path, "1") as site:
        for content, expected in (
            (b"{", (400, "invalid_json")),
            (b'{"stable": "\xff"}', (400, "invalid_utf8")),
            (
                b'{"stable": {"version": "1"}, "canary": {"version": "2", "percent": NaN}}',
                (422, "invalid_value"),
            ),
            (b'"' + b"a" * 20_000 + b'"', (413, "body_too_large")),
        ):
            answer = await site.client.put("/admin/state", content=content, headers={"if-match": '"1"'})
            assert problem(answer) == expected, content[:40]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
async def test_no_name_of_a_version_leaves_the_folder(tmp_path: Path, name: str) -> None:
    async with administered(tmp_path / "models", "1") as site:
        (tmp_path / "other").mkdir()
        before = listing(tmp_path)
        for body in (
            {"stable": {"version": name}},
            {"stable": {"version": "1"}, "canary": {"version": name, "percent": 1}},
        ):
            assert problem(await site.put(body)) in {(422, "invalid_value"), (422, "version_refused")}
        assert listing(tmp_path) == before


def listing(folder: Path) -> list[str]:
    """Every file below a folder, locks aside."""
    return sorted(str(path) for path in folder.rglob("*") if path.name != ".state.lock")


async def test_a_folder_that_takes_no_file_is_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with administered(tmp_path, "12") as site:
        before = site.state()

        def read_only(*_: object, **__: object) -> None:
            raise OSError(30, "Read-only file system")

        monkeypatch.setattr("polyparse.outputs.TemporaryFile", read_only)
        answer = await site.put({"stable": {"version": "2"}})
        assert problem(answer) == (409, "read_only")
        assert "Read-only file system" in answer.json()["detail"]
        assert site.state() == before


async def test_a_single_bundle_has_no_state_to_edit() -> None:
    async with serving(admin_port=0) as s:
        assert s.service.admin is not None
        transport = httpx.ASGITransport(s.service.admin)
        async with httpx.AsyncClient(transport=transport, base_url="http://admin") as client:
            shown = await client.get("/admin/versions")
            assert "etag" not in shown.headers
            assert (shown.json()["model"], shown.json()["state"], shown.json()["others"]) == (
                "words",
                None,
                [],
            )
            assert [each["version"] for each in shown.json()["process"]["versions"]] == ["1"]
            put = await client.put(
                "/admin/state", json={"stable": {"version": "1"}}, headers={"if-match": '"0"'}
            )
            assert problem(put) == (409, "read_only")
            load = await client.post("/v2/repository/models/words/load")
            assert problem(load) == (409, "read_only")


async def test_a_rollback_lets_the_version_serve_that_did_before(tmp_path: Path) -> None:
    async with administered(tmp_path) as site:
        headers = {"if-match": '"1"'}
        nothing = await site.client.post("/admin/rollback", headers=headers)
        assert problem(nothing) == (409, "bundle_not_found")
        await site.put({"stable": {"version": "2"}, "canary": {"version": "3", "percent": 1}})
        running = await site.client.post("/admin/rollback", headers={"if-match": '"2"'})
        assert problem(running) == (409, "candidate_serves")
        await site.put({"stable": {"version": "2"}}, 2)
        headers = {"if-match": '"3"', "x-changed-by": "bob"}
        answer = await site.client.post("/admin/rollback", headers=headers, json={"reason": "wrong alarms"})
        assert (answer.status_code, answer.headers["etag"]) == (200, '"4"')
        assert answer.json()["stable"]["version"] == "1"
        assert answer.json()["change"]["action"] == "rollback"
        assert answer.json()["change"]["reason"] == "wrong alarms"
        again = await site.client.post("/admin/rollback", headers=headers)
        assert problem(again) == (412, "state_changed")


async def test_the_name_of_the_caller_is_bounded_and_visible(tmp_path: Path) -> None:
    async with administered(tmp_path) as site:
        body = {"stable": {"version": "2"}}
        assert problem(await site.put(body, headers={"x-changed-by": "a" * 65})) == (400, "invalid_header")
        raw = {"x-changed-by": "añn\u200b".encode().decode("latin-1")}
        answer = await site.client.put(
            "/admin/state",
            json=body,
            headers=[(b"if-match", b'"1"'), (b"x-changed-by", raw["x-changed-by"].encode("latin-1"))],
        )
        assert answer.json()["change"]["by"] == f"admin@{socket.gethostname()} (añn\\u200b)"


def test_an_author_is_never_longer_than_a_state_takes() -> None:
    assert states.is_author(author("h" * 300, "\U000e0000" * 64))
    assert states.is_author(author("h" * 300, None))


async def test_an_edit_that_changes_something_leaves_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with administered(tmp_path) as site:
        with caplog.at_level(logging.INFO, logger="service.state_edits"):
            await site.put({"stable": {"version": "1"}}, headers={"x-changed-by": "carol"})
            await site.put({"stable": {"version": "2"}}, headers={"x-changed-by": "bob"})
        (record,) = [each for each in caplog.records if each.message == "state edited"]
        fields = vars(record)
        assert (fields["generation"], fields["stable"]) == (2, "2")
        assert fields["by"].endswith("(bob)")


async def test_admin_requests_are_counted_by_their_outcome(tmp_path: Path) -> None:
    async with administered(tmp_path, "1") as site:
        await site.client.get("/admin/versions")
        await site.put({}, None)
        samples = await site.s.samples()
        for outcome in ("ok", "precondition_required"):
            assert (
                samples[f'polyparse_requests_total{{endpoint="admin",outcome="{outcome}",version=""}}'] == 1
            )
