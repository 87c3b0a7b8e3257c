"""A game day: the running service is broken in ten ways, and each must be seen by a metric, an alert and its runbook.

Two processes serve, callers ask them, Prometheus watches by the shipped rules with shorter windows. For each fault it says
which metric moved, which alert fired after how long, and which query of the alert's runbook names the cause.
"""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import command
from benchmarks.errors import MeasurementFailed
from benchmarks.gameday import of_load, of_machine, of_speech, of_versions
from benchmarks.gameday.exercise import Sighting, exercise
from benchmarks.gameday.fault import Fault
from benchmarks.gameday.report import report
from benchmarks.gameday.site import running
from benchmarks.result import Result, Target

FAULTS = {
    fault.name: fault
    for fault in (*of_load.FAULTS, *of_versions.FAULTS, *of_machine.FAULTS, *of_speech.FAULTS)
}
TARGETS = {"seen": Target("==", len(FAULTS))}
SCALE = 0.01
"""Five minutes are three seconds."""
PROMETHEUS = "prometheus"
MEMORY_LIMIT_BYTES = 500_000_000
"""More than a process takes that holds three versions of the shipped model."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.gameday", __doc__)
    parser.add_argument(
        "--faults",
        nargs="+",
        choices=FAULTS,
        default=list(FAULTS),
        metavar="FAULT",
        help=f"some of {', '.join(FAULTS)} (default: all)",
    )
    options = parser.parse_args(argv)
    chosen = [FAULTS[name] for name in options.faults]
    return command.run(lambda: measure(options.bundle, chosen), json=options.json)


def measure(models: Path, faults: Sequence[Fault], *, scale: float = SCALE) -> Result:
    """Break what runs in each of these ways, and print what was seen; windows are `scale` times as long as the shipped ones.

    Raises:
        MeasurementFailed: there is no Prometheus here, or something did not start.
    """
    if shutil.which(PROMETHEUS) is None:
        raise MeasurementFailed(f"found no {PROMETHEUS} on PATH, expected it, of version 2.42 or later")
    with (
        tempfile.TemporaryDirectory(prefix="polyparse-gameday-") as folder,
        running(Path(folder), models, scale=scale, memory_limit_bytes=MEMORY_LIMIT_BYTES) as site,
    ):
        sightings = []
        for number, fault in enumerate(faults, 1):
            print(f"fault {number} of {len(faults)}: {fault.name}", file=sys.stderr)
            sightings.append(exercise(site, fault))
    print(report(sightings))
    return Result("gameday", _figures(sightings), {"seen": Target("==", len(faults))})


def _figures(sightings: Sequence[Sighting]) -> dict[str, float]:
    fired = {f"fired_s_{each.fault.name}": each.fired_s for each in sightings if each.fired_s is not None}
    return {"seen": sum(each.is_seen for each in sightings), **fired}


if __name__ == "__main__":
    sys.exit(main())
