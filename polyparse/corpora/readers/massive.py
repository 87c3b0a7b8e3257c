"""MASSIVE in its official layout: PATH/<locale>.jsonl, slots marked in `annot_utt` as `[slot : words]`."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from polyparse.corpora.example import Example, Origin
from polyparse.corpora.readers.brackets import spans_of
from polyparse.corpora.readers.lines import Line, read_lines
from polyparse.corpora.readers.splits import NAMES, take
from polyparse.errors import CorpusError

_FIELDS = ("id", "partition", "utt", "annot_utt")
_LABELS = ("scenario", "intent")
"""Fields that may be missing or null."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_Record = tuple[Line, dict[str, Any]]


def read(path: Path, *, locales: Sequence[str] | None, partition: str) -> list[Example]:
    """The partition in each locale asked for, or in all that the folder has; the domain is the scenario.

    Files whose names are one locale ("en-US", "en_us") are read as one, under the first one's name.
    """
    examples: list[Example] = []
    for name, files in files_of(path, locales).items():
        parts = [_read_locale(file, name, partition) for file in files]
        examples += parts[0] if len(parts) == 1 else _once(example for part in parts for example in part)
    check = LabelCheck()
    for example in examples:
        check.add(example)
    return examples


def files_of(path: Path, locales: Sequence[str] | None) -> dict[str, list[Path]]:
    """Locale -> its files, of those asked for or of all that the folder has."""
    files: dict[str, list[Path]] = {}
    for file in sorted(path.glob("*.jsonl")):
        files.setdefault(_folded(file.stem), []).append(file)
    if not files:
        raise CorpusError("found no *.jsonl file, expected a folder of <locale>.jsonl", path=path)
    asked_for = {_folded(name): name for name in locales or files}
    for locale, asked in asked_for.items():
        if locale not in files:
            present = ", ".join(of_locale[0].stem for of_locale in files.values())
            raise CorpusError(f"found no {asked}.jsonl, expected one of {present}", path=path)
    return {files[locale][0].stem: files[locale] for locale in asked_for}


def example_of(line: Line, locale: str) -> Example:
    """The example that a line is."""
    return _example((line, _fields(line)), locale)


class LabelCheck:
    """Sees the examples of a corpus one after the other, and remembers one of each intent."""

    def __init__(self) -> None:
        self._first: Example | None = None
        self._first_of: dict[str | None, Example] = {}

    def add(self, example: Example) -> None:
        """Raise CorpusError where some utterances have an intent or domain and others none, or an intent two domains."""
        self._first = self._first or example
        for field, label, other in (
            ("intent", example.intent, self._first.intent),
            ("scenario", example.domain, self._first.domain),
        ):
            if (label is None) != (other is None):
                place = _origin(self._first).place
                raise _error(
                    example,
                    f"found {label!r} as {field}, expected {'none' if other is None else 'one'} as in {place}:"
                    " either every utterance of a corpus has one or none has",
                )
        first = self._first_of.setdefault(example.intent, example)
        if example.domain != first.domain:
            raise _error(
                example,
                f"found intent {example.intent!r} in scenario {example.domain!r}, expected {first.domain!r}"
                f" as in {_origin(first).place}: an intent has one scenario",
            )


def _folded(locale: str) -> str:
    return locale.replace("_", "-").lower()


def _once(examples: Iterable[Example]) -> list[Example]:
    """The examples, those that say the same under the same id once."""
    return list(dict.fromkeys(examples))


def _read_locale(path: Path, locale: str, partition: str) -> list[Example]:
    records: dict[str, list[_Record]] = {}
    for line in read_lines(path):
        if line.text.strip():
            fields = _fields(line)
            records.setdefault(fields["partition"], []).append((line, fields))
    return take(
        partition, records, lambda name: [_example(each, locale) for each in records[name]], path=path
    )


def _fields(line: Line) -> dict[str, Any]:
    try:
        data = json.loads(line.text)
    except (ValueError, RecursionError) as error:
        raise line.error(f"found invalid JSON ({error}), expected an object") from error
    if not isinstance(data, dict):
        raise line.error(f"found a JSON {type(data).__name__}, expected an object")
    for name in _FIELDS:
        if name not in data:
            raise line.error(f"found no field {name!r}, expected {', '.join(_FIELDS)}")
        if not isinstance(data[name], str):
            raise line.error(f"found {data[name]!r} in field {name!r}, expected a string")
        _check_characters(line, name, data[name])
    if data["partition"] not in NAMES:
        raise line.error(f"found partition {data['partition']!r}, expected one of {', '.join(NAMES)}")
    return data | {name: _label(line, name, data.get(name)) for name in _LABELS}


def _label(line: Line, field: str, label: object) -> str | None:
    if label is None:
        return None
    if not isinstance(label, str):
        raise line.error(f"found {label!r} in field {field!r}, expected a string or null")
    line.check_name(field, label)
    _check_characters(line, field, label)
    return label


def _check_characters(line: Line, field: str, text: str) -> None:
    """Raise CorpusError for half of a surrogate pair, which JSON can write and no file in UTF-8, ours neither, can hold."""
    if half := _SURROGATE.search(text):
        raise line.error(
            f"found U+{ord(half[0]):04X} in field {field!r}, expected no half of a surrogate pair"
        )


def _example(record: _Record, locale: str) -> Example:
    line, fields = record
    domain, intent = fields["scenario"], fields["intent"]
    remarks = (
        [f"found the scenario {domain!r} without an intent: not learnt"] if domain and not intent else []
    )
    named = fields.get("locale")
    if isinstance(named, str) and _folded(named) != _folded(locale):
        remarks.append(f"found the locale {named!r} in the file of {locale!r}: read as {locale!r}")
    return Example(
        id=fields["id"],
        text=fields["utt"],
        locale=locale,
        partition=fields["partition"],
        domain=domain if intent else None,
        intent=intent,
        slots=spans_of(fields["annot_utt"], fields["utt"], line),
        origin=line.origin(*remarks),
    )


def _origin(example: Example) -> Origin:
    return example.origin or Origin(Path(), 0)


def _error(example: Example, message: str) -> CorpusError:
    origin = _origin(example)
    return CorpusError(message, path=origin.path, line=origin.line)
