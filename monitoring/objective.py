"""The service level objective as rules: what is bad of the requests to /parse, and how fast the error budget goes.

A request is bad for `availability` if the service refused it or failed, and for `latency` if it ended in another way, but
later than the objective allows. Long windows are made of the recorded rates, so that they cost the same with many pods.
"""

from typing import NamedTuple

from loadtest.slo import Slo
from monitoring.rule import Alert, Record, RuleGroup, Severity

COUNT = "polyparse_request_seconds_count"
BUCKET = "polyparse_request_seconds_bucket"
PARSE = 'endpoint="parse"'
BAD = 'outcome=~"refused|failed"'
IN_TIME = 'outcome!~"refused|failed"'
LONG_WINDOWS = ("30m", "1h", "6h", "3d")
TOTAL = "polyparse:slo_requests:rate5m"


class Burn(NamedTuple):
    """An alert: the budget of 30 days goes `factor` times too fast, over a long window and still over a short one."""

    name: str
    long: str
    short: str
    factor: float
    severity: Severity
    spent: str


BURNS = (
    Burn("PolyparseErrorBudgetBurnsFast", "1h", "5m", 14.4, "page", "2 % of the month's budget in an hour"),
    Burn("PolyparseErrorBudgetBurnsSlowly", "6h", "30m", 6, "page", "5 % of the month's budget in six hours"),
    Burn("PolyparseErrorBudgetLeaks", "3d", "6h", 1, "ticket", "10 % of the month's budget in three days"),
)


def groups(slo: Slo) -> tuple[RuleGroup, ...]:
    """Records and alerts of an objective."""
    return (
        RuleGroup("polyparse-latency", QUANTILES),
        RuleGroup("polyparse-slo", (*_rates(slo), *_ratios(), *_burn_rates(slo))),
        RuleGroup("polyparse-slo-alerts", (*(_alert(burn) for burn in BURNS), _p99(slo))),
    )


def _seconds(value_ms: float) -> str:
    """A bucket's bound as Prometheus' client writes it."""
    return repr(value_ms / 1000)


def _quantile(name: str, share: float) -> Record:
    rates = f'sum by (job, endpoint, le) (rate({BUCKET}{{outcome="ok"}}[5m]))'
    return Record(f"polyparse:request_seconds:{name}_5m", f"histogram_quantile({share}, {rates})")


QUANTILES = (
    Record("polyparse:requests:rate5m", f"sum by (job, endpoint, outcome) (rate({COUNT}[5m]))"),
    _quantile("p50", 0.5),
    _quantile("p99", 0.99),
)


def _rates(slo: Slo) -> tuple[Record, ...]:
    def rate(selected: str) -> str:
        return f"sum by (job) (rate({selected}[5m]))"

    ended, in_time = (
        f"{COUNT}{{{PARSE},{IN_TIME}}}",
        f'{BUCKET}{{{PARSE},{IN_TIME},le="{_seconds(slo.in_time_ms)}"}}',
    )
    bad = {"availability": rate(f"{COUNT}{{{PARSE},{BAD}}}"), "latency": f"{rate(ended)} - {rate(in_time)}"}
    return (
        Record(TOTAL, rate(f"{COUNT}{{{PARSE}}}")),
        *(
            Record("polyparse:slo_bad:rate5m", f"{expr} or 0 * {TOTAL}", {"sli": sli})
            for sli, expr in bad.items()
        ),
    )


def _ratios() -> tuple[Record, ...]:
    over = {"5m": ("polyparse:slo_bad:rate5m", TOTAL)} | {
        window: (f"sum_over_time(polyparse:slo_bad:rate5m[{window}])", f"sum_over_time({TOTAL}[{window}])")
        for window in LONG_WINDOWS
    }
    return tuple(
        Record(f"polyparse:slo_bad:ratio_{window}", f"{bad} / ignoring (sli) group_left () ({total} > 0)")
        for window, (bad, total) in over.items()
    )


def _burn_rates(slo: Slo) -> tuple[Record, ...]:
    budget = f"{1 - slo.good_share:.6g}"
    return tuple(
        Record(
            f"polyparse:slo_burn:rate_{window}", f"sum by (job) (polyparse:slo_bad:ratio_{window}) / {budget}"
        )
        for window in ("5m", *LONG_WINDOWS)
    )


def _alert(burn: Burn) -> Alert:
    conditions = (f"polyparse:slo_burn:rate_{window} > {burn.factor:g}" for window in (burn.long, burn.short))
    return Alert(
        burn.name,
        " and ".join(conditions),
        burn.severity,
        f"The error budget of {{{{ $labels.job }}}} burns more than {burn.factor:g} times too fast",
        f"Requests to /parse that were refused, failed or came too late use up the error budget {{{{ $value | humanize"
        f" }}}} times too fast over {burn.long}, and over {burn.short} it is no better: {burn.spent}.",
        "2m",
    )


def _p99(slo: Slo) -> Alert:
    answered = f'{PARSE},outcome="ok"'
    in_time = f'sum by (job) (rate({BUCKET}{{{answered},le="{_seconds(slo.p99_ms)}"}}[30m]))'
    return Alert(
        "PolyparseLatencyHigh",
        f"1 - {in_time} / (sum by (job) (rate({COUNT}{{{answered}}}[30m])) > 0) > 0.01",
        "ticket",
        f"p99 of {{{{ $labels.job }}}} is above {slo.p99_ms:g} ms",
        f"{{{{ $value | humanizePercentage }}}} of the answers of /parse took more than {slo.p99_ms:g} ms over 30m;"
        " 1 % may.",
        "10m",
    )
