"""polyparse as what is swapped: swaps with nothing kept, then rollbacks to a version that was kept."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.client import on_uvloop
from benchmarks.cores import pinned, split_here
from benchmarks.errors import MeasurementFailed
from benchmarks.process import Server, started
from benchmarks.serving import PARSE
from benchmarks.swap import figures
from benchmarks.swap.large_bundle import enlarge
from benchmarks.swap.load import Plan, capacity
from benchmarks.swap.timeline import Models, run, timeline
from polyparse.bundle import store


def copied(models: Path, folder: Path) -> Models:
    """The version that serves from a folder of models, and another of the same model, in a folder of their own.

    Raises:
        MeasurementFailed: there is no other version.
        BundleError: there is no such model.
    """
    bundle = store.locate(models).bundle
    others = [version for version in store.versions_in(bundle.parent) if version != bundle.name]
    if not others:
        raise MeasurementFailed(
            f"{bundle.parent}: found {bundle.name} alone, expected another version to swap with"
        )
    made = Models(folder, bundle.parent.name, bundle.name, others[-1])
    for version in (made.first, made.second):
        shutil.copytree(bundle.parent / version, folder / made.name / version)
    return made


def enlarged(models: Models, folder: Path, *, size_mb: int) -> Models:
    """Both versions as bundles of `size_mb` in a folder of their own, their golden frames checked."""
    folder.joinpath(models.name).mkdir(parents=True)
    made = Models(folder, models.name, f"{models.first}-large", f"{models.second}-large")
    for small, large in ((models.first, made.first), (models.second, made.second)):
        enlarge(
            models.folder / models.name / small, folder / made.name / large, size_bytes=size_mb * 1_000_000
        )
        on_uvloop(partial(run, "verify", made, large))
    return made


def measure(models: Models, requests: Sequence[bytes], plan: Plan) -> dict[str, float]:
    """The figures of one run."""
    cores = split_here()
    with pinned(cores.load):
        with _serving(models, cores.server, keeps_previous=False) as server:
            capacity_per_s = capacity(server, requests, plan.capacity_s)
            rate_per_s = plan.share * capacity_per_s
            cold = timeline(server, models, requests, rate_per_s, plan, keeps_previous=False)
        short = replace(plan, swaps=1, baseline_s=plan.quiet_s)
        with _serving(models, cores.server, keeps_previous=True) as server:
            capacity(server, requests, plan.quiet_s)
            warm = timeline(server, models, requests, rate_per_s, short, keeps_previous=True)
    actual = figures.of_swaps(cold)
    return {
        **actual,
        **{key: actual[key] + count for key, count in figures.faults(warm).items()},
        "rollback_s": figures.rollback_s(warm),
        "rollback_cold_s": figures.rollback_s(cold),
        "capacity_per_s": capacity_per_s,
        "load_per_s": rate_per_s,
    }


@contextmanager
def _serving(models: Models, core: int | None, *, keeps_previous: bool) -> Iterator[Server]:
    """The service with the first version."""
    on_uvloop(partial(run, "promote", models, models.first))
    keep = ["--keep-previous", "on" if keeps_previous else "off"]
    with started([*PARSE, "--models", str(models.folder), *keep], core=core) as server:
        yield server
