"""A study as its TOML file has it: parts that train the runs of plans, rows of tables made of runs, claims about rows.

    title = "..."                                   seeds = [1, 2, 3]
    [corpora]      massive = "massive"              name = format ("vec" for a file of vectors); its place is an option
    [parts.NAME]   plan = "../plans/x.toml"         trained on `corpus`, with the settings of the profile, once for each seed
    [rows.NAME]    run = "PART/RUN"                 or runs = { "en-US" = "PART/RUN", ... }, a run for each locale
    [[tables]]     kind = "relative"                what is shown; `experiments.report` has the kinds
    [[claims]]     row = "4", than = "3"            a difference asked about; p of all claims are corrected together

Paths of plans are relative to the study's file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from experiments.ratios import RATIOS
from polyparse.corpora.read import READERS
from polyparse.errors import ConfigError
from polyparse.schema import structure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Profile = Literal["small", "paper"]
PROFILES: tuple[Profile, ...] = ("small", "paper")
FILES = ("vec",)
"""What a study may read besides corpora: word vectors."""
ALL = "all"
"""The view that leaves no utterance out."""
TableKind = Literal["relative", "absolute", "pairs", "grid", "curves", "gates", "times", "figures", "semer"]


@dataclass(frozen=True, kw_only=True)
class MeasuredOn:
    """What the runs of a part are measured on: a partition, of the part's corpus where no other one is named.

    `decoders` also decodes by the inferences that a head was not trained for. `unknown_to` names runs of the plan, for each
    of which there is a view of the utterances that have a label which that run never saw.
    """

    partition: Literal["dev", "test"] = "dev"
    corpus: str | None = None
    locales: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    decoders: bool = False
    unknown_to: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StudyPart:
    """Runs of one plan, or of one plan for each profile. By profile, `set` has settings, `seeds` others than the study's.

    `also` names the corpora of other tasks of the plan's runs, where they are not the part's. `files` are names among the
    corpora; "{NAME}" in a setting stands for the path of one. `profiles` are those that have the part.
    """

    plan: str | Mapping[str, str]
    corpus: str
    locales: tuple[str, ...] = ()
    measured: MeasuredOn = MeasuredOn()
    set: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seeds: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    also: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    profiles: tuple[Profile, ...] = PROFILES

    def plan_of(self, profile: Profile) -> str:
        """The plan of a profile."""
        return self.plan if isinstance(self.plan, str) else self.plan[profile]

    def needs(self) -> frozenset[str]:
        """The names of all corpora and files that it reads."""
        on = [self.measured.corpus] if self.measured.corpus else []
        return frozenset((self.corpus, *on, *self.also.values(), *self.files))


@dataclass(frozen=True, kw_only=True)
class StudyCommand:
    """A measurement that is no run: `python` with each of these lists of arguments, one after the other.

    In arguments "{json}" stands for a file that they write figures to, as JSON; "{folder}" for an empty folder that they
    share; "{NAME}" for the FORMAT:PATH of a corpus. `code` are the folders that they run, besides what training reads;
    `corpora` are those that they read.
    """

    run: tuple[tuple[str, ...], ...]
    code: tuple[str, ...] = ()
    corpora: tuple[str, ...] = ()
    profiles: tuple[Profile, ...] = PROFILES


@dataclass(frozen=True, kw_only=True)
class StudyRow:
    """A row of tables: one run, or a run for each locale. Runs are "PART/RUN"."""

    title: str = ""
    run: str | None = None
    runs: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.run is None) == (not self.runs):
            raise ConfigError("found both or neither of run and runs, expected one of them")

    @property
    def all_runs(self) -> tuple[str, ...]:
        """Every run that the row is made of."""
        return (self.run,) if self.run else tuple(self.runs.values())


@dataclass(frozen=True, kw_only=True)
class StudyTable:
    """A table or a plot. Which entries count depends on the kind; "ROW@DECODER" is a row decoded by another inference.

    relative, times   rows, each by the `baseline`            absolute, gates   rows
    pairs             `pairs` of rows, the change from the second one to the first
    grid              a row "{down}{join}{across}" in each cell
    curves            `series` of rows over the numbers `x`
    figures           what `commands` have found, the ones named `across` or all
    semer             hand cases, without runs
    """

    kind: TableKind
    title: str
    note: str = ""
    rows: tuple[str, ...] = ()
    baseline: str | None = None
    measures: tuple[str, ...] = ()
    locales: tuple[str, ...] = ()
    view: str = ALL
    pairs: tuple[tuple[str, str], ...] = ()
    down: tuple[str, ...] = ()
    across: tuple[str, ...] = ()
    join: str = "-"
    x: tuple[float, ...] = ()
    series: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    commands: tuple[str, ...] = ()

    @property
    def all_rows(self) -> tuple[str, ...]:
        """Every row that the table needs, with its decoder."""
        grid = (f"{down}{self.join}{across}" for down in self.down for across in self.across)
        of_pairs = (row for pair in self.pairs for row in pair)
        of_series = (row for rows in self.series.values() for row in rows)
        baseline = [self.baseline] if self.baseline else []
        return tuple(dict.fromkeys([*self.rows, *baseline, *of_pairs, *grid, *of_series]))


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A difference asked about: of a measure between a row and another one, in the mean of the locales or in each apart."""

    row: str
    than: str
    measures: tuple[str, ...]
    locales: tuple[str, ...] = ()
    each_locale: bool = False
    view: str = ALL


