"""What was seen of some faults, for people."""

from collections.abc import Iterator, Sequence

from benchmarks.gameday.exercise import Sighting


def report(sightings: Sequence[Sighting]) -> str:
    """A paragraph for each fault."""
    return "\n\n".join("\n".join(_lines(each)) for each in sightings)


def _lines(sighting: Sighting) -> Iterator[str]:
    fault = sighting.fault
    yield f"{fault.name}: {'seen' if sighting.is_seen else 'NOT SEEN'}"
    yield f"  metric   {fault.signal.metric}: {sighting.before:.4g} -> {sighting.during:.4g}"
    after = "did not fire" if sighting.fired_s is None else f"after {sighting.fired_s:.1f} s"
    others = f" (besides: {', '.join(sighting.others)})" if sighting.others else ""
    yield f"  alert    {fault.alert} {after}{others}"
    yield f"  runbook  {_told(sighting)}"


def _told(sighting: Sighting) -> str:
    cause = f"{sighting.fault.cause.label}={sighting.fault.cause.value}"
    if sighting.seen_before is not None:
        return f"not asked: {sighting.seen_before} before the fault"
    if sighting.query is None:
        return f"no query names {cause}"
    return f'"{sighting.query.shows}" names {cause}'
