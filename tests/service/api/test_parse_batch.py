"""POST /parse/batch: an outcome for each item in its place, the one that POST /parse would give; one version, one rule."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from service.api.parse_batch import ITEMS_PER_TURN
from service.api.schemas import BatchResponse, ParseResponse, ProblemDocument
from tests.service.fakes import BOUND_S, GONE, part, turns
from tests.service.serving import serving

pytestmark = pytest.mark.anyio

MINE = {"x-request-id": "mine"}

ITEMS: dict[str, dict[str, Any]] = {
    "a text": {"text": "wake me"},
    "all fields": {
        "text": "😀é ok then",
        "locale": "hi-IN",
        "n_best": 3,
        "span_unit": "byte",
        "allow_refusal": False,
    },
    "null for every option": {
        "text": "wake me",
        "locale": None,
        "n_best": None,
        "span_unit": None,
        "allow_refusal": None,
    },
    "a whole number": {"text": "wake me", "n_best": 2.0},
    "refused": {"text": "strange", "n_best": 2},
    "not to be refused": {"text": "strange", "allow_refusal": False},
    "empty": {"text": ""},
    "blank": {"text": " \t"},
    "over-long": {"text": "a" * 513},
    "a control character": {"text": "a\x00b"},
    "an unknown locale": {"text": "a", "locale": "tlh"},
    "no text": {},
    "an unknown field": {"text": "a", "txet": "b"},
    "a wrong type": {"text": 7, "n_best": "3", "allow_refusal": 0},
    "a value out of bounds": {"text": "a", "n_best": 11, "span_unit": "word"},
    "a poisoned text": {"text": "poison"},
    "a text that miscounts": {"text": "miscount"},
}


def results(answer: httpx.Response) -> list[dict[str, Any]]:
    """The outcomes of an answered batch."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    outcomes: list[dict[str, Any]] = answer.json()["results"]
    return outcomes


def texts_or_codes(answer: httpx.Response) -> list[str]:
    """Of each item the text of its frame, or the code of its problem."""
    return [each.get("code") or each["text"] for each in results(answer)]


async def test_frames_stand_in_the_order_of_their_items_duplicates_too() -> None:
    async with serving() as s:
        texts = [f"word {i % 7} " * (1 + i % 5) for i in range(100)]
        answer = await s.parse_batch([{"text": text} for text in texts])
        assert [each["text"] for each in results(answer)] == texts
        assert [len(each["slots"]) for each in results(answer)] == [len(text.split()) for text in texts]


async def test_the_items_of_a_batch_run_together() -> None:
    async with serving() as s:
        await s.parse_batch([{"text": "a"}, {"text": "b c"}, {"text": "a"}])
        assert s.gate.batches() == [["a", "b c", "a"]]


@pytest.mark.parametrize("name", ITEMS)
async def test_an_item_is_answered_as_post_parse_would_answer_it(name: str) -> None:
    """But for what only an item has: a JSON pointer that says which one it is."""
    async with serving() as s:
        alone = (await s.client.post("/parse", json=ITEMS[name], headers=MINE)).json()
        first, item, last = results(
            await s.parse_batch([{"text": "a"}, ITEMS[name], {"text": "b"}], headers=MINE)
        )
        assert [first["text"], last["text"]] == ["a", "b"]
        pointers = [fault.pop("pointer") for fault in item.get("errors", [])]
        assert all(pointer.startswith("/items/1/") for pointer in pointers)
        if "errors" in alone:  # The message of a wrong field begins with its pointer.
            assert [f"/items/1{fault.pop('pointer')}" for fault in alone["errors"]] == pointers
            item["detail"] = item["detail"].replace("/items/1/", "/")
        else:
            item.pop("errors", None)
        assert item == alone


async def test_every_item_of_each_kind_has_its_own_outcome_side_by_side() -> None:
    async with serving() as s:
        answer = await s.parse_batch([*ITEMS.values()])
        assert texts_or_codes(answer) == [
            "wake me",
            "😀é ok then",
            "wake me",
            "wake me",
            "strange",
            "strange",
            "empty_text",
            "blank_text",
            "text_too_long",
            "control_character",
            "unknown_locale",
            "missing_field",
            "unknown_field",
            "wrong_type",
            "invalid_value",
            "model_run_failed",
            "model_run_failed",
        ]
        assert [each["status"] for each in results(answer)[6:]] == [422] * 9 + [500] * 2
        assert {each["request_id"] for each in results(answer)} == {answer.headers["x-request-id"]}


