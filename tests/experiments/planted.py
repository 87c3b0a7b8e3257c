"""Result lines and outcomes made by hand: which utterances a row gets right is planted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experiments.code_version import CodeVersion
from experiments.outcomes import UtteranceOutcomes
from experiments.ratios import COLUMNS
from experiments.result_line import ResultLine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from experiments.result_line import ResultsFile

CODE = CodeVersion("c" * 40, "f" * 64, is_dirty=False)
PATHS = ("train",)


def counts_of(right_U: Sequence[bool]) -> NDArray[np.uint16]:
    """counts_UC of utterances with an intent and one slot each, of which some have everything right."""
    counts = np.zeros((len(right_U), len(COLUMNS)), dtype=np.uint16)
    right = np.array(right_U, dtype=np.uint16)
    for column in COLUMNS:
        place = COLUMNS.index(column)
        if column.endswith("_right"):
            counts[:, place] = right
        elif column == "semer_errors":
            counts[:, place] = 2 * (1 - right)
        else:
            counts[:, place] = 2 if column == "semer_reference" else 1
    return counts


def outcomes_of(
    right: Mapping[str, Sequence[bool]], flags: Mapping[str, Sequence[bool]] | None = None
) -> UtteranceOutcomes:
    """Of locales with so many utterances; ids are shared over locales."""
    return UtteranceOutcomes(
        [locale for locale, of in right.items() for _ in of],
        [str(number) for of in right.values() for number in range(len(of))],
        {"": np.concatenate([counts_of(of) for of in right.values()])},
        {name: np.array(of, dtype=np.bool_) for name, of in (flags or {}).items()},
    )


def put_line(
    results: ResultsFile,
    run: str,
    seed: int,
    outcomes: UtteranceOutcomes,
    *,
    code: CodeVersion = CODE,
    hash_: str = "",
) -> ResultLine:
    """Write a line of the part "main" with these outcomes."""
    name = hash_ or f"{run}{seed}".encode().hex().ljust(64, "0")
    line = ResultLine(
        study="tiny",
        profile="small",
        part="main",
        run=run,
        seed=seed,
        hash=name,
        code=code,
        code_paths=PATHS,
        data="d" * 64,
        outcomes=results.keep(outcomes, name),
        parse_cpu_s=2.0,
        train_cpu_s=60.0,
        parameters=1000,
    )
    results.put(line)
    return line
