"""Every metric: its name, type, labels, unit and buckets, what it is, and how those of several workers combine.

The README's table is made of this one, and what records can record nothing else.

Counters and histograms of several workers are summed, those of a worker that died too. A gauge says in `workers` how it
combines: "sum", "max" or "min".
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]
Rule = Literal["sum", "max", "min"]

SECONDS = (5e-5, 1e-4, 2e-4, 4e-4, 8e-4, 1.5e-3, 3e-3, 6e-3, 0.012, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
SEQUENCES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
LOAD_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 300)
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75)
CONFIDENCES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)

VERSIONS = "polyparse_version_info"
"""The gauge that has a series for each version."""
RESTARTS = "polyparse_worker_restarts_total"
"""The counter that no worker knows: the supervisor counts."""


class Definition(NamedTuple):
    """One metric by the name under which Prometheus finds it; `workers` is None where the workers' are summed as counts."""

    name: str
    kind: Kind
    labels: Sequence[str]
    unit: str
    help: str
    buckets: Sequence[float] = ()
    workers: Rule | None = None


def _counter(name: str, labels: str, unit: str, text: str) -> Definition:
    return Definition(name, "counter", labels.split(), unit, text)


def _gauge(name: str, labels: str, unit: str, workers: Rule, text: str) -> Definition:
    return Definition(name, "gauge", labels.split(), unit, text, workers=workers)


def _histogram(name: str, labels: str, unit: str, buckets: Sequence[float], text: str) -> Definition:
    return Definition(name, "histogram", labels.split(), unit, text, buckets)


