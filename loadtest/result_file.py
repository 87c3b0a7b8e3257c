"""result.json: all figures of a run, for machines; what is infinite or no number is null there."""

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from loadtest.run import Finished
from loadtest.summary import Figures

SIGNIFICANT = 6


def as_data(finished: Finished) -> dict[str, Any]:
    """The figures as plain data."""
    load, outcomes, summary, verdict = finished
    judged = summary.judged
    return {
        "scenario": load.scenario.title,
        "url": load.address.url,
        "load_per_s": load.rate_per_s,
        "verdict": verdict.word,
        "slo": load.slo.model_dump(),
        "checks": [{**check._asdict(), "met": check.is_met} for check in verdict.checks],
        "judged": None if judged is None else of_figures(judged),
        "phases": {name: of_figures(figures) for name, figures in summary.phases.items()},
        "seconds": [
            {
                "start_s": second.start_s,
                **of_figures(second.figures),
                "versions": dict(second.versions),
                "stages_ms": dict(second.stages_ms),
            }
            for second in summary.seconds
        ],
        "stages": {stage: times._asdict() for stage, times in summary.stages.items()},
        "events": [done._asdict() for done in outcomes.done],
        "slow_callers": [
            {"kind": kind, "ended": ended, "connections": count}
            for (kind, ended), count in sorted(outcomes.slow_ends.items())
        ],
        "rate_off": summary.off_share,
        "lag_ms": dict(summary.lag_ms),
        "busy_share": outcomes.busy_share,
        "load_average": outcomes.load_average,
    }


def of_figures(figures: Figures) -> dict[str, Any]:
    """Figures as plain data."""
    return {**figures._asdict(), "latency_ms": dict(figures.latency_ms), "outcomes": dict(figures.outcomes)}


def write(finished: Finished, file: Path) -> None:
    """Write it."""
    text = json.dumps(_plain(as_data(finished)), indent=1, allow_nan=False, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT}g}") if isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value
