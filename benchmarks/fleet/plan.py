"""How many machines it takes, on paper: from figures of a run, and from assumptions that each have a name, to a table.

All of it is arithmetic. A deployment is to stand the loss of a zone at the utilisation `utilisation_one_zone_lost`. A cell
is a whole deployment of its own (balancer, pods in all zones, cache of the repository) that shares nothing with others.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.errors import MeasurementFailed
from service.settings import REPOSITORY_POLL_S

RATES = (1_000, 100_000, 10_000_000)
HOURS_A_MONTH = 730
MEASURED = (
    *("core_per_s", "rss_mb", "rss_two_versions_mb", "series", "series_two_versions", "page_bytes"),
    *("bundle_bytes", "promote_s"),
)
"""Figures of a run that the plan needs."""


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """What no run of ours measured. Prices are in US dollars, and none is a quotation."""

    cores_per_pod: int = 2
    gain_per_core: float = 0.9
    """Of the rate of one core, what each core of a pod adds: the target of `benchmarks.workers`, 1.8 for two."""
    zones: int = 3
    utilisation_one_zone_lost: float = 0.75
    least_pods: int = 3
    cores_per_machine: int = 32
    pods_per_cell: int = 300
    balancer_per_s: int = 50_000
    """Requests a second that one balancer passes on."""
    connections_each: int = 2
    """That a balancer keeps open to each pod of its cell."""
    scrape_s: int = 30
    bytes_per_sample: float = 2.0
    """On the disk of a Prometheus, after its compression."""
    days_kept: int = 15
    series_per_prometheus: int = 2_000_000
    fetch_s: int = 10
    """In which all pods that have seen a wish fetch the bundle: the poll of a repository, and the transfer."""
    bytes_per_request: int = 1_500
    """A request and its answer, with heads."""
    price_per_core_hour: float = 0.04
    price_per_cross_zone_gb: float = 0.02


class Column(NamedTuple):
    """A fleet."""

    per_s: int
    pods: int
    machines: int
    cells: int
    utilisation: float
    balancers: int
    connections_per_pod: int
    connections_without_cells: int
    series: int
    prometheus: int
    samples_per_s: float
    disk_gb: float
    promote_gb: float
    promote_cached_gb: float
    promote_gbit_s: float
    state_reads_per_s: float
    traffic_gbit_s: float
    cost: float
    cross_zone_cost: float
    cost_per_million: float


DEFAULTS = Assumptions()


def fleet(per_s: int, measured: Mapping[str, float], assumed: Assumptions = DEFAULTS) -> Column:
    """The fleet for so many requests a second.

    Raises:
        MeasurementFailed: a figure of MEASURED is missing, or is no positive number.
    """
    check(measured)
    pod_per_s = measured["core_per_s"] * assumed.cores_per_pod * assumed.gain_per_core
    staying = (assumed.zones - 1) / assumed.zones
    needed = math.ceil(per_s / (pod_per_s * assumed.utilisation_one_zone_lost * staying))
    pods = assumed.zones * math.ceil(max(needed, assumed.least_pods) / assumed.zones)
    machines = math.ceil(pods * assumed.cores_per_pod / assumed.cores_per_machine)
    machines = max(assumed.zones, machines)
    cells = math.ceil(pods / assumed.pods_per_cell)
    of_cell = max(assumed.zones, math.ceil(per_s / cells / assumed.balancer_per_s))
    series = round(pods * measured["series_two_versions"])
    samples_per_s = series / assumed.scrape_s
    promote_bytes = pods * measured["bundle_bytes"]
    cached_bytes = machines * measured["bundle_bytes"]
    cost = pods * assumed.cores_per_pod * assumed.price_per_core_hour * HOURS_A_MONTH
    # A balancer that does not prefer its own zone sends this share of its requests to others.
    elsewhere = 1 - 1 / assumed.zones
    month_gb = per_s * assumed.bytes_per_request * 3600 * HOURS_A_MONTH / 1e9
    return Column(
        per_s=per_s,
        pods=pods,
        machines=machines,
        cells=cells,
        utilisation=per_s / (pods * pod_per_s),
        balancers=cells * of_cell,
        connections_per_pod=of_cell * assumed.connections_each,
        connections_without_cells=cells * of_cell * assumed.connections_each,
        series=series,
        prometheus=math.ceil(series / assumed.series_per_prometheus),
        samples_per_s=samples_per_s,
        disk_gb=samples_per_s * 86_400 * assumed.days_kept * assumed.bytes_per_sample / 1e9,
        promote_gb=promote_bytes / 1e9,
        promote_cached_gb=cached_bytes / 1e9,
        promote_gbit_s=8 * promote_bytes / assumed.fetch_s / 1e9,
        state_reads_per_s=pods / REPOSITORY_POLL_S,
        traffic_gbit_s=8 * per_s * assumed.bytes_per_request / 1e9,
        cost=cost,
        cross_zone_cost=month_gb * elsewhere * assumed.price_per_cross_zone_gb,
        cost_per_million=1e6 * cost / (per_s * 3600 * HOURS_A_MONTH),
    )


def replicas(measured: Mapping[str, float], assumed: Assumptions = DEFAULTS) -> dict[str, float]:
    """Pods by rate: `replicas_1e3` and so on."""
    return {
        f"replicas_1e{round(math.log10(per_s))}": float(fleet(per_s, measured, assumed).pods)
        for per_s in RATES
    }


def check(measured: Mapping[str, float]) -> None:
    """Raise MeasurementFailed where a figure that is needed is missing, or is no positive number."""
    for key in MEASURED:
        if not (value := measured.get(key, math.nan)) > 0 or math.isinf(value):
            raise MeasurementFailed(
                f"{key}: found {value}, expected a positive figure of a run of benchmarks.fleet"
            )


def text(measured: Mapping[str, float], assumed: Assumptions = DEFAULTS) -> str:
    """The table in Markdown, under what it was made of."""
    columns = [fleet(per_s, measured, assumed) for per_s in RATES]
    head = ["requests a second", *(f"{column.per_s:,}" for column in columns)]
    lines = [_row(head), _row(["---"] * len(head))]
    lines += [_row([name, *(show(column) for column in columns)]) for name, show in ROWS]
    return "\n".join([_measured(measured), "", _assumed(assumed), "", *lines])


ROWS: Sequence[tuple[str, Callable[[Column], str]]] = (
    ("pods", lambda it: f"{it.pods:,}"),
    ("machines", lambda it: f"{it.machines:,}"),
    ("cells", lambda it: f"{it.cells:,}"),
    ("utilisation, all zones there", lambda it: f"{it.utilisation:.2f}"),
    ("balancers", lambda it: f"{it.balancers:,}"),
    ("connections to a pod", lambda it: f"{it.connections_per_pod:,}"),
    ("the same, were all one cell", lambda it: f"{it.connections_without_cells:,}"),
    ("requests and answers, Gbit/s", lambda it: f"{it.traffic_gbit_s:,.3g}"),
    ("series", lambda it: f"{it.series:,}"),
    ("samples a second", lambda it: f"{it.samples_per_s:,.0f}"),
    ("Prometheus servers", lambda it: f"{it.prometheus:,}"),
    ("their disk, GB", lambda it: f"{it.disk_gb:,.3g}"),
    ("a promote reads from the repository, GB: each pod for itself", lambda it: f"{it.promote_gb:,.3g}"),
    ("the same, one cache a machine", lambda it: f"{it.promote_cached_gb:,.3g}"),
    ("Gbit/s meanwhile, each pod for itself", lambda it: f"{it.promote_gbit_s:,.3g}"),
    ("reads of the state a second, always", lambda it: f"{it.state_reads_per_s:,.0f}"),
    ("cores, $ a month", lambda it: f"{it.cost:,.0f}"),
    (
        "between zones, $ a month, where balancers do not prefer their own",
        lambda it: f"{it.cross_zone_cost:,.0f}",
    ),
    ("cores, $ for a million requests", lambda it: f"{it.cost_per_million:.3g}"),
)


def _measured(measured: Mapping[str, float]) -> str:
    return (
        f"Measured{_where(measured)}: {measured['core_per_s']:,.0f} requests a second of a core; "
        f"{measured['rss_mb']:.0f} MB with one version, {measured['rss_two_versions_mb']:.0f} with two; "
        f"{measured['series']:.0f} series of one version, {measured['series_two_versions']:.0f} of two, "
        f"{measured['page_bytes'] / 1000:.0f} kB a scrape; a bundle of {measured['bundle_bytes'] / 1e6:.1f} MB; "
        f"{measured['promote_s']:.1f} s of a core for a promote, its rehearsal included."
    )


def _assumed(assumed: Assumptions) -> str:
    return (
        f"Assumed: pods of {assumed.cores_per_pod} cores that each give {assumed.gain_per_core:g} of a core alone; "
        f"{assumed.zones} zones, of which one may be lost at a utilisation of {assumed.utilisation_one_zone_lost:g} of "
        f"the rest; machines of {assumed.cores_per_machine} cores; {assumed.pods_per_cell} pods a cell at most; "
        f"balancers that pass on {assumed.balancer_per_s:,} requests a second each, with {assumed.connections_each} "
        f"connections to each pod of their cell; a scrape each {assumed.scrape_s} s, "
        f"{assumed.bytes_per_sample:g} bytes a sample kept for {assumed.days_kept} days, "
        f"{assumed.series_per_prometheus:,} series a Prometheus; a bundle fetched by all within {assumed.fetch_s} s; "
        f"{assumed.bytes_per_request:,} bytes a request with its answer; ${assumed.price_per_core_hour:g} a core and "
        f"hour, ${assumed.price_per_cross_zone_gb:g} a GB between zones. Prices are no quotation: put in your own."
    )


def _where(measured: Mapping[str, float]) -> str:
    busy = measured.get("load_average", 0.0)
    return (
        f", while other work took the same cores (load average {busy:.0f}), so that it is to be done anew"
        if busy > 1
        else ""
    )


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