@dataclass(frozen=True, kw_only=True)
class Study:
    """A whole study; `says` has what it cannot tell, whatever it finds."""

    title: str
    paper: str = ""
    says: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (1, 2, 3)
    corpora: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, StudyPart] = field(default_factory=dict)
    commands: Mapping[str, StudyCommand] = field(default_factory=dict)
    rows: Mapping[str, StudyRow] = field(default_factory=dict)
    tables: tuple[StudyTable, ...] = ()
    claims: tuple[Claim, ...] = ()

    def seeds_of(self, part: str, profile: Profile) -> tuple[int, ...]:
        """The seeds of a part in a profile."""
        return self.parts[part].seeds.get(profile, self.seeds)

    def runs_of(self, part: str) -> set[str]:
        """The runs of a part that rows are made of: those that are measured."""
        named = (run.partition("/") for row in self.rows.values() for run in row.all_runs)
        return {run for of, _, run in named if of == part}


class NameInStudy(NamedTuple):
    """A name in a study's file, where it stands, and the names that there are."""

    place: str
    name: str
    known: Iterable[str]


def read_study(path: Path) -> Study:
    """The study of a file.

    Raises:
        ConfigError: there is no such file, it is no study, or it names what it does not have.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: found no study ({error}), expected TOML") from error
    study = structure(Study, data, where=str(path))
    for place, name, known in _references(study):
        if name not in known:
            expected = ", ".join(map(str, known)) or "none"
            raise ConfigError(f"{path}: {place}: found {name!r}, expected one of {expected}")
    return study


def base_of(row: str) -> tuple[str, str]:
    """ "ROW@DECODER" as the row and the decoder, "" for the one that it was trained for."""
    name, _, decoder = row.partition("@")
    return name, decoder


def _references(study: Study) -> Iterator[NameInStudy]:
    """Everything that the study names."""
    for name, format_ in study.corpora.items():
        yield NameInStudy(f"corpora.{name}", format_, (*READERS, *FILES))
    for name, part in study.parts.items():
        yield from _of_part(f"parts.{name}", part, study)
    for name, command in study.commands.items():
        yield from _each(f"commands.{name}.corpora", command.corpora, study.corpora)
    for name, row in study.rows.items():
        yield from _each(f"rows.{name}", (run.partition("/")[0] for run in row.all_runs), study.parts)
    for table in study.tables:
        place = f"tables ({table.title})"
        yield from _of_rows(place, table.all_rows, table.measures, study)
        yield from _each(f"{place}.commands", table.commands, study.commands)
    for claim in study.claims:
        yield from _of_rows("claims", (claim.row, claim.than), claim.measures, study)


def _of_part(place: str, part: StudyPart, study: Study) -> Iterator[NameInStudy]:
    yield from _each(place, sorted(part.needs()), study.corpora)
    yield from _each(place, (*part.set, *part.seeds), PROFILES)
    if not isinstance(part.plan, str):
        yield from _each(f"{place}.plan", part.profiles, part.plan)


def _of_rows(place: str, rows: Iterable[str], measures: Iterable[str], study: Study) -> Iterator[NameInStudy]:
    yield from _each(place, (base_of(row)[0] for row in rows), study.rows)
    yield from _each(place, measures, RATIOS)


def _each(place: str, names: Iterable[str], known: Iterable[str]) -> Iterator[NameInStudy]:
    return (NameInStudy(place, name, known) for name in names)
