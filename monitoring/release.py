"""Rules about versions: loads and the state that is followed, canaries, shadows."""

from monitoring.rule import Alert, Record, RuleGroup

SHADOW = "sum by (job, version) (increase(polyparse_shadow_{counter}[30m]))"
COMPARED = SHADOW.format(counter="compared_total")
AGREED = SHADOW.format(counter='agreed_total{part="frame"}')
RECORDS = (Record("polyparse:shadow_disagreement:ratio_30m", f"1 - {AGREED} / ({COMPARED} >= 100)"),)
ALERTS = (
    Alert(
        "PolyparseVersionFails",
        'max by (job, version) (polyparse_version_info{state="failed"}) > 0',
        "ticket",
        "{{ $labels.job }} refuses version {{ $labels.version }}",
        "The state wishes for a version that does not load. What served before goes on.",
        "1m",
    ),
    Alert(
        "PolyparseStateUnreadable",
        "min by (job) (polyparse_swap_state_readable) == 0",
        "ticket",
        "{{ $labels.job }} cannot read its state",
        "At least one process follows the last good state: it does not see a promote or a rollback.",
        "2m",
    ),
    Alert(
        "PolyparseGenerationsDiffer",
        "max by (job) (polyparse_swap_generation) - min by (job) (polyparse_swap_generation) > 0",
        "ticket",
        "Processes of {{ $labels.job }} follow different states",
        "They are {{ $value }} edits of the state apart: callers may get answers of several versions.",
        "5m",
    ),
    Alert(
        "PolyparseCanaryUnhealthy",
        'max by (job, version) (polyparse_canary_verdict{verdict="unhealthy"}) > 0',
        "page",
        "Canary {{ $labels.version }} of {{ $labels.job }} does harm",
        "It fails more, or is slower, than the stable version, and still stands in the state.",
        "1m",
    ),
    Alert(
        "PolyparseCanaryRolledBack",
        "sum by (job, scope) (increase(polyparse_canary_rollbacks_total[1h])) > 0",
        "ticket",
        "A canary of {{ $labels.job }} was stopped by itself ({{ $labels.scope }})",
        "It was found unhealthy within the last hour; the history of the state has the figures.",
    ),
    Alert(
        "PolyparseShadowDisagrees",
        "polyparse:shadow_disagreement:ratio_30m > 0.1",
        "ticket",
        "Shadow {{ $labels.version }} of {{ $labels.job }} disagrees",
        "It gives another frame for {{ $value | humanizePercentage }} of at least 100 utterances.",
        "10m",
    ),
)
GROUPS = (RuleGroup("polyparse-release", RECORDS), RuleGroup("polyparse-release-alerts", ALERTS))
