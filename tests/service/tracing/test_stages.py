"""The stages of a request follow from the moments that are known of it."""

from polyparse.contract.frame import Utterance
from service.batching.protocols import SharedRun
from service.parsed import Parsed
from service.registry.loaded import ModelVersion
from service.request_trace import RequestTrace
from service.tracing.stages import Stage, answer_of, arrival_of, parse_of
from tests.service.fakes import read_words

RUN = SharedRun({"score": 0.25, "decode": 0.125}, tokens=3, items=1, started_s=6.0, ended_s=6.5)
PARSED = Parsed(read_words(Utterance("a")), ModelVersion("words", "1", "d1"), 0.5, 4.5, 1.0, RUN)


def trace(since_s: float) -> RequestTrace:
    return RequestTrace("4bf9", "r1", True, None, lambda: 3.0, 0, since_s, 2.0)


def test_admission_is_from_the_head_to_the_work_and_reading_until_the_body_is_whole() -> None:
    arrived = trace(1.0)
    assert list(arrival_of(arrived)) == [Stage("admission", 1.0, 2.0)]
    arrived.body_read()
    assert list(arrival_of(arrived)) == [Stage("admission", 1.0, 2.0), Stage("read_body", 2.0, 3.0)]


def test_where_the_head_was_not_seen_there_is_no_admission() -> None:
    assert list(arrival_of(trace(2.0))) == []


def test_an_utterance_is_encoded_waits_and_goes_through_its_run() -> None:
    assert list(parse_of(PARSED)) == [
        Stage("encode", 4.0, 4.5),
        Stage("queue", 4.5, 5.5),
        Stage("score", 6.0, 6.25),
        Stage("decode", 6.25, 6.375),
    ]


def test_the_answer_comes_after_the_last_run() -> None:
    later = PARSED._replace(shared=RUN._replace(ended_s=7.0))
    assert list(answer_of([PARSED, later], 8.0)) == [Stage("answer", 7.0, 8.0)]
    assert list(answer_of([], 8.0)) == []


def test_a_moment_of_the_clock_is_one_of_unix_time() -> None:
    request = RequestTrace("4bf9", "r1", True, None, float, 1_000, 0.0, 0.0)
    assert request.ns(2.5) == 2_500_001_000
