"""The rows of the dashboard: a table of what an SRE looks at, from what callers feel down to the process."""

from monitoring.panel import INTERVAL, PanelRow, mean, panel, quantile, rate, selected, share, total

SECONDS = "polyparse_request_seconds"
PARSE = 'endpoint="parse"'
FRAMES, REFUSED = "polyparse_frames_total", '{refused!="none"}'


TRAFFIC = PanelRow(
    "Traffic and SLO",
    (
        panel("Requests by outcome", "reqps", (rate(f"{SECONDS}_count", "outcome"), "{{outcome}}")),
        panel("Requests by endpoint", "reqps", (rate(f"{SECONDS}_count", "endpoint"), "{{endpoint}}")),
        panel(
            "Bad requests by SLI",
            "percentunit",
            (selected("polyparse:slo_bad:ratio_5m"), "{{job}} {{sli}}"),
            about="Of the requests to /parse: refused or failed (availability), later than 250 ms (latency); over 5m.",
        ),
        panel(
            "Burn rate of the error budget",
            "none",
            *(
                (selected(f"polyparse:slo_burn:rate_{window}"), f"{{{{job}}}} {window}")
                for window in ("5m", "1h", "6h", "3d")
            ),
            about="1 uses up the budget in 30 days. Pages: 14.4 over 1h, 6 over 6h.",
        ),
        panel(
            "p50 and p99 across pods",
            "s",
            (selected("polyparse:request_seconds:p50_5m"), "{{endpoint}} p50"),
            (selected("polyparse:request_seconds:p99_5m"), "{{endpoint}} p99"),
        ),
        panel(
            "Problems by code",
            "reqps",
            (rate('polyparse_requests_total{outcome!="ok"}', "outcome"), "{{outcome}}"),
        ),
        panel(
            "Ready workers",
            "none",
            (total("polyparse_ready", "job"), "{{job}} ready"),
            (f"count by (job) ({selected('polyparse_ready')})", "{{job}} seen"),
        ),
    ),
)
LATENCY = PanelRow(
    "Latency",
    (
        panel("p99 of /parse by outcome", "s", (quantile(0.99, SECONDS, "outcome", PARSE), "{{outcome}}")),
        panel("p50 of /parse by outcome", "s", (quantile(0.5, SECONDS, "outcome", PARSE), "{{outcome}}")),
        panel("p99 by stage", "s", (quantile(0.99, "polyparse_stage_seconds", "stage"), "{{stage}}")),
        panel("Mean by stage", "s", (mean("polyparse_stage_seconds", "stage"), "{{stage}}")),
    ),
)
SATURATION = PanelRow(
    "Saturation",
    (
        panel(
            "Requests in flight", "none", (total("polyparse_requests_in_flight", "instance"), "{{instance}}")
        ),
        panel("Connections", "none", (total("polyparse_connections", "instance"), "{{instance}}")),
        panel("Tokens in the queue", "none", (total("polyparse_queue_tokens", "instance"), "{{instance}}")),
        panel(
            "Wait of the oldest utterance",
            "s",
            (f"max by (instance) ({selected('polyparse_queue_age_seconds')})", "{{instance}}"),
        ),
        panel("Refused utterances", "cps", (rate("polyparse_refusals_total", "reason"), "{{reason}}")),
        panel("Inference threads", "none", (total("polyparse_inference_threads", "state"), "{{state}}")),
        panel(
            "Lag of the event loop",
            "s",
            (f"max by (instance) ({selected('polyparse_event_loop_lag_seconds')})", "{{instance}}"),
        ),
    ),
)
TOKENS, PADDING = "polyparse_batch_tokens_total", '{kind="padding"}'
BATCHES = PanelRow(
    "Batches",
    (
        panel("Batches", "cps", (rate("polyparse_batch_sequences_count"), "all")),
        panel(
            "Sequences in a batch",
            "none",
            (mean("polyparse_batch_sequences"), "mean"),
            (quantile(0.95, "polyparse_batch_sequences"), "p95"),
        ),
        panel("Tokens", "cps", (rate(TOKENS, "kind"), "{{kind}}")),
        panel(
            "Share of tokens that is padding",
            "percentunit",
            (f"{rate(TOKENS + PADDING)} / ({rate(TOKENS)} > 0)", "padding"),
        ),
    ),
)
LOAD_SECONDS = "polyparse_swap_load_seconds"
COMPARED, AGREED = "polyparse_shadow_compared_total", "polyparse_shadow_agreed_total"
VERSIONS = PanelRow(
    "Versions, swaps, canary and shadow",
    (
        panel(
            "Versions by state",
            "none",
            (total("polyparse_version_info", "version, state"), "{{version}} {{state}}"),
        ),
        panel(
            "Requests by version",
            "reqps",
            (rate('polyparse_requests_total{outcome="ok"}', "version"), "{{version}}"),
        ),
        panel(
            "Generation that is followed",
            "none",
            (f"max by (job) ({selected('polyparse_swap_generation')})", "{{job}} newest"),
            (f"min by (job) ({selected('polyparse_swap_generation')})", "{{job}} oldest"),
        ),
        panel(
            "Loads and switches since the start",
            "none",
            (total("polyparse_swap_loads_total", "outcome"), "loads {{outcome}}"),
            (total("polyparse_swap_switches_total"), "switches"),
            (total("polyparse_canary_rollbacks_total", "scope"), "rollbacks {{scope}}"),
        ),
        panel(
            "Mean time of a load",
            "s",
            (f"{total(LOAD_SECONDS + '_sum', 'job')} / {total(LOAD_SECONDS + '_count', 'job')}", "{{job}}"),
        ),
        panel(
            "State can be read",
            "bool",
            (f"min by (job) ({selected('polyparse_swap_state_readable')})", "{{job}}"),
        ),
        panel(
            "Shares of candidates",
            "percentunit",
            (f"max by (version) ({selected('polyparse_canary_percent')}) / 100", "canary {{version}}"),
            (f"max by (version) ({selected('polyparse_shadow_share')})", "shadow {{version}}"),
        ),
        panel(
            "Verdicts on the canary",
            "none",
            (total("polyparse_canary_verdict", "version, verdict"), "{{version}} {{verdict}}"),
        ),
        panel(
            "Agreement of the shadow",
            "percentunit",
            (
                share(rate(AGREED, "version, part"), rate(COMPARED, "version"), by="part"),
                "{{version}} {{part}}",
            ),
        ),
        panel(
            "Utterances of the shadow",
            "cps",
            (rate(COMPARED), "compared"),
            (rate("polyparse_shadow_dropped_total", "reason"), "dropped {{reason}}"),
            (f"{rate('polyparse_shadow_failed_total')} or vector(0)", "failed"),
        ),
    ),
)
DRIFT = PanelRow(
    "Drift",
    (
        panel(
            "Share of each locale",
            "percentunit",
            (share(rate(FRAMES, "locale"), rate(FRAMES), by="locale"), "{{locale}}"),
        ),
        panel(
            "Share of each locale, last hour less three days",
            "percentunit",
            (
                f"{selected('polyparse:locales:share_1h')} - {selected('polyparse:locales:share_3d')}",
                "{{job}} {{locale}}",
            ),
        ),
        panel(
            "Share of frames that are refused",
            "percentunit",
            (share(rate(FRAMES + REFUSED, "refused"), rate(FRAMES), by="refused"), "{{refused}}"),
        ),
        panel(
            "Share out of domain",
            "percentunit",
            (selected('polyparse:refused_frames:share_1h{refused="domain"}'), "{{job}} 1h"),
            (selected('polyparse:refused_frames:share_3d{refused="domain"}'), "{{job}} 3d"),
        ),
        panel(
            "Mean confidence",
            "percentunit",
            (selected("polyparse:frame_confidence:mean_1h"), "{{job}} {{locale}} 1h"),
            (selected("polyparse:frame_confidence:mean_3d"), "{{job}} {{locale}} 3d"),
        ),
        panel(
            "Confidence that a tenth of the frames do not reach",
            "percentunit",
            (quantile(0.1, "polyparse_frame_confidence", "locale"), "{{locale}}"),
        ),
        panel(
            "Utterances in languages that are not served",
            "percentunit",
            (selected("polyparse:unknown_locales:ratio_1h"), "{{job}}"),
        ),
    ),
)
PROCESS = PanelRow(
    "Process",
    (
        panel(
            "Processor",
            "short",
            (rate("process_cpu_seconds_total", "instance"), "{{instance}}"),
            about="Cores.",
        ),
        panel("Resident memory", "bytes", (selected("process_resident_memory_bytes"), "{{instance}}")),
        panel(
            "File descriptors in use",
            "percentunit",
            (f"{selected('process_open_fds')} / {selected('process_max_fds')}", "{{instance}}"),
        ),
        panel(
            "Time in garbage collections",
            "percentunit",
            (rate("polyparse_gc_seconds_total", "instance, generation"), "{{instance}} {{generation}}"),
        ),
        panel(
            "Garbage collections",
            "cps",
            (rate("polyparse_gc_collections_total", "generation"), "{{generation}}"),
        ),
        panel(
            "What should not be",
            "none",
            (
                f"sum by (job) (increase({selected('polyparse_log_lines_dropped_total')}[{INTERVAL}]))",
                "{{job}} log lines dropped",
            ),
            (
                f"sum by (job) (increase({selected('polyparse_worker_restarts_total')}[{INTERVAL}]))",
                "{{job}} workers restarted",
            ),
        ),
        panel(
            "Memory of the accelerator",
            "bytes",
            (total("polyparse_accelerator_memory_bytes", "instance, kind"), "{{instance}} {{kind}}"),
        )._replace(cuda_only=True),
        panel(
            "Busy accelerator",
            "percentunit",
            (total("polyparse_accelerator_busy_ratio", "instance"), "{{instance}}"),
        )._replace(cuda_only=True),
    ),
)
ROWS = (TRAFFIC, LATENCY, SATURATION, BATCHES, VERSIONS, DRIFT, PROCESS)