@pytest.mark.parametrize(
    ("item", "code", "pointers"),
    [
        ({"text": ""}, "empty_text", ["/items/3/text"]),
        ({"text": "a" * 513}, "text_too_long", ["/items/3/text"]),
        ({"text": "a", "locale": "tlh"}, "unknown_locale", ["/items/3/locale"]),
        ({}, "missing_field", ["/items/3/text"]),
        ({"text": "a", "a/b~c": 1}, "unknown_field", ["/items/3/a~1b~0c"]),
        ({"text": 1, "n_best": 0, "x": 1}, "wrong_type", ["/items/3/text", "/items/3/n_best", "/items/3/x"]),
        ("a", "wrong_type", ["/items/3"]),
        (["a"], "wrong_type", ["/items/3"]),
        (None, "wrong_type", ["/items/3"]),
    ],
)
async def test_a_problem_points_at_its_item(item: object, code: str, pointers: list[str]) -> None:
    async with serving() as s:
        good = {"text": "a"}
        problem = results(await s.parse_batch([good, good, good, item, good]))[3]
        assert problem["code"] == code
        assert [fault["pointer"] for fault in problem["errors"]] == pointers
        assert all("found" in fault["detail"] for fault in problem["errors"])
        assert "ParseRequest" not in problem["detail"]


async def test_a_lone_surrogate_in_one_item_fails_that_item_alone() -> None:
    async with serving() as s:
        body = rb'{"items": [{"text": "a"}, {"text": "b \ud83d c"}, {"text": "\ud83d\ude00"}]}'
        first, broken, last = results(await s.client.post("/parse/batch", content=body))
        assert [first["text"], last["text"]] == ["a", "😀"]
        alone = (await s.client.post("/parse", content=rb'{"text": "b \ud83d c"}')).json()
        assert (broken["code"], broken["detail"]) == ("lone_surrogate", alone["detail"])
        assert broken["errors"] == [{"pointer": "/items/1/text", "detail": broken["detail"]}]


@pytest.mark.parametrize("text", ["poison", "miscount"])
async def test_an_item_that_breaks_the_model_fails_alone(text: str) -> None:
    async with serving() as s:
        answer = await s.parse_batch([{"text": "a"}, {"text": text}, {"text": "b"}])
        assert texts_or_codes(answer) == ["a", "model_run_failed", "b"]
        assert "errors" not in results(answer)[1]


async def test_each_item_has_its_own_number_of_hypotheses_and_unit_of_offsets() -> None:
    async with serving() as s:
        text = "😀é ok then"
        items = [
            {"text": text, "n_best": count, "span_unit": unit}
            for count, unit in ((1, "codepoint"), (3, "utf16"), (2, "byte"))
        ]
        outcomes = results(await s.parse_batch(items))
        assert [len(each["alternatives"]) for each in outcomes] == [0, 2, 1]
        assert [(each["slots"][1]["start"], each["slots"][1]["end"]) for each in outcomes] == [
            (3, 5),
            (4, 6),
            (7, 9),
        ]
        assert outcomes[2]["alternatives"][0]["slots"] == outcomes[2]["slots"][:2]


async def test_items_that_find_the_queue_full_of_others_are_refused_one_by_one() -> None:
    async with serving(queue_tokens=3) as s:
        with s.gate.held():
            others = [asyncio.create_task(s.parse("r"))]
            await s.gate.batch()
            others.append(asyncio.create_task(s.parse("o p")))
            await turns()
            batch = asyncio.create_task(
                s.parse_batch([{"text": "c d"}, {"text": "e"}, {"text": "f", "n_best": 3}])
            )
            await turns()
            single = await s.parse("f", headers=MINE, n_best=3)
            assert single.status_code == 429
            assert "retry_after_s" not in single.json()
        await asyncio.gather(*others)
        answer = await batch
        assert texts_or_codes(answer) == ["queue_full", "e", "queue_full"]
        first, _, third = results(answer)
        assert first["retry_after_s"] == int(single.headers["retry-after"]) >= 1
        assert third == single.json() | {
            "request_id": answer.headers["x-request-id"],
            "retry_after_s": int(single.headers["retry-after"]),
        }
        assert "retry-after" not in answer.headers


