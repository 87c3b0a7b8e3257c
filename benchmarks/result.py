"""A result: figures, the targets that they must meet, and whether they do; as JSON, and as a table for people."""

import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
}
DIGITS = 6  # significant ones that are written


class Target(NamedTuple):
    """A bound on a figure; `operator` is one of OPERATORS."""

    operator: str
    bound: float

    def is_met_by(self, figure: float) -> bool:
        """Whether the figure stands in that relation to the bound."""
        return OPERATORS[self.operator](figure, self.bound)


@dataclass(frozen=True)
class Result:
    """What one run of a benchmark found. Every target has a figure; a figure may have none.

    `about` is what is no number: where and when it was measured, and what was found in words.
    """

    benchmark: str
    figures: Mapping[str, float]
    targets: Mapping[str, Target] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if missing := self.targets.keys() - self.figures.keys():
            raise ValueError(
                f"{self.benchmark}: found no figure for {sorted(missing)}, expected one a target"
            )

    @property
    def passed(self) -> bool:
        """Whether every target is met."""
        return all(target.is_met_by(self.figures[key]) for key, target in self.targets.items())

    def write(self, file: Path) -> None:
        """Write as JSON; ValueError for a figure that is no number."""
        data = {
            "benchmark": self.benchmark,
            "figures": {key: float(f"{figure:.{DIGITS}g}") for key, figure in self.figures.items()},
            "targets": self.targets,
            "pass": self.passed,
        }
        data |= {"about": self.about} if self.about else {}
        text = json.dumps(data, indent=1, allow_nan=False)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n", encoding="utf-8")

    def table(self) -> str:
        """One line a figure: key, figure, target and verdict."""
        rows = [("figure", "found", "target", "")]
        rows += [(key, _shown(figure), *self._verdict(key)) for key, figure in self.figures.items()]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = (f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c:<{widths[2]}}  {d}".rstrip() for a, b, c, d in rows)
        words = [f"{key}: {text}" for key, text in self.about.items()]
        return "\n".join([f"{self.benchmark}: {'pass' if self.passed else 'FAIL'}", *words, *lines])

    def _verdict(self, key: str) -> tuple[str, str]:
        target = self.targets.get(key)
        if target is None:
            return "", ""
        return f"{target.operator} {target.bound:g}", "met" if target.is_met_by(
            self.figures[key]
        ) else "MISSED"


def _shown(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 1000 else f"{figure:.4g}"
