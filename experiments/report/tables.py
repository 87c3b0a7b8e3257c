"""The kinds of tables that a study can ask for: one function each, from the study's table and its rows to a sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from experiments.ratios import FIVE
from experiments.report.plots import Curve, curves
from experiments.report.semer_cases import CASES, errors_of
from experiments.report.sheet import MISSING, Sheet, heading, signed, spread, thousandths
from experiments.study import ALL, base_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from experiments.bootstrap import Bootstrap
    from experiments.result_line import ResultLine
    from experiments.rows import RowCounts, Rows
    from experiments.study import Study, StudyTable, TableKind


class TableSource(NamedTuple):
    """What tables are made of; `commands` are the lines of commands by their names."""

    study: Study
    rows: Rows
    bootstrap: Bootstrap
    commands: Mapping[str, ResultLine]

    def counts(self, row: str, table: StudyTable) -> RowCounts:
        """A row as the table wants it."""
        counts = self.rows.counts(row, table.view)
        return (
            counts.only([locale for locale in table.locales if locale in counts.of])
            if table.locales
            else counts
        )

    def name_of(self, row: str) -> str:
        """A row's name with its title and decoder."""
        name, decoder = base_of(row)
        title = self.study.rows[name].title
        return " ".join(filter(None, (name, title and f"– {title}", decoder and f"(decoded by {decoder})")))


def sheet_of(table: StudyTable, source: TableSource) -> Sheet:
    """The sheet of a table, with a word about its view."""
    sheet = KINDS[table.kind](table, source)
    notes = [
        table.note,
        f"Of the utterances of the view “{table.view}”." if table.view != ALL else "",
        sheet.note,
    ]
    return sheet._replace(note=" ".join(filter(None, notes)))


def relative(table: StudyTable, source: TableSource) -> Sheet:
    """Every measure of each locale as a ratio to the baseline's, as Tan & Golovneva print them; and the mean's interval."""
    base = source.counts(table.baseline or table.rows[0], table)
    measures, locales = table.measures or FIVE, table.locales or tuple(base.of)
    last = measures[-1]
    rows = []
    for row in table.rows:
        counts = source.counts(row, table)
        cells = [_ratios(counts, base, locale, measures, source) for locale in locales]
        shared = [locale for locale in locales if locale in counts.of and locale in base.of]
        whole = MISSING
        if shared:
            found = source.bootstrap.relative(counts.only(shared), base.only(shared), last)
            whole = f"{thousandths(found.value)} [{thousandths(found.low)}, {thousandths(found.high)}]"
        rows.append([source.name_of(row), str(len(counts.seeds)), *cells, whole])
    cell = " / ".join(map(heading, measures))
    header = ["row", "seeds", *locales, f"{heading(last)}, mean of its locales [95 %]"]
    name = source.name_of(table.baseline or table.rows[0])
    return Sheet(table.title, header, rows, f"Each cell: {cell}, as ratios to row {name}, which is 1.")


def absolute(table: StudyTable, source: TableSource) -> Sheet:
    """Means and standard deviations over seeds, a line for each row and locale."""
    measures = table.measures or FIVE
    rows = []
    for row in table.rows:
        counts = source.counts(row, table)
        places = [*counts.of, *(["mean"] if len(counts.of) > 1 else [])] or [MISSING]
        for place in places:
            of = counts if place in {"mean", MISSING} else counts.only([place])
            rows.append(
                [
                    source.name_of(row),
                    place,
                    str(len(counts.seeds)),
                    *(_cell(of, one, source) for one in measures),
                ]
            )
    return Sheet(
        table.title, ["row", "locale", "seeds", *map(heading, measures)], rows, "In hundredths, ± over seeds."
    )


def pairs(table: StudyTable, source: TableSource) -> Sheet:
    """The change of every measure from one row to another in percent, as the paper's table of pairs has it."""
    measures = table.measures or FIVE
    rows = []
    for row, than in table.pairs:
        counts, base = source.counts(row, table), source.counts(than, table)
        for locale in (
            locale for locale in table.locales or counts.of if locale in counts.of and locale in base.of
        ):
            one, other = counts.only([locale]), base.only([locale])
            changes = (source.bootstrap.relative(one, other, measure).value - 1 for measure in measures)
            rows.append([f"{row} v {than}", locale, *map(signed, changes)])
    return Sheet(table.title, ["pair", "locale", *map(heading, measures)], rows, "Change in percent.")


def grid(table: StudyTable, source: TableSource) -> Sheet:
    """One measure with rows down and across, such as encoders and heads."""
    (measure,) = table.measures or ("slot_f1",)
    rows = [
        [
            down,
            *(
                _cell(source.counts(f"{down}{table.join}{across}", table), measure, source)
                for across in table.across
            ),
        ]
        for down in table.down
    ]
    return Sheet(table.title, ["", *table.across], rows, f"{heading(measure)} in hundredths, ± over seeds.")


