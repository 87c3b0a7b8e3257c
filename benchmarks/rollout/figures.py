"""What became of the requests of a rehearsal: answered, refused for the moment, or lost. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from http import HTTPStatus

from benchmarks.open_loop import NO_ANSWER, Record
from benchmarks.rollout.pod import Ended
from benchmarks.rollout.site import Stage
from benchmarks.swap.windows import percentile

ADDED = ("lost", "refused", "requests", "stale", "killed", "unclean")
"""Counts, which are added up over rehearsals; of all other figures the largest counts."""


def is_lost(record: Record) -> bool:
    """Whether a request got neither its frame nor a 429, which says that there is too much load and when to come back."""
    return record.status not in (HTTPStatus.OK, HTTPStatus.TOO_MANY_REQUESTS)


def lost_by(records: Iterable[Record]) -> Counter[str]:
    """How many requests were lost, by what became of them."""
    return Counter(
        "no answer" if record.status == NO_ANSWER else f"status {record.status}"
        for record in records
        if is_lost(record)
    )


def stale(records: Iterable[Record], stages: Sequence[Stage]) -> int:
    """How many answers are of another version than all pods had when the request was meant to be sent, and until its end."""
    count = 0
    for record in records:
        if record.status == HTTPStatus.OK:
            before = [stage for stage in stages if stage.end_s <= record.intended_s]
            during = [
                stage
                for stage in stages
                if stage.start_s <= record.done_s and record.intended_s < stage.end_s
            ]
            versions = {stage.version for stage in (*before[-1:], *during)}
            count += bool(before) and record.version not in versions
    return count


def figures(records: Sequence[Record], stages: Sequence[Stage], ended: Sequence[Ended]) -> dict[str, float]:
    """The figures of one rehearsal."""
    answered_ms = [1e3 * record.latency_s for record in records if record.status == HTTPStatus.OK]
    return {
        "lost": sum(map(is_lost, records)),
        "stale": stale(records, stages),
        "killed": sum(each.was_killed for each in ended),
        "unclean": sum(each.status != 0 for each in ended),
        "refused": sum(record.status == HTTPStatus.TOO_MANY_REQUESTS for record in records),
        "requests": len(records),
        **{f"lost_{stage.name}": _lost_in(records, stage) for stage in stages},
        **{f"{stage.name}_s": stage.end_s - stage.start_s for stage in stages},
        "longest_end_s": max((each.seconds for each in ended), default=0.0),
        "p99_ms": percentile(answered_ms, 99) if answered_ms else 0.0,
        "max_ms": max(answered_ms, default=0.0),
    }


def _lost_in(records: Iterable[Record], stage: Stage) -> int:
    return sum(is_lost(record) for record in records if stage.start_s <= record.intended_s < stage.end_s)


def together(rehearsals: Sequence[dict[str, float]]) -> dict[str, float]:
    """The figures of several rehearsals: counts added up, and the largest of everything else."""
    return {
        key: (sum if key in ADDED or key.startswith("lost_") else max)(each[key] for each in rehearsals)
        for key in rehearsals[0]
    }
