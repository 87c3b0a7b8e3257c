"""MASSIVE in its official layout: PATH/<locale>.jsonl, slots marked in `annot_utt` as `[slot : words]`."""

import json
from collections.abc import Sequence
from pathlib import Path

from polyparse.corpora.example import Example
from polyparse.corpora.readers.brackets import spans_of
from polyparse.corpora.readers.lines import Line, read_lines
from polyparse.corpora.readers.splits import NAMES, take
from polyparse.errors import CorpusError

_FIELDS = ("id", "partition", "scenario", "intent", "utt", "annot_utt")
_Record = tuple[Line, dict[str, str]]


def read(path: Path, *, locales: Sequence[str] | None, partition: str) -> list[Example]:
    """The partition in each locale asked for, or in all that the folder has; the domain is the scenario."""
    present = sorted(file.stem for file in path.glob("*.jsonl"))
    if not present:
        raise CorpusError("found no *.jsonl file, expected a folder of <locale>.jsonl", path=path)
    examples: list[Example] = []
    for locale in locales or present:
        if locale not in present:
            raise CorpusError(f"found no {locale}.jsonl, expected one of {', '.join(present)}", path=path)
        examples += _read_locale(path / f"{locale}.jsonl", locale, partition)
    return examples


def _read_locale(path: Path, locale: str, partition: str) -> list[Example]:
    records: dict[str, list[_Record]] = {}
    for line in read_lines(path):
        if line.text.strip():
            fields = _fields(line)
            records.setdefault(fields["partition"], []).append((line, fields))
    return take(
        partition, records, lambda name: [_example(each, locale) for each in records[name]], path=path
    )


def _fields(line: Line) -> dict[str, str]:
    try:
        data = json.loads(line.text)
    except ValueError as error:
        raise line.error(f"found invalid JSON ({error}), expected an object") from error
    if not isinstance(data, dict):
        raise line.error(f"found a JSON {type(data).__name__}, expected an object")
    for name in _FIELDS:
        if name not in data:
            raise line.error(f"found no field {name!r}, expected {', '.join(_FIELDS)}")
        if not isinstance(data[name], str):
            raise line.error(f"found {data[name]!r} in field {name!r}, expected a string")
    if data["partition"] not in NAMES:
        raise line.error(f"found partition {data['partition']!r}, expected one of {', '.join(NAMES)}")
    return data


def _example(record: _Record, locale: str) -> Example:
    line, fields = record
    return Example(
        id=fields["id"],
        text=fields["utt"],
        locale=locale,
        partition=fields["partition"],
        domain=fields["scenario"],
        intent=fields["intent"],
        slots=spans_of(fields["annot_utt"], fields["utt"], line),
    )
