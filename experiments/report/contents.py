"""What a study's results say, as sheets: its tables, its claims with corrected p, and what the data cannot tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from experiments.bootstrap import DRAWS, LEVEL, Bootstrap, Difference, holm
from experiments.ratios import RATIOS
from experiments.report.sheet import Sheet, StudyReport, heading, percent, signed
from experiments.report.tables import TableSource, sheet_of
from experiments.result_line import check_one_code
from experiments.rows import Rows
from experiments.study import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from experiments.result_line import ResultLine, ResultsFile
    from experiments.study import Claim, Profile, Study

COMMANDS = "commands"
CLAIMS = ["claim", "measure", "on", "seeds", "difference", "95 %", "p", "p, corrected", "what the data say"]


class Judged(NamedTuple):
    """A claim about one measure in one place, and what was found; `seeds` are those of both rows."""

    claim: Claim
    measure: str
    place: str
    seeds: tuple[int, int]
    found: Difference


def contents_of(
    study: Study, path: Path, profile: Profile, results: ResultsFile, *, draws: int = DRAWS
) -> StudyReport:
    """The report of a study from its result lines.

    Raises:
        ConfigError: its lines are of several commits, of changed code, or of rows that cannot be compared.
    """
    lines = results.lines()
    check_one_code(lines, where=str(results.path))
    runs = [line for line in lines if line.part != COMMANDS]
    commands = {line.run: line for line in lines if line.part == COMMANDS}
    source = TableSource(study, Rows(study, runs, results), Bootstrap(draws), commands)
    sheets = [sheet_of(table, source) for table in study.tables]
    judged = list(judge(source))
    if judged:
        sheets.append(_claims(judged, source.bootstrap.draws))
    return StudyReport(
        study.title,
        study.paper,
        _facts(study, profile, lines),
        sheets,
        [*study.says, *_limits(judged)],
        _commands(study, path, profile),
    )


def judge(source: TableSource) -> Iterator[Judged]:
    """Every claim of the study whose rows are measured, a measure and a place at a time."""
    for claim in source.study.claims:
        row, than = (source.rows.counts(name, claim.view) for name in (claim.row, claim.than))
        shared = [locale for locale in row.of if locale in than.of]
        locales = [locale for locale in claim.locales or shared if locale in shared]
        if not locales:
            continue
        places = [[locale] for locale in locales] if claim.each_locale else [locales]
        for measure in claim.measures:
            for place in places:
                one, other = row.only(place), than.only(place)
                found = source.bootstrap.difference(one, other, measure)
                yield Judged(claim, measure, _named(place, claim), (len(row.seeds), len(than.seeds)), found)


def _named(place: list[str], claim: Claim) -> str:
    where = place[0] if len(place) == 1 else f"mean of {', '.join(place)}"
    return where if claim.view == ALL else f"{where}; {claim.view}"


def _claims(judged: list[Judged], draws: int) -> Sheet:
    corrected = holm([one.found.p for one in judged])
    rows = []
    for one, p in zip(judged, corrected, strict=True):
        found = one.found
        rows.append(
            [
                f"{one.claim.row} v {one.claim.than}",
                heading(one.measure),
                one.place,
                "/".join(map(str, one.seeds)),
                signed(found.value),
                f"[{signed(found.low)}, {signed(found.high)}]",
                _p(found.p),
                _p(p),
                _verdict(one, p),
            ]
        )
    note = (
        f"Differences in points (hundredths) by a paired bootstrap of {draws:,} draws of ids and seeds; p is two-sided, and"
        f" corrected for {len(judged)} claims after Holm."
    )
    return Sheet("Claimed differences", CLAIMS, rows, note)


def _verdict(one: Judged, p: float) -> str:
    if one.found.value != one.found.value:
        return "nothing to measure"
    if p >= LEVEL:
        return f"cannot be told from chance; about {percent(one.found.resolution)} points would be needed"
    is_rate = RATIOS[one.measure].is_rate
    return "better" if (one.found.value < 0) == is_rate else "worse"


def _limits(judged: list[Judged]) -> Iterator[str]:
    """What all of the study's claims have in common."""
    widths: dict[str, list[float]] = {}
    for one in judged:
        widths.setdefault(one.measure, []).append(one.found.resolution)
    for measure, found in widths.items():
        low, high = percent(min(found)), percent(max(found))
        yield (
            f"{heading(measure)}: half of a 95 % interval is {low} to {high} points wide. Smaller differences, whichever way"
            " they point, are not told from chance here."
        )
    if judged and min(min(one.seeds) for one in judged) < 2:
        yield "Some rows have one seed: their intervals leave out what another seed would change."


def _facts(study: Study, profile: Profile, lines: list[ResultLine]) -> dict[str, str]:
    """What a reader must know of where the figures come from, missing runs included."""
    have = {(line.part, line.run, line.seed) for line in lines}
    missing = [
        f"{part}/{run} seed {seed}"
        for part, of in study.parts.items()
        if profile in of.profiles
        for run in sorted(study.runs_of(part))
        for seed in study.seeds_of(part, profile)
        if (part, run, seed) not in have
    ]
    missing += [
        name
        for name, of in study.commands.items()
        if profile in of.profiles and (COMMANDS, name, 0) not in have
    ]
    commits = dict.fromkeys(line.code.commit for line in lines)
    libraries = dict.fromkeys(f"{name} {of}" for line in lines for name, of in line.libraries.items())
    seconds = sum(line.train_cpu_s or 0.0 for line in lines)
    facts = {
        "Profile": profile,
        "Results": f"{len(lines)} lines" if lines else "none yet",
        "Code": ", ".join(commits),
        "Libraries": ", ".join(libraries),
        "Training": f"{seconds / 60:.0f} core minutes of the measured runs" if lines else "",
        "Not there": ", ".join(missing),
    }
    return {name: fact for name, fact in facts.items() if fact}


def _commands(study: Study, path: Path, profile: Profile) -> list[str]:
    corpora = " ".join(f"--corpus {name}={form}:PATH" for name, form in study.corpora.items())
    where = f"{path.parent.name}/{path.name}"
    run = " ".join(filter(None, (f"polyparse experiments run {where} --profile {profile}", corpora)))
    report = f"polyparse experiments report {where} --profile {profile} --out DIR"
    return [*([run] if study.parts or study.commands else []), report]


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
