"""A rolling restart and a rolling change of model under load, behind a real load balancer, as the manifests have them.

Three processes of `polyparse serve` with the flags of the rendered Deployment stand behind HAProxy, once as behind a
Service (a pod a connection) and once as behind an ingress (a pod a request). Under an open-loop load whose callers never try
again, every pod is replaced, with the manifests' probes, surge, preStop and grace; then another version is promoted, and
rolled back.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import command
from benchmarks.client import exchange, on_uvloop
from benchmarks.open_loop import OpenLoad, poisson
from benchmarks.result import Result, Target
from benchmarks.rollout.balancer import BY, By, balancing
from benchmarks.rollout.deployment import Deployment, rendered
from benchmarks.rollout.figures import figures, lost_by, together
from benchmarks.rollout.site import Site, running
from benchmarks.serving import request, utterances_for
from benchmarks.swap import service
from benchmarks.swap.timeline import Models, collector_off
from polyparse.bundle import store

REPLICAS = 3
OVERLAY = command.ROOT / "k8s" / "overlays" / "cpu"
TARGETS = {key: Target("==", 0) for key in ("lost", "stale", "killed", "unclean")}
N_UTTERANCES = 1000
WARM_UP = 600
CONNECTIONS = 8
CLOSES = 4
"""One request in so many is the last one of its connection: only a caller who comes anew can be sent astray."""
SEED = 5
NOTICE_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is rehearsed: requests a second in all, by what they are spread, seconds until that hears of a change."""

    rate_per_s: float
    by: Sequence[By] = BY
    notice_s: float = NOTICE_S
    quiet_s: float = 2.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.rollout", __doc__)
    command.counts(parser, ("--rate", 200, "requests a second"))
    parser.add_argument(
        "--by", nargs="+", choices=BY, default=list(BY), help="what goes to one pod (default: both)"
    )
    parser.add_argument(
        "--overlay", type=Path, default=OVERLAY, metavar="DIR", help="manifests (default: k8s/overlays/cpu)"
    )
    parser.add_argument(
        "--notice-s",
        type=_seconds,
        default=NOTICE_S,
        metavar="S",
        help=f"time until the balancer hears that a pod is ready, or is to end (default: {NOTICE_S:g})",
    )
    parser.add_argument(
        "--without-grace",
        action="store_true",
        help="with neither preStop nor lame duck: shows that requests can be lost, and has no targets",
    )
    options = parser.parse_args(argv)

    def found() -> Result:
        deployment = Deployment.of(rendered(options.overlay))
        plan = Plan(rate_per_s=options.rate, by=options.by, notice_s=options.notice_s)
        if not options.without_grace:
            return measure(options.bundle, options.corpus, deployment, plan)
        result = measure(options.bundle, options.corpus, deployment.without_grace(), plan)
        return Result(result.benchmark, result.figures)

    return command.run(found, json=options.json)


def measure(models: Path, spec: str, deployment: Deployment, plan: Plan) -> Result:
    """Rehearse everything, once for each way to spread requests.

    Raises:
        MeasurementFailed: there is no HAProxy here, no second version, or a pod does not get ready.
    """
    utterances = utterances_for(spec, N_UTTERANCES, store.locate(models).bundle)
    requests = [
        closing(request(utterance)) if number % CLOSES == 0 else request(utterance)
        for number, utterance in enumerate(utterances)
    ]
    rehearsals: dict[By, dict[str, float]] = {}
    for by in plan.by:
        with tempfile.TemporaryDirectory(prefix="polyparse-rollout-") as scratch:
            folder = Path(scratch)
            copied = service.copied(models, folder / "models")
            rehearsals[by] = rehearse(copied, folder, requests, deployment, plan, by)
    apart = {f"lost_by_{by}": found["lost"] for by, found in rehearsals.items()}
    return Result("rollout", {**together(list(rehearsals.values())), **apart}, TARGETS)


def closing(content: bytes) -> bytes:
    """The same request as the last one of its connection."""
    return content.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)


def rehearse(
    models: Models, folder: Path, requests: Sequence[bytes], deployment: Deployment, plan: Plan, by: By
) -> dict[str, float]:
    """The figures of one rehearsal."""
    slots = [f"pod-{number}" for number in range(1, 2 * REPLICAS + 1)]
    kept = [each for number, each in enumerate(requests) if number % CLOSES]

    async def play() -> dict[str, float]:
        site = Site(deployment, balancer, models, folder, list(slots), plan.notice_s)
        async with running(site, REPLICAS):
            await exchange(balancer.port, kept[:WARM_UP], connections=CONNECTIONS)
            async with OpenLoad(balancer.port, requests, poisson(plan.rate_per_s, SEED)) as load:
                stages = []
                for name, act in {
                    "restart": site.restart,
                    "promote": site.promote,
                    "rollback": site.roll_back,
                }.items():
                    print(f"by {by}: {name}", file=sys.stderr)
                    await asyncio.sleep(plan.quiet_s)
                    stages.append(await site.stage(name, act))
                await asyncio.sleep(plan.quiet_s)
        for what, count in sorted(lost_by(load.records).items()):
            print(f"lost by {by}: {count} with {what}", file=sys.stderr)
        return figures(load.records, stages, site.ended)

    with balancing(folder, deployment.readiness, slots, by) as balancer, collector_off():
        try:
            return on_uvloop(play)
        except ExceptionGroup as group:
            raise _first(group) from group


def _first(error: Exception) -> Exception:
    """What went wrong first, of what goes on at once."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _seconds(text: str) -> float:
    if not 0 <= (seconds := float(text)) <= 60:
        raise argparse.ArgumentTypeError(f"found {text}, expected 0 to 60 seconds")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
