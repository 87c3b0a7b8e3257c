"""What is wrong with what came back, in words; a function of a case and its answers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.fuzz.answers import Answer, cut
from benchmarks.fuzz.case import Case, End, Item
from service.errors import PROBLEMS

BY_POLICY = frozenset({"answer_timeout", "deadline_exceeded", "not_ready"})
"""Problems of 500 and above that are no failure: the caller's deadline, or a service that is too busy."""
PROBLEM = "application/problem+json"
SLICES: Mapping[str, Callable[[str, int, int], str]] = {
    "codepoint": lambda text, start, end: text[start:end],
    "utf16": lambda text, start, end: text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * end].decode(
        "utf-16-le"
    ),
    "byte": lambda text, start, end: text.encode("utf-8", "surrogatepass")[start:end].decode("utf-8"),
}
"""Unit -> the slice of a text between two offsets in it."""


def faults(case: Case, received: bytes) -> list[str]:
    """All that is wrong; nothing where all is well."""
    answers, rest = cut(received)
    found = [fault for answer in answers for fault in _of_answer(answer)]
    if rest and case.end is not End.RESET:
        found.append(f"found bytes that are no whole answer: {rest[:200]!r}")
    if case.items:
        found += _of_frames(case.items, answers)
    if case.ids is not None:
        found += _of_order(case, answers)
    return found


def _of_answer(answer: Answer) -> Iterator[str]:
    if answer.status < 400:
        return
    if answer.headers.get("content-type") != PROBLEM:
        yield f"found {answer.status} of {answer.headers.get('content-type')}, expected a problem document"
        return
    yield from _of_problem(answer.body, answer.status)


def _of_problem(document: Any, status: int) -> Iterator[str]:
    code = document.get("code")
    if code not in PROBLEMS:
        yield f"found the code {code!r}, expected one that is documented"
    elif PROBLEMS[code].status != status or document["status"] != status:
        yield f"found {status} with the code {code!r}, expected {PROBLEMS[code].status}"
    if status >= 500 and code not in BY_POLICY:
        yield f"found {status} ({code}: {document.get('detail')}), expected no failure"


def _of_frames(items: Sequence[Item], answers: Sequence[Answer]) -> Iterator[str]:
    if len(answers) != 1:
        yield f"found {len(answers)} answers, expected one"
        return
    (answer,) = answers
    if answer.status != 200:
        return
    results = answer.body.get("results", [answer.body])
    if len(results) != len(items):
        yield f"found {len(results)} results, expected {len(items)}"
    for item, result in zip(items, results, strict=False):
        yield from _of_problem(result, result["status"]) if "code" in result else _of_frame(item, result)


def _of_frame(item: Item, frame: Mapping[str, Any]) -> Iterator[str]:
    if frame["text"] != item.text:
        yield f"found the text {frame['text']!r}, expected {item.text!r}"
    hypotheses = [frame, *frame["alternatives"]]
    for slot in (slot for each in hypotheses for slot in each["slots"]):
        if slot["value"] != SLICES[item.unit](item.text, slot["start"], slot["end"]) or not slot["value"]:
            yield f"found {slot} in {item.text!r}, expected a slice in the unit {item.unit}"
    if not all(0 <= each["confidence"] <= 1 for each in hypotheses):
        yield f"found confidences {[each['confidence'] for each in hypotheses]}, expected them from 0 to 1"


def _of_order(case: Case, answers: Sequence[Answer]) -> Iterator[str]:
    """Each answer has the id of its request, where the request had a sane one."""
    expected = case.ids or ()
    actual = [answer.headers.get("x-request-id", "none") for answer in answers]
    has_last = case.last_status is not None
    if len(actual) != len(expected) + has_last:
        yield f"found {len(actual)} answers {actual}, expected {len(expected) + has_last}"
    for position, (wanted, answer) in enumerate(zip(expected, answers, strict=False)):
        if actual[position] != wanted and "x-request-id" in answer.headers:
            yield f"found an answer to {actual[position]!r} in place {position}, expected one to {wanted!r}"
    if has_last and answers and answers[-1].status != case.last_status:
        yield f"found {answers[-1].status} at the end, expected {case.last_status}"
