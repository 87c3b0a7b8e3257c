"""A real server with the shipped bundle withstands requests that nobody would think of; and what judges it sees faults."""

import json
from pathlib import Path

import pytest
from hypothesis import strategies as st

from benchmarks.fuzz import __main__ as fuzz
from benchmarks.fuzz.case import Case, End, Item, request
from benchmarks.fuzz.drive import Drive
from benchmarks.fuzz.judge import faults

MODELS = Path(__file__).parents[2] / "models"
needs_models = pytest.mark.skipif(not MODELS.exists(), reason="no bundle is shipped yet")


@needs_models
def test_150_cases_harm_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "WARM", 50)
    result = fuzz.measure(MODELS, 150, kinds=("text", "json", "wire"))
    assert result.passed, result.table()
    assert result.figures["cases"] >= 125
    assert result.figures["neighbour_answers"] > 20


@needs_models
@pytest.mark.needs_tools("schemathesis")
def test_2000_cases_harm_nobody_those_that_the_document_describes_among_them() -> None:
    result = fuzz.measure(MODELS, 2_000)
    assert result.passed, result.table()


def answer(
    status: int, document: object, *, request_id: str = "a", media_type: str = "application/json"
) -> bytes:
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 {status} X\r\nx-request-id: {request_id}\r\ncontent-type: {media_type}\r\n"
    return head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body


def problem(status: int, code: str, *, request_id: str = "a") -> bytes:
    document = {"status": status, "code": code}
    return answer(status, document, request_id=request_id, media_type="application/problem+json")


def frame(text: str, **slot: object) -> dict[str, object]:
    return {"text": text, "slots": [slot] if slot else [], "alternatives": [], "confidence": 1.0}


ANY = Case((), End.LEAVE)
WORDS = Case((), End.READ, (Item("a 🎵 wake", "utf16"),))
TWO = Case((), End.READ, ids=("r0", "r1"))


@pytest.mark.parametrize(
    ("case", "received", "fault"),
    [
        (ANY, problem(500, "internal_error"), "expected no failure"),
        (ANY, problem(503, "shutting_down"), "expected no failure"),
        (ANY, problem(400, "unheard_of"), "one that is documented"),
        (ANY, problem(404, "invalid_json"), "expected 400"),
        (ANY, answer(400, {}), "expected a problem document"),
        (ANY, answer(200, {})[:-1], "no whole answer"),
        (ANY, b"junk", "no whole answer"),
        (WORDS, b"", "found 0 answers"),
        (WORDS, answer(200, frame("another")), "found the text"),
        (WORDS, answer(200, frame("a 🎵 wake", value="wake", start=4, end=8)), "expected a slice"),
        (WORDS, answer(200, {"results": []}), "found 0 results"),
        (TWO, answer(200, {}, request_id="r0"), "found 1 answers"),
        (TWO, answer(200, {}, request_id="r1") + answer(200, {}, request_id="r0"), "answer to 'r1' in place 0"),
        (TWO, answer(200, {}, request_id="r0") + answer(200, {}, request_id="hidden"), "answer to 'hidden'"),
    ],
)  # fmt: skip
def test_a_fault_is_seen(case: Case, received: bytes, fault: str) -> None:
    assert fault in "\n".join(faults(case, received))


@pytest.mark.parametrize(
    ("case", "received"),
    [
        (ANY, b""),
        (ANY, problem(504, "deadline_exceeded")),
        (ANY, b"HTTP/1.1 100 Continue\r\n\r\n" + problem(422, "empty_text")),
        (WORDS, answer(200, frame("a 🎵 wake", value="wake", start=5, end=9))),
        (WORDS, answer(200, {"results": [{"status": 422, "code": "empty_text"}]})),
        (TWO, answer(200, {}, request_id="r0") + problem(400, "invalid_json", request_id="r1")),
    ],
)
def test_what_is_right_is_no_fault(case: Case, received: bytes) -> None:
    assert faults(case, received) == []


def test_a_failing_case_is_made_small_and_comes_again_from_its_seed() -> None:
    bodies = st.binary(max_size=50).map(lambda body: Case((request(body),), End.READ))

    def found() -> list[str]:
        drive = Drive(lambda case: ["it holds a zero"] if b"\x00" in case.parts[0] else [])
        drive.run("bytes", bodies, 3, 200)
        return [str(each) for each in drive.failed]

    assert found() == found()
    (shown,) = found()
    assert shown.startswith("bytes, seed 3, part 0: READ")
    assert repr(request(b"\x00")) in shown