async def test_a_batch_larger_than_the_queue_is_answered_whole_by_an_idle_server() -> None:
    async with serving(queue_tokens=64, batch_tokens=64) as s:
        texts = [f"word {i}" for i in range(256)]
        answer = await s.parse_batch([{"text": text, "n_best": 10} for text in texts])
        assert texts_or_codes(answer) == texts


async def test_a_single_request_finds_the_queue_as_a_batch_has_filled_it() -> None:
    async with serving(queue_tokens=2) as s:
        with s.gate.held():
            running = asyncio.create_task(s.parse("r"))
            await s.gate.batch()
            batch = asyncio.create_task(s.parse_batch([{"text": "a"}, {"text": "b"}]))
            await turns()
            assert (await s.parse("c")).json()["code"] == "queue_full"
        await running
        assert texts_or_codes(await batch) == ["a", "b"]


async def test_no_items_give_no_results() -> None:
    async with serving() as s:
        answer = await s.parse_batch([])
        assert results(answer) == []
        assert answer.content == b'{"results":[]}'


async def test_as_many_items_as_may_be_are_answered_and_one_more_is_a_413_for_the_whole() -> None:
    async with serving(max_batch_items=3) as s:
        assert texts_or_codes(await s.parse_batch([{"text": "a"}] * 3)) == ["a"] * 3
        s.gate.batches()
        answer = await s.parse_batch([{"text": "a"}] * 4)
        assert (answer.status_code, answer.json()["code"]) == (413, "batch_too_large")
        assert answer.json()["detail"] == "/items: found 4 items, expected at most 3"
        assert s.gate.batches() == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"items", 400, "invalid_json"),
        (b'{"items": [{"text": "a"}]', 400, "invalid_json"),
        (b'{"items": [{"text": "caf\xe9"}]}', 400, "invalid_utf8"),
        ('{"items": [{"text": "a"}]}'.encode("utf-16"), 400, "invalid_utf8"),
        (rb'{"items": [], "\ud800": 1}', 400, "invalid_json"),
        (b"{}", 422, "missing_field"),
        (b'[{"text": "a"}]', 422, "wrong_type"),
        (b'{"items": [], "n_best": 2}', 422, "unknown_field"),
        (b'{"text": "a"}', 422, "missing_field"),
        (b'{"items": {"text": "a"}}', 422, "wrong_type"),
        (b'{"items": "a"}', 422, "wrong_type"),
        (b'{"items": null}', 422, "wrong_type"),
    ],
)
async def test_a_bad_envelope_is_a_problem_for_the_whole(body: bytes, status: int, code: str) -> None:
    async with serving() as s:
        answer = await s.client.post("/parse/batch", content=body, headers=MINE)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["request_id"] == "mine"
        assert s.gate.batches() == []


