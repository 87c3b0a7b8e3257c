"""What is found of one system: the columns of the comparison, the leads that polyparse has in them, and the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.result import Target

OURS = "polyparse"
COLUMNS: Mapping[str, bool] = {  # column -> whether more is better
    "exact_match": True,
    "parse_ms": False,
    "requests_per_s": True,
    "rss_mb": False,
    "model_mb": False,
    "train_s": False,
}
TARGETS = {
    "polyparse_exact_match_lead": Target(">=", 0.0),
    "polyparse_parse_ms_lead": Target(">=", 1.0),
    "polyparse_requests_per_s_lead": Target(">=", 1.0),
    "polyparse_rss_mb_lead": Target(">=", 1.0),
    "polyparse_model_mb_lead": Target(">=", 1.0),
}
"""There is none for train_s: time is spent once, so that what answers ever after is small and exact."""


@dataclass(frozen=True)
class Row:
    """One system; a column that it has not is absent, and a note says why."""

    name: str
    title: str
    columns: Mapping[str, float]
    notes: Sequence[str] = ()
    others: Mapping[str, float] = field(default_factory=dict)  # figures that are not compared


def figures(rows: Sequence[Row]) -> dict[str, float]:
    """Every column of every system, and the leads."""
    actual = {
        f"{row.name}_{key}": value
        for row in rows
        for key, value in [*_in_order(row.columns), *row.others.items()]
    }
    return actual | leads(rows)


def leads(rows: Sequence[Row]) -> dict[str, float]:
    """How far polyparse is before the best peer in each column that both have.

    A difference for exact match, and for the others the factor by which it is better: below 1, the peer is.
    """
    (ours,) = (row.columns for row in rows if row.name == OURS)
    actual = {}
    for column, more_is_better in COLUMNS.items():
        theirs = [row.columns[column] for row in rows if row.name != OURS and column in row.columns]
        if not theirs or column not in ours:
            continue
        best, mine = (max if more_is_better else min)(theirs), ours[column]
        factor = mine / best if more_is_better else best / mine
        actual[f"{OURS}_{column}_lead"] = mine - best if column == "exact_match" else factor
    return actual


def targets(actual: Mapping[str, float]) -> dict[str, Target]:
    """The targets of the columns that could be compared."""
    return {key: target for key, target in TARGETS.items() if key in actual}


def table(rows: Sequence[Row]) -> str:
    """The systems side by side in Markdown, and below them what is missing and why."""
    lines = [["system", *COLUMNS], ["---"] * (len(COLUMNS) + 1)]
    lines += [[row.title, *(_shown(column, row.columns.get(column)) for column in COLUMNS)] for row in rows]
    notes = [f"{row.name}: {note}" for row in rows for note in row.notes]
    return "\n".join([*("| " + " | ".join(line) + " |" for line in lines), *notes])


def _in_order(columns: Mapping[str, float]) -> list[tuple[str, float]]:
    return [(column, columns[column]) for column in COLUMNS if column in columns]


def _shown(column: str, value: float | None) -> str:
    if value is None:
        return "none"
    return f"{value:.3f}" if column == "exact_match" else f"{value:,.4g}" if value < 1000 else f"{value:,.0f}"
