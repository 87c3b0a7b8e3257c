"""What callers say: by locale, from MASSIVE's layout, from any file of lines, or the phrases that are shipped."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from loadtest.errors import FileInvalid

SHIPPED = Path(__file__).with_name("phrases")
"""Phrases of our own, a file a locale, so that a load needs no corpus."""
PARTITION = "dev"
ANY = ""
"""The locale of texts of which nobody said it."""

Texts = Mapping[str, Sequence[str]]
"""Texts by locale, each at least one."""


def load(source: Path | None, locales: Sequence[str] = ()) -> Texts:
    """The texts of these locales, or of those that the phrases are in, or of all that there are; raises FileInvalid.

    A folder has `<locale>.jsonl` (MASSIVE: its partition dev) or `<locale>.txt`, or such files in a folder `data` of it; a
    file has a text a line, and no locale.
    """
    if source is not None and source.is_file():
        return _checked({ANY: _lines(source)}, source, ())
    folder = SHIPPED if source is None else source
    files = {path.stem: path for suffix in ("jsonl", "txt") for path in sorted(folder.glob(f"*.{suffix}"))}
    known = [path.stem for path in SHIPPED.glob("*.txt") if path.stem in files]
    wanted = {locale: files[locale] for locale in locales or known or files if locale in files}
    return _checked({locale: _read(file) for locale, file in wanted.items()}, folder, locales)


def _read(file: Path) -> list[str]:
    if file.suffix == ".txt":
        return _lines(file)
    try:
        entries = [json.loads(line) for line in _lines(file)]
        return [entry["utt"] for entry in entries if entry.get("partition", PARTITION) == PARTITION]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileInvalid(f'{file}: found {error!r}, expected lines such as {{"utt": "wake me"}}') from error


def _lines(file: Path) -> list[str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileInvalid(f"{file}: found no text ({error}), expected a file in UTF-8") from error
    return [line.strip() for line in lines if line.strip()]


def _checked(texts: Texts, place: Path, locales: Sequence[str]) -> Texts:
    if missing := [locale for locale in locales if not texts.get(locale)]:
        raise FileInvalid(f"{place}: found no texts of {', '.join(missing)}, expected a file for each locale")
    if not texts or not all(texts.values()):
        raise FileInvalid(f"{place}: found no texts, expected at least one a line")
    return texts
