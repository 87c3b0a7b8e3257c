"""Rules about processes that serve: whether any is ready, what they refuse, what waits, hangs, lags or restarts."""

from monitoring.rule import Alert, Record, RuleGroup

RECORDS = (
    Record(
        "polyparse:refusals:ratio_5m",
        "sum by (job) (rate(polyparse_refusals_total[5m]))"
        " / (sum by (job) (rate(polyparse_utterances_total[5m])) > 0)",
    ),
)
ALERTS = (
    Alert(
        "PolyparseNotReady",
        "sum by (job) (polyparse_ready) == 0"
        " or (max by (job) (max_over_time(polyparse_ready[1h])) unless on (job) polyparse_ready)"
        " or absent_over_time(polyparse_ready[1h])",
        "page",
        "No worker of {{ $labels.job }} is ready to parse",
        "No process that Prometheus sees has a version that serves, or it sees none: every request is refused.",
        "1m",
    ),
    Alert(
        "PolyparseRefusesRequests",
        "polyparse:refusals:ratio_5m > 0.01",
        "ticket",
        "{{ $labels.job }} refuses utterances",
        "{{ $value | humanizePercentage }} of the utterances were refused for the state of the service: more load than"
        " its processes can do, or deadlines of callers that are too near.",
        "10m",
    ),
    Alert(
        "PolyparseQueueWaits",
        "max by (job) (polyparse_queue_age_seconds) > 0.25",
        "page",
        "Utterances wait too long in {{ $labels.job }}",
        "The oldest utterance has waited for {{ $value | humanizeDuration }}: batches do not end as they should.",
        "2m",
    ),
    Alert(
        "PolyparseInferenceThreadHangs",
        'max by (job, instance) (polyparse_inference_threads{state="hung"}) > 0',
        "page",
        "Inference threads of {{ $labels.instance }} hang",
        "{{ $value }} inference threads have been in one batch for longer than --hang-timeout-s.",
    ),
    Alert(
        "PolyparseEventLoopLags",
        "max by (job, instance) (polyparse_event_loop_lag_seconds) > 0.1",
        "ticket",
        "The event loop of {{ $labels.instance }} stalls",
        "Its longest gap was {{ $value | humanizeDuration }}: the process gets too little of a core, or something blocks.",
        "5m",
    ),
    Alert(
        "PolyparseSlowClients",
        'sum by (job) (rate(polyparse_requests_total{outcome=~"head_timeout|body_timeout"}[5m])) > 0.1',
        "ticket",
        "Clients of {{ $labels.job }} send too slowly",
        "{{ $value | humanize }} requests a second do not arrive in time; each holds a connection until it is thrown out.",
        "5m",
    ),
    Alert(
        "PolyparseWorkersRestart",
        "sum by (job) (increase(polyparse_worker_restarts_total[1h])) > 0",
        "ticket",
        "Workers of {{ $labels.job }} end by themselves",
        "{{ $value | humanize }} workers were replaced within an hour; each took the requests on its connections with it.",
    ),
    Alert(
        "PolyparseLogLinesDropped",
        "sum by (job) (increase(polyparse_log_lines_dropped_total[5m])) > 0",
        "ticket",
        "{{ $labels.job }} drops log lines",
        "{{ $value | humanize }} log lines were not written within 5m: standard error is full or broken.",
    ),
)
MEMORY_LIMIT_BYTES = 2**30
"""What a process may have, unless the rules are written for another limit."""
RESIDENT = "max by (job, instance) (process_resident_memory_bytes and on (job, instance) polyparse_ready)"


def groups(memory_limit_bytes: int) -> tuple[RuleGroup, ...]:
    """Records and alerts, for processes that may have so much memory."""
    return (
        RuleGroup("polyparse-operation", RECORDS),
        RuleGroup("polyparse-operation-alerts", (*ALERTS, _memory_short(memory_limit_bytes))),
    )


def _memory_short(limit_bytes: int) -> Alert:
    return Alert(
        "PolyparseMemoryShort",
        f"{RESIDENT} / {limit_bytes} > 0.9",
        "page",
        "{{ $labels.instance }} has little memory left",
        f"It holds {{{{ $value | humanizePercentage }}}} of the {limit_bytes:,} bytes that a process may have; at the"
        " limit the system kills it.",
        "2m",
    )
