"""The page: everything on it comes from a finished run."""

import platform
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from loadtest.outcome import MEANINGS
from loadtest.report import plots
from loadtest.run import Finished
from loadtest.terminal import number, share
from loadtest.verdict import MOST_OFF


def page(finished: Finished) -> str:
    """The whole page."""
    load, outcomes, summary, verdict = finished
    return (
        templates()
        .get_template("page.html.j2")
        .render(
            load=load,
            outcomes=outcomes,
            summary=summary,
            verdict=verdict,
            plots={
                "latency": plots.latency(finished),
                "outcomes": plots.outcomes(finished),
                "percentiles": plots.percentiles(finished),
                "stages": plots.stages(finished),
                "versions": plots.versions(finished),
            },
            seen={outcome for figures in summary.phases.values() for outcome in figures.outcomes},
            saturation_per_s=finished.saturation_per_s,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            machine=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        )
    )


def templates() -> Environment:
    """The templates; whatever comes from a scenario or the service is escaped by them."""
    environment = Environment(
        loader=PackageLoader("loadtest.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": number, "share": share}
    environment.globals |= {"MEANINGS": MEANINGS, "MOST_OFF": MOST_OFF}
    return environment
