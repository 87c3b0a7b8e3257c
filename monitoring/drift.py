"""Rules about what callers say: the last hour is compared with the last three days, for languages and for domains."""

from monitoring.rule import Alert, Record, RuleGroup

FRAMES = "polyparse:frames:rate5m"
ENOUGH = "and on (job) polyparse:frames:increase_1h >= 500"
"""A share of fewer frames says little."""


def _shares(window: str) -> tuple[Record, ...]:
    """Shares and means over a window, made of the recorded rates."""
    locales = f"sum by (job, locale) (sum_over_time({FRAMES}[{window}]))"
    refused = f"sum by (job, refused) (sum_over_time({FRAMES}[{window}]))"
    all_of_them = f"(sum by (job) (sum_over_time({FRAMES}[{window}])) > 0)"
    confidence = f"sum_over_time(polyparse:frame_confidence_sum:rate5m[{window}])"
    count = f"(sum_over_time(polyparse:frame_confidence_count:rate5m[{window}]) > 0)"
    return (
        Record(f"polyparse:locales:share_{window}", f"{locales} / on (job) group_left () {all_of_them}"),
        Record(
            f"polyparse:refused_frames:share_{window}", f"{refused} / on (job) group_left () {all_of_them}"
        ),
        Record(f"polyparse:frame_confidence:mean_{window}", f"{confidence} / {count}"),
    )


RECORDS = (
    Record(FRAMES, "sum by (job, locale, refused) (rate(polyparse_frames_total[5m]))"),
    Record("polyparse:frames:increase_1h", "sum by (job) (increase(polyparse_frames_total[1h]))"),
    *(
        Record(
            f"polyparse:frame_confidence_{part}:rate5m",
            f"sum by (job, locale) (rate(polyparse_frame_confidence_{part}[5m]))",
        )
        for part in ("sum", "count")
    ),
    *_shares("1h"),
    *_shares("3d"),
    Record(
        "polyparse:unknown_locales:ratio_1h",
        'sum by (job) (rate(polyparse_utterances_total{outcome="unknown_locale"}[1h]))'
        " / (sum by (job) (rate(polyparse_utterances_total[1h])) > 0)",
    ),
)
MOVED = "abs((polyparse:locales:share_1h or 0 * polyparse:locales:share_3d) - polyparse:locales:share_3d)"
DOMAIN = 'polyparse:refused_frames:share_{window}{{refused="domain"}}'
RECENT, BEFORE = DOMAIN.format(window="1h"), DOMAIN.format(window="3d")
ALERTS = (
    Alert(
        "PolyparseLanguageMixShifts",
        f"sum by (job) ({MOVED}) / 2 > 0.2 {ENOUGH}",
        "ticket",
        "Callers of {{ $labels.job }} speak other languages than before",
        "{{ $value | humanizePercentage }} of the frames of the last hour moved to another locale, compared with three"
        " days.",
        "30m",
    ),
    Alert(
        "PolyparseUnknownLanguages",
        "polyparse:unknown_locales:ratio_1h > 0.05"
        ' or polyparse:refused_frames:share_1h{refused="language"} > 0.05',
        "ticket",
        "Callers of {{ $labels.job }} speak languages that it does not serve",
        "{{ $value | humanizePercentage }} of what came in the last hour is in a language that no version serves.",
        "30m",
    ),
    Alert(
        "PolyparseOutOfDomainRises",
        f"{RECENT} > 0.02 and {RECENT} > 3 * {BEFORE} {ENOUGH}",
        "ticket",
        "Callers of {{ $labels.job }} say what no domain covers",
        "{{ $value | humanizePercentage }} of the frames of the last hour were refused as out of domain: more than three"
        " times the share of three days.",
        "30m",
    ),
    Alert(
        "PolyparseConfidenceFalls",
        f"polyparse:frame_confidence:mean_3d - polyparse:frame_confidence:mean_1h > 0.1 {ENOUGH}",
        "ticket",
        "Frames in {{ $labels.locale }} of {{ $labels.job }} are less sure than before",
        "The mean confidence of the last hour is {{ $value | humanize }} below that of three days.",
        "30m",
    ),
)
GROUPS = (RuleGroup("polyparse-drift", RECORDS), RuleGroup("polyparse-drift-alerts", ALERTS))