async def test_the_bodies_of_a_batch_and_of_a_single_request_have_each_their_limit() -> None:
    async with serving(max_body_bytes=64, max_batch_bytes=256) as s:
        one, four = {"text": "a" * 40}, [{"text": "a" * 40}] * 4
        assert (await s.parse(one["text"])).status_code == 200
        assert texts_or_codes(await s.parse_batch(four)) == ["a" * 40] * 4
        for path, body in (("/parse", {"text": "a" * 60}), ("/parse/batch", {"items": [*four, one]})):
            answer = await s.client.post(path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
            assert answer.headers["connection"] == "close"
        chunked = await s.raw([part(b" " * 200, more=True)] * 3, path="/parse/batch")
        assert chunked[0]["status"] == 413


async def test_others_have_their_turns_while_a_batch_of_faults_is_written() -> None:
    async with serving() as s:

        async def turns(items: int) -> int:
            """How often others had one while a batch of wrong items was answered."""
            answer = asyncio.create_task(s.parse_batch([{"text": "a", "x": 1, "y": 1}] * items))
            count = 0
            while not answer.done():
                count += 1
                await asyncio.sleep(0)
            assert {problem["code"] for problem in results(answer.result())} == {"unknown_field"}
            return count

        assert await turns(10 * ITEMS_PER_TURN) == await turns(ITEMS_PER_TURN) + 9


async def test_all_items_are_answered_by_one_version_though_another_takes_over() -> None:
    async with serving(batch_tokens=64) as s:
        long = "x " * 64  # a batch of its own
        with s.gate.held():
            batch = asyncio.create_task(s.parse_batch([{"text": "a"}, {"text": long}, {"text": ""}]))
            assert await s.gate.batch() == ["a"]
            await s.promote("2")
            after = asyncio.create_task(s.parse_batch([{"text": "b"}]))
        first, second, _ = results(await batch)
        assert first["model"] == second["model"] == {"name": "words", "version": "1", "digest": "d1"}
        (other,) = results(await after)
        assert other["model"] == {"name": "words", "version": "2", "digest": "d2"}


async def test_a_caller_who_hung_up_while_queued_is_not_run_and_is_counted() -> None:
    async with serving() as s:
        with s.gate.held():
            first = asyncio.create_task(s.parse("a"))
            await s.gate.batch()
            body = b'{"items": [{"text": "gone"}, {"text": "gone too"}, {"text": ""}]}'
            left = asyncio.create_task(s.raw([part(body), GONE], path="/parse/batch"))
            stayed = asyncio.create_task(s.parse_batch([{"text": "b"}]))
            await turns()
        _, (head, _), _ = await asyncio.gather(first, left, stayed)
        assert head["status"] == 499
        assert s.gate.batches() == [["b"]]
        assert s.leases() == 0
        samples = await s.samples()
        assert samples['polyparse_requests_total{endpoint="parse_batch",outcome="departed",version=""}'] == 1
        assert samples['polyparse_requests_total{endpoint="parse_batch",outcome="ok",version="1"}'] == 1


async def test_a_cancelled_batch_gives_back_its_lease_and_its_place_in_the_queue() -> None:
    async with serving() as s:
        with s.gate.held():
            first = asyncio.create_task(s.parse("a"))
            await s.gate.batch()
            leaving = asyncio.create_task(s.parse_batch([{"text": "b"}, {"text": "c"}]))
            await turns()
            assert s.leases() == 2
            assert s.service.batcher.waiting_tokens == 2
            leaving.cancel()
            await asyncio.wait([leaving], timeout=BOUND_S)
            assert leaving.cancelled()
            assert s.leases() == 1
        await first
        assert (await s.parse("d")).status_code == 200
        assert s.gate.batches() == [["d"]]
        assert s.service.batcher.waiting_tokens == 0


async def test_before_a_model_serves_the_whole_is_a_503() -> None:
    async with serving() as s:
        await s.service.manager.close()
        answer = await s.parse_batch([{"text": "a"}, {"text": ""}])
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")


async def test_the_fast_answer_is_what_the_schemas_would_serialise() -> None:
    async with serving() as s:
        answer = await s.parse_batch([{"text": "कल \U0001f600 \u2028", "n_best": 2}, *ITEMS.values()])
        response = BatchResponse.model_validate_json(answer.content)
        for outcome, part_of_answer in zip(response.results, results(answer), strict=True):
            is_problem = "code" in part_of_answer
            assert isinstance(outcome, ProblemDocument if is_problem else ParseResponse)
            written = outcome.model_dump_json(exclude_none=is_problem)
            assert json.loads(written) == part_of_answer


async def test_requests_and_batches_at_once_each_get_their_own_answer() -> None:
    async with serving(inference_threads=2, queue_tokens=10**6, max_wait_ms=60_000.0) as s:

        async def ask_batch(number: int) -> None:
            texts = [f"batch {number} " * (1 + item % 4) for item in range(20)]
            assert texts_or_codes(await s.parse_batch([{"text": text} for text in texts])) == texts

        async def ask_one(number: int) -> None:
            assert (await s.parse(f"single {number}")).json()["text"] == f"single {number}"

        await asyncio.gather(*map(ask_batch, range(20)), *map(ask_one, range(50)))
        assert s.service.batcher.waiting_tokens == 0
        assert s.leases() == 0
