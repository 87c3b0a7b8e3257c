"""A bundle with coined words, as a new version: the bundle's weights and those of `coined_words`, measured anew on dev.

Its golden frames are those of the old bundle, which it must give, and its own for the utterances of the coinage. Where it
reads numbers from now on, those of texts with digits are its own too.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from model_export.bundle import coined_words, files
from model_export.bundle.card import model_card
from polyparse.bundle import golden, manifest
from polyparse.bundle.golden import Golden
from polyparse.contract.frame import Utterance
from polyparse.errors import ConfigError
from polyparse.evaluation.evaluate import answer, measure
from polyparse.evaluation.robustness import pairs_by_kind
from polyparse.outputs import check_folder
from polyparse.runtime.load import load
from polyparse.text.number_reader import DIGIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model_export.bundle.coined_words import Coinage
    from polyparse.bundle.manifest import Manifest
    from polyparse.corpora.example import Example
    from polyparse.runtime.load import LoadedBundle

READ_NUMBERS = "numbers in digits, times, dates and sums are looked up by the words that say them in the caller's language"


def with_words(bundle: Path, coinage: Coinage, out: Path, *, dev: Sequence[Example]) -> Manifest:
    """Write the bundle with the words to the folder `out`, whose name is the new version; the bundle itself stays.

    Raises:
        ConfigError: `out` exists or cannot be written, or the words cannot be coined.
        BundleError: the bundle is not sound, or the new one does not give its golden frames.
    """
    if out.exists():
        raise ConfigError(f"{out}: found a file or folder, expected none: a bundle is never overwritten")
    check_folder(out.parent)
    before = load(bundle, device="cpu").manifest
    existing = next(parent for parent in out.absolute().parents if parent.exists())
    with tempfile.TemporaryDirectory(dir=existing, prefix=f".{out.name}.") as scratch:
        folder = Path(scratch) / out.name
        shutil.copytree(bundle, folder)
        folder.chmod(0o755)
        coined_words.add(coinage, folder, before)
        text = replace(before.text, read_numbers=before.text.read_numbers or coinage.read_numbers)
        reads_now = text != before.text
        changed = _without_digits(folder / before.golden) if reads_now else []
        written = replace(before, version=out.name, text=text, files=files.records(folder))
        manifest.write(written, folder)
        loaded = load(folder, device="cpu")
        loaded.check_golden()
        _add_golden([*changed, *coinage.utterances], loaded)
        written = _measured(coinage, loaded, dev)
        written = replace(written, files=files.records(folder))
        manifest.write(written, folder)
        load(folder, device="cpu").check_golden()
        out.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(out)
    return written


def _without_digits(file: Path) -> list[tuple[str | None, str]]:
    """Leave golden frames of texts with digits out of a file; returns (locale, text) of these."""
    entries = golden.parse(file.read_bytes(), name=file.name)
    golden.save(file, [entry for entry in entries if not DIGIT.search(entry.text)])
    return [(entry.locale, entry.text) for entry in entries if DIGIT.search(entry.text)]


def _add_golden(utterances: Sequence[tuple[str | None, str]], bundle: LoadedBundle) -> None:
    frames = bundle.parser.parse([Utterance(text, locale) for locale, text in utterances])
    added = [replace(Golden.of(frame), confidence=round(frame.confidence, 6)) for frame in frames]
    golden.save(bundle.folder / bundle.manifest.golden, [*bundle.golden(), *added])


def _measured(coinage: Coinage, bundle: LoadedBundle, dev: Sequence[Example]) -> Manifest:
    """The manifest with measures on dev; writes the card that says them, and of what the words were coined."""
    frames, _ = answer(bundle.parser, dev)
    measures = measure(dev, frames)
    described = replace(bundle.manifest, measures={**measures["locales"], "mean": measures["mean"]})
    card = bundle.folder / files.CARD
    notes = [*_notes(card, bundle.manifest), *map(_in_words, coinage.words)]
    if coinage.read_numbers:
        notes.append(READ_NUMBERS)
    noise = pairs_by_kind(bundle.parser, dev)
    card.write_text(model_card(described, notes=notes, noise=noise), encoding="utf-8")
    return described


def _notes(card: Path, described: Manifest) -> list[str]:
    """What the exporter noted in a card: the items of its first list that no manifest gives."""
    if not card.exists():
        return []
    given = model_card(described, notes=[], noise={}).splitlines()
    section = card.read_text(encoding="utf-8").partition("\n## Model\n")[2].partition("\n## ")[0]
    return [line[2:] for line in section.splitlines() if line.startswith("- ") and line not in given]


def _in_words(coined: coined_words.CoinedWord) -> str:
    made_of = ", ".join(dict.fromkeys([*coined.rows, *coined.features]))
    return f"coined after training: `{coined.word}` ({coined.meaning}), from the rows of {made_of}"
