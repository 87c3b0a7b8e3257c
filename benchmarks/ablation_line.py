"""A line of the ablation file: one finished run, or another way of using finished ones, with what it measured on dev.

The file has one JSON object a line and only grows. A line may stand against an earlier one, its baseline; the difference of
the two is what its way brought.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from polyparse.errors import ConfigError
from polyparse.schema import structure, unstructure


@dataclass(frozen=True, kw_only=True)
class DevMeasures:
    """Fractions on dev, means over the four served locales, in the order in which the table shows them."""

    domain_accuracy: float
    intent_accuracy: float
    slot_f1: float
    exact_match: float

    def __post_init__(self) -> None:
        for field, value in zip(fields(self), astuple(self), strict=True):
            if not 0.0 <= value <= 1.0:
                raise ConfigError(f"{field.name}: found {value}, expected a fraction from 0 to 1")


@dataclass(frozen=True, kw_only=True)
class AblationLine:
    """What was done, in a few words (`way`), and what came of it.

    `overrides` are the config entries that differ from the recipe's, by dotted key. `dev` is the whole model as it parses,
    `network_alone` the joint network without its domain classifier. What is not a training run has no recipe, epochs,
    minutes or network alone; `parameters` counts every network that parses and the domain classifier.
    """

    way: str
    against: str | None
    name: str
    recipe: str | None
    overrides: Mapping[str, object]
    locales_trained: tuple[str, ...]
    git_commit: str
    epochs: int | None
    train_minutes: float | None
    parameters: int | None
    dev: DevMeasures
    network_alone: DevMeasures | None
    note: str = ""

    def __post_init__(self) -> None:
        for key in ("way", "name"):
            if not getattr(self, key).strip():
                raise ConfigError(f"{key}: found an empty string, expected words")
        for key in ("epochs", "train_minutes", "parameters"):
            value = getattr(self, key)
            if value is not None and value < 0:
                raise ConfigError(f"{key}: found {value}, expected no less than 0")


def read(file: Path) -> list[AblationLine]:
    """Every line in the file's order; none where there is no file.

    Raises:
        ConfigError: a line is no JSON, lacks or misspells a key, repeats a name, or stands against no earlier line.
    """
    lines: list[AblationLine] = []
    for number, text in enumerate(_texts(file), start=1):
        if text.strip():
            line = parse(text, where=f"{file}:{number}")
            check_new(line, lines, where=f"{file}:{number}")
            lines.append(line)
    return lines


def append(file: Path, line: AblationLine) -> None:
    """Write the line after the others.

    Raises:
        ConfigError: it does not go with the lines that are there, or one of those is wrong.
    """
    check_new(line, read(file), where=str(file))
    text = json.dumps(unstructure(line), ensure_ascii=False)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(text + "\n")


def parse(text: str, *, where: str) -> AblationLine:
    """One line, checked; a ConfigError says where it is wrong."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{where}: found no JSON ({error}), expected a line of the ablation") from error
    return structure(AblationLine, data, where=where)


def check_new(line: AblationLine, earlier: Sequence[AblationLine], *, where: str) -> None:
    """Raise ConfigError unless the line's name is new and its baseline is among the earlier lines."""
    names = [other.name for other in earlier]
    if line.name in names:
        raise ConfigError(f"{where}: name: found {line.name!r} a second time, expected a name of its own")
    if line.against is not None and line.against not in names:
        known = ", ".join(names) or "no line"
        raise ConfigError(
            f"{where}: against: found {line.against!r}, expected the name of an earlier line: {known}"
        )


def _texts(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").split("\n") if file.exists() else []