DEFINITIONS: Sequence[Definition] = (
    _counter(
        "polyparse_requests_total",
        "endpoint outcome version",
        "requests",
        "Requests by outcome: `ok`, `departed` or a problem's code; what has no route (404, 405, no HTTP) is at `none`",
    ),
    _histogram(
        "polyparse_request_seconds",
        "endpoint outcome version",
        "seconds",
        SECONDS,
        "From the moment the first byte of a request could be read to its answer, by outcome: `ok`, `refused` (429, 503, "
        "504), `rejected` (other 4xx), `failed` (other 5xx), `departed`",
    ),
    _gauge("polyparse_requests_in_flight", "", "requests", "sum", "Requests that are being answered"),
    _gauge("polyparse_connections", "", "connections", "sum", "Connections that are open"),
    _gauge("polyparse_ready", "", "1", "sum", "1 while readiness would say yes; how many workers are ready"),
    _histogram(
        "polyparse_stage_seconds",
        "stage version",
        "seconds",
        SECONDS,
        "Time by stage: `encode` and `queue` of each utterance; `score`, `decode` and `assemble` of each run",
    ),
    _counter(
        "polyparse_utterances_total",
        "outcome",
        "utterances",
        "Utterances by outcome, each item of a batch too",
    ),
    _counter(
        "polyparse_refusals_total",
        "reason",
        "utterances",
        "Utterances that the state of the service kept from a frame",
    ),
    _histogram(
        "polyparse_frame_confidence",
        "locale",
        "probability",
        CONFIDENCES,
        "Confidence of frames, by the served locale or `none`",
    ),
    _counter(
        "polyparse_frames_total",
        "locale refused",
        "frames",
        "Frames, by the served locale or `none`, and what they are refused for: `none`, `domain` or `language`",
    ),
    _histogram("polyparse_batch_sequences", "", "sequences", SEQUENCES, "Sequences in a micro-batch"),
    _histogram(
        "polyparse_batch_padding_ratio",
        "",
        "share",
        SHARES,
        "Share of a micro-batch's tokens that is padding, as the networks' graphs work on it",
    ),
    _counter(
        "polyparse_batch_tokens_total",
        "kind",
        "tokens",
        "Tokens that the networks' graphs worked on: `useful` ones, and `padding` up to the longest of a run",
    ),
    _gauge("polyparse_queue_tokens", "", "tokens", "sum", "Tokens waiting for a run"),
    _gauge("polyparse_queue_age_seconds", "", "seconds", "max", "How long the oldest of them have waited"),
    _gauge(
        "polyparse_inference_threads",
        "state",
        "threads",
        "sum",
        "Inference threads: `idle`, `busy`, or `hung`: in one batch for longer than `--hang-timeout-s`",
    ),
    _gauge(
        "polyparse_event_loop_lag_seconds",
        "",
        "seconds",
        "max",
        "The longest gap of the event loop in the last 10 to 20 s",
    ),
    _gauge("polyparse_model_info", "name version digest", "1", "max", "The model that serves: always 1"),
    _gauge(
        VERSIONS,
        "version digest state",
        "workers",
        "sum",
        "How many workers (one, without `--workers`) have a version in this state: `loading`, `ready`, `serving`, ...",
    ),
    _counter(
        "polyparse_swap_loads_total",
        "outcome",
        "loads",
        "Loads by their end: `ok`, or the code of what refused the version (`rehearsal_failed`: the log has its reason)",
    ),
    _histogram(
        "polyparse_swap_load_seconds",
        "",
        "seconds",
        LOAD_SECONDS,
        "From a wish for a version to its being ready",
    ),
    _counter("polyparse_swap_switches_total", "", "switches", "Switches to another version"),
    _gauge("polyparse_swap_generation", "", "1", "min", "Generation of the state that is followed"),
    _gauge(
        "polyparse_swap_state_readable",
        "",
        "1",
        "min",
        "1 while the state can be read, 0 while the last good one holds",
    ),
    _gauge(
        "polyparse_canary_percent",
        "version",
        "percent",
        "max",
        "Percentage of the requests that a canary answers, 0 once it was stopped",
    ),
    _gauge(
        "polyparse_canary_verdict",
        "version verdict",
        "workers",
        "sum",
        "How many workers find a canary `healthy`, `unhealthy` or `undecided`",
    ),
    _counter(
        "polyparse_canary_rollbacks_total",
        "scope",
        "canaries",
        "Canaries that were stopped by themselves: in this `process`, in the `fleet` by an edit of this process",
    ),
    _gauge(
        "polyparse_shadow_share",
        "version",
        "share",
        "max",
        "Share of the requests that a shadow parses, 0 once it was stopped",
    ),
    _counter(
        "polyparse_shadow_compared_total",
        "version locale",
        "utterances",
        "Utterances that shadow and stable version both parsed, by locale or `none`",
    ),
    _counter(
        "polyparse_shadow_agreed_total",
        "version locale part",
        "utterances",
        "Of them those that agree in `domain`, `intent`, `slots`, or the whole `frame`",
    ),
    _counter(
        "polyparse_shadow_failed_total",
        "version code",
        "utterances",
        "Utterances that a shadow could not parse, by the code of the error",
    ),
    _counter(
        "polyparse_shadow_dropped_total",
        "reason",
        "utterances",
        "Utterances drawn for a shadow and not given to it: requests came first (`load`), it had enough to do (`busy`), "
        "it hangs (`hangs`), the service ended (`stopped`)",
    ),
    _counter(RESTARTS, "", "workers", "Workers (`--workers`) that took the place of one that ended"),
    _counter(
        "polyparse_gc_collections_total",
        "generation",
        "collections",
        "Runs of Python's garbage collector, by generation",
    ),
    _counter("polyparse_gc_seconds_total", "generation", "seconds", "Time that they took"),
    _gauge(
        "polyparse_accelerator_memory_bytes",
        "kind",
        "bytes",
        "max",
        "Memory of the device, `used` by whomever and `total`; only where a CUDA device serves",
    ),
    _gauge(
        "polyparse_accelerator_busy_ratio",
        "",
        "ratio",
        "max",
        "Share of the last moment in which the device ran something, whoever's; only where NVML tells it of a CUDA device",
    ),
    _counter(
        "polyparse_log_lines_dropped_total",
        "",
        "lines",
        "Log lines that were not written, because standard error was full or broken",
    ),
    _counter(
        "polyparse_trace_spans_dropped_total",
        "",
        "spans",
        "With `--trace-endpoint`: spans that were not exported, because too many waited or the collector took none",
    ),
)

OF_PROCESS: Sequence[Definition] = (
    _counter("process_cpu_seconds_total", "", "seconds", "Time of the processor, user and system"),
    _gauge("process_virtual_memory_bytes", "", "bytes", "sum", "Virtual memory"),
    _gauge("process_resident_memory_bytes", "", "bytes", "sum", "Resident memory"),
    _gauge("process_open_fds", "", "descriptors", "sum", "Open file descriptors"),
    _gauge("process_max_fds", "", "descriptors", "min", "How many may be open"),
    _gauge("process_start_time_seconds", "", "seconds", "min", "When the process began, since the epoch"),
)
"""What Prometheus' own client says of the process."""

BY_NAME: Mapping[str, Definition] = {each.name: each for each in (*DEFINITIONS, *OF_PROCESS)}
GAUGES: Mapping[str, str] = {name: each.workers for name, each in BY_NAME.items() if each.workers is not None}
"""How gauges of several workers combine."""
