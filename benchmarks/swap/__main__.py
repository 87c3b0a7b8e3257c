"""What callers notice while one version of the model is swapped for another, under an open-loop load at half of capacity.

Versions are promoted back and forth by the command that a release engineer uses, and the service finds out by itself. The
same with bundles made as large as those of fifty locales, and beside it a peer that loads its model again.
"""

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks import command
from benchmarks.errors import MeasurementFailed
from benchmarks.result import Result, Target
from benchmarks.serving import request, utterances_for
from benchmarks.swap import peer, service
from benchmarks.swap.figures import over_runs
from benchmarks.swap.load import ARRIVALS, Plan
from polyparse.bundle import store

LARGE_MB = 200
OURS, LARGE, PEER = "{}", f"{{}}_{LARGE_MB}mb", "peer_{}"
"""The parts, by the form of their figures' keys."""
TARGETS: Mapping[str, Mapping[str, Target]] = {
    OURS: {
        "failed": Target("==", 0),
        "stale": Target("==", 0),
        "p99_ratio": Target("<=", 1.5),
        "max_ms": Target("<=", 100.0),
        "rss_ratio": Target("<=", 1.1),
        "rollback_s": Target("<=", 1.0),
        "rollback_cold_s": Target("<=", 10.0),
        "client_busy": Target("<=", 0.8),  # or the client, and not the service, is what was measured
    },
    LARGE: {"failed": Target("==", 0), "p99_ratio": Target("<=", 2.0)},
}
SHARE = 0.5
LARGE_SHARE = 0.25
N_UTTERANCES = 4000
ROLLBACKS = 3
WORK = Path("runs/swap")
NONE = "none"

Part = Callable[[Plan], dict[str, float]]
"""Does one run of a plan."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.swap", __doc__)
    command.counts(
        parser,
        ("--runs", 3, "runs, of which medians are taken"),
        ("--swaps", 20, "swaps in a run, and reloads of the peer"),
        ("--large-swaps", 6, "swaps of the large bundles in a run"),
        ("--capacity-s", 4, "seconds of closed-loop load that find the capacity"),
        ("--baseline-s", 20, "seconds of load before the first swap"),
        ("--quiet-s", 2, "seconds of load after each swap"),
    )
    parser.add_argument("--arrivals", choices=ARRIVALS, default=ARRIVALS[0], help="when requests come")
    parser.add_argument(
        "--large", choices=(f"{LARGE_MB}mb", NONE), default=f"{LARGE_MB}mb", help="the large bundles"
    )
    parser.add_argument(
        "--peer", choices=(peer.MLSERVER.name, NONE), default=peer.MLSERVER.name, help="what stands beside"
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=WORK,
        metavar="DIR",
        help=f"where the peer's environment is kept (default: {WORK})",
    )
    options = parser.parse_args(argv)
    plan = Plan(
        swaps=options.swaps,
        rollbacks=ROLLBACKS,
        share=SHARE,
        arrivals=options.arrivals,
        capacity_s=options.capacity_s,
        baseline_s=options.baseline_s,
        quiet_s=options.quiet_s,
    )
    plans = {OURS: plan}
    if options.large != NONE:
        plans[LARGE] = replace(plan, swaps=options.large_swaps, rollbacks=1, share=LARGE_SHARE)
    if options.peer != NONE:
        plans[PEER] = plan
    return command.run(
        lambda: measure(options.bundle, options.corpus, plans, runs=options.runs, work=options.work),
        json=options.json,
    )


def measure(models: Path, spec: str, plans: Mapping[str, Plan], *, runs: int, work: Path) -> Result:
    """Everything that is planned, by turns, `runs` times; a plan stands under the form of its figures' keys.

    Raises:
        MeasurementFailed: a number of swaps is odd, or a part did not run as it must.
    """
    check(plans)
    requests = [
        request(utterance) for utterance in utterances_for(spec, N_UTTERANCES, store.locate(models).bundle)
    ]
    with tempfile.TemporaryDirectory(prefix="polyparse-swap-") as scratch:
        small = service.copied(models, Path(scratch, "models"))
        parts: dict[str, Part] = {OURS: partial(service.measure, small, requests)}
        if LARGE in plans:
            large = service.enlarged(small, Path(scratch, "large"), size_mb=LARGE_MB)
            parts[LARGE] = partial(service.measure, large, requests)
        if PEER in plans and (python := peer.installed(work)) is not None:
            parts[PEER] = partial(peer.measure, python)
        found: dict[str, list[dict[str, float]]] = {form: [] for form in parts}
        for number in range(1, runs + 1):
            for form, part in parts.items():
                print(f"run {number} of {runs}: {form.format('figures')}", file=sys.stderr)
                found[form].append(part(plans[form]))
    actual = {form.format(key): figure for form in found for key, figure in over_runs(found[form]).items()}
    targets = {form.format(key): target for form in found for key, target in TARGETS.get(form, {}).items()}
    return Result("swap", actual, targets)


def check(plans: Mapping[str, Plan]) -> None:
    """Raise MeasurementFailed for an odd number of swaps: memory is compared with the same version loaded."""
    for form, plan in plans.items():
        if plan.swaps % 2:
            raise MeasurementFailed(
                f"{form.format('swaps')}: found {plan.swaps}, expected an even number of swaps"
            )


if __name__ == "__main__":
    sys.exit(main())