def label_rates(table: StudyTable, source: TableSource) -> Sheet:
    """A measure over a number such as the label rate, and its plot with a band from the least to the largest seed."""
    (measure,) = table.measures or ("slot_f1",)
    rows, drawn = [], []
    for name, of_series in table.series.items():
        all_counts = [source.counts(row, table) for row in of_series]
        rows.append([name, *(_cell(counts, measure, source) for counts in all_counts)])
        known = [(x, counts) for x, counts in zip(table.x, all_counts, strict=True) if counts.of]
        of_seeds = [100 * source.bootstrap.of_seeds(counts, measure) for _, counts in known]
        if known:
            means, lows, highs = ([float(f(of)) for of in of_seeds] for f in (np.mean, np.min, np.max))
            drawn.append(Curve(name, [x for x, _ in known], means, lows, highs))
    slug = "plot-" + "".join(char if char.isalnum() else "-" for char in table.title.lower())
    plot = curves(slug, drawn, x_label="label rate", y_label=heading(measure)) if drawn else None
    header = ["", *(f"{x:g}" for x in table.x)]
    return Sheet(table.title, header, rows, f"{heading(measure)} in hundredths, ± over seeds.", plot)


def gates(table: StudyTable, source: TableSource) -> Sheet:
    """Mean weights of each gate over the sources, by the language of the text, averaged over seeds."""
    rows, names = [], list[str]()
    for row in table.rows:
        lines = [line for line in source.rows.lines_of(row) if line.gates]
        if not lines:
            rows.append([source.name_of(row), MISSING, MISSING])
            continue
        names = list(lines[0].gates_of)
        for gate, by_language in (lines[0].gates or {}).items():
            for language in by_language:
                weights = [(line.gates or {})[gate][language] for line in lines]
                means = [_mean(column) for column in zip(*weights, strict=True)]
                rows.append([source.name_of(row), gate, language, *(f"{mean:.3f}" for mean in means)])
    return Sheet(table.title, ["row", "gate", "language of the text", *names], rows)


def times(table: StudyTable, source: TableSource) -> Sheet:
    """Processor time of parsing the whole test, relative to the baseline's; and of training."""
    base = _seconds(table.baseline or table.rows[0], source)
    rows = []
    for row in table.rows:
        lines, seconds = source.rows.lines_of(row), _seconds(row, source)
        trained = _mean([line.train_cpu_s or 0.0 for line in lines]) if lines else None
        ratio = MISSING if seconds is None or base is None else f"{seconds / base:.2f}"
        size = MISSING if not lines else f"{sum(line.parameters or 0 for line in lines) // len(lines):,}"
        shown = [MISSING if value is None else f"{value:.1f}" for value in (seconds, trained)]
        rows.append([source.name_of(row), ratio, *shown, size])
    header = ["row", "relative run time", "parsing the test, s", "training a run, s", "parameters of a run"]
    note = (
        "Processor seconds of one thread beside another run, means over runs and seeds. Each run parses the whole test of"
        " its part, also those of a row that has a run for each locale."
    )
    return Sheet(table.title, header, rows, note)


def figures(table: StudyTable, source: TableSource) -> Sheet:
    """What commands have measured, as they call it: a figure a line, or `across` a command's line."""
    rows = []
    for name in table.commands:
        line = source.commands.get(name)
        found = line.figures if line else {}
        if table.across:
            rows.append([name, *(f"{found[key]:.4g}" if key in found else MISSING for key in table.across)])
            continue
        rows += [[name, key, f"{value:g}"] for key, value in found.items()] or [[name, MISSING, MISSING]]
    return Sheet(table.title, ["command", *(table.across or ("figure", "value"))], rows)


def semer(table: StudyTable, _source: TableSource) -> Sheet:
    """The hand cases: errors and reference as they should be, and as the scorer counts them."""
    rows = []
    for case in CASES:
        found = errors_of(case)
        expected = (case.errors, case.reference)
        rows.append(
            [case.says, *(f"{a}/{b}" for a, b in (expected, found)), "yes" if expected == found else "NO"]
        )
    return Sheet(table.title, ["case", "by hand", "scored", "the same"], rows)


KINDS: Mapping[TableKind, Callable[[StudyTable, TableSource], Sheet]] = {
    "relative": relative,
    "absolute": absolute,
    "pairs": pairs,
    "grid": grid,
    "curves": label_rates,
    "gates": gates,
    "times": times,
    "figures": figures,
    "semer": semer,
}


def _cell(counts: RowCounts, measure: str, source: TableSource) -> str:
    if not counts.of:
        return MISSING
    found = source.bootstrap.of_seeds(counts, measure)
    sd = float(found.std(ddof=1)) if len(found) > 1 else 0.0
    return spread(float(found.mean()), sd, len(found))


def _ratios(
    counts: RowCounts, base: RowCounts, locale: str, measures: Sequence[str], source: TableSource
) -> str:
    if locale not in counts.of or locale not in base.of:
        return MISSING
    one, other = (of.only([locale]) for of in (counts, base))
    means = ((source.bootstrap.of_seeds(of, measure).mean() for of in (one, other)) for measure in measures)
    return " / ".join(thousandths(float(value / by)) if by else MISSING for value, by in means)


def _seconds(row: str, source: TableSource) -> float | None:
    """Of parsing the test, the mean over runs and seeds."""
    known = [line.parse_cpu_s for line in source.rows.lines_of(row) if line.parse_cpu_s is not None]
    return _mean(known) if known else None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
