"""The stages of a request as moments, from what is known of it once it has ended. Pure.

    admission   from its head to the beginning of its work: the gate, its turn on the connection
    read_body   until the body is whole
    encode, queue, score, decode, assemble   as polyparse_stage_seconds has them; the last three are those of the shared
                run, one after another, though a run of several length groups goes through them more than once
    answer      from the end of the run until the answer is made

Between them stand what has no stage of its own: reading JSON, the way to an inference thread and back.
"""

from collections.abc import Iterator
from typing import NamedTuple

from service.parsed import Parsed
from service.request_trace import RequestTrace


class Stage(NamedTuple):
    """A part of a request's time, by the service's clock."""

    name: str
    start_s: float
    end_s: float


def arrival_of(trace: RequestTrace) -> Iterator[Stage]:
    """The stages before any utterance is known."""
    if trace.since_s < trace.started_s:
        yield Stage("admission", trace.since_s, trace.started_s)
    if trace.body_read_s is not None:
        yield Stage("read_body", trace.started_s, trace.body_read_s)


def parse_of(parsed: Parsed) -> Iterator[Stage]:
    """The stages of an utterance."""
    yield Stage("encode", parsed.since_s - parsed.encode_s, parsed.since_s)
    yield Stage("queue", parsed.since_s, parsed.since_s + parsed.queue_s)
    at_s = parsed.shared.started_s
    for name, seconds in parsed.shared.seconds.items():
        yield Stage(name, at_s, at_s + seconds)
        at_s += seconds


def answer_of(parsed: list[Parsed], ended_s: float) -> Iterator[Stage]:
    """The stage after the last of some utterances, where there are any."""
    if parsed:
        yield Stage("answer", max(each.shared.ended_s for each in parsed), ended_s)
