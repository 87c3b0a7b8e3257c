"""A bundle changed without training, as a new version: what is changed, and all else as it is, measured anew on dev.

Its golden frames are those of the old bundle, which it must give, and its own for utterances that the change adds. Where it
reads numbers or mends words from now on, those of texts with digits or misspelled words are its own too.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from model_export.bundle import coined_words, files
from model_export.bundle.card import model_card, refusals_on
from polyparse.bundle import golden, manifest
from polyparse.bundle.golden import Golden
from polyparse.contract.frame import Utterance
from polyparse.contract.locales import language_of
from polyparse.errors import ConfigError
from polyparse.evaluation.evaluate import answer, measure
from polyparse.evaluation.robustness import pairs_by_kind
from polyparse.inference.listed_words import ListedWords
from polyparse.outputs import check_folder
from polyparse.runtime.load import load
from polyparse.text.forms import form_of, words_of
from polyparse.text.number_reader import DIGIT
from polyparse.text.spelling import Spelling
from polyparse.text.vocabulary import Vocabulary
from train.embeddings.word_lists import wordfreq_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from model_export.bundle.coined_words import Coinage
    from polyparse.bundle.manifest import Manifest
    from polyparse.corpora.example import Example
    from polyparse.inference.language import LanguageScreen
    from polyparse.inference.negation import NegationScreen
    from polyparse.runtime.load import LoadedBundle
    from train.postprocessing.foreign import ForeignRule

    Change = Callable[[Path, Manifest], Manifest]

LOOKS_SLIPS_UP = "misspelled words are looked up by the known word one slip away, unless a list of {:,} a language has them"
READ_NUMBERS = "numbers in digits, times, dates and sums are looked up by the words that say them in the caller's language"


def with_words(bundle: Path, coinage: Coinage, out: Path, *, dev: Sequence[Example]) -> Manifest:
    """Write the bundle with the words to the folder `out`, whose name is the new version; the bundle itself stays.

    Raises:
        ConfigError: `out` exists or cannot be written, or the words cannot be coined.
        BundleError: the bundle is not sound, or the new one does not give its golden frames.
    """

    more_golden: list[tuple[str | None, str]] = []

    def change(folder: Path, described: Manifest) -> Manifest:
        coined_words.add(coinage, folder, described)
        if coinage.read_numbers and not described.text.read_numbers:
            more_golden.extend(
                _left_out(folder / described.golden, lambda text: DIGIT.search(text) is not None)
            )
            described = replace(described, text=replace(described.text, read_numbers=True))
        if coinage.listed_words:
            listed = ListedWords.of(_listed(described.locales, coinage.listed_words))
            listed.save(folder / files.LISTED)
            text = replace(described.text, listed=files.LISTED)
            described = replace(described, text=text, files=files.records(folder))
            misspells = _misspells(folder / described.text.vocabulary, listed)
            more_golden.extend(_left_out(folder / described.golden, misspells))
        more_golden.extend(coinage.utterances)
        return described

    notes = [*map(_in_words, coinage.words), *([READ_NUMBERS] if coinage.read_numbers else [])]
    if coinage.listed_words:
        notes.append(LOOKS_SLIPS_UP.format(coinage.listed_words))
    return _rewritten(bundle, out, change, dev=dev, notes=notes, more_golden=more_golden)


def with_screens(
    bundle: Path,
    out: Path,
    *,
    dev: Sequence[Example],
    languages: LanguageScreen | None = None,
    negation: NegationScreen | None = None,
    foreign: ForeignRule | None = None,
) -> Manifest:
    """Write the bundle with the screens, and the out-of-domain score with weights of foreign words, in place of its own.

    Golden frames that the new score refuses are left out; otherwise as `with_words`.

    Raises:
        ConfigError: `out` exists or cannot be written.
        BundleError: the bundle is not sound, or the new one does not give its golden frames.
    """

    def change(folder: Path, described: Manifest) -> Manifest:
        text = described.text
        if languages is not None:
            text = replace(text, languages=text.languages or files.LANGUAGES)
            languages.save(folder / str(text.languages))
        if negation is not None:
            text = replace(text, negation=text.negation or files.NEGATION)
            negation.save(folder / str(text.negation))
        ood = described.ood
        if foreign is not None:
            text, ood = replace(text, foreign=text.foreign or files.FOREIGN), foreign.score
            foreign.words.save(folder / str(text.foreign))
        changed = replace(described, text=text, ood=ood, files=files.records(folder))
        if foreign is not None:
            manifest.write(changed, folder)
            _drop_refused(load(folder, device="cpu"))
        return changed

    notes = [given.in_words() for given in (languages, negation, foreign) if given is not None]
    return _rewritten(bundle, out, change, dev=dev, notes=notes)


def _rewritten(
    bundle: Path,
    out: Path,
    change: Change,
    *,
    dev: Sequence[Example],
    notes: Sequence[str],
    more_golden: Sequence[tuple[str | None, str]] = (),
) -> Manifest:
    """`change` writes into a copy of the bundle's folder, and says what the manifest is then, files and version aside."""
    if out.exists():
        raise ConfigError(f"{out}: found a file or folder, expected none: a bundle is never overwritten")
    check_folder(out.parent)
    before = load(bundle, device="cpu").manifest
    existing = next(parent for parent in out.absolute().parents if parent.exists())
    with tempfile.TemporaryDirectory(dir=existing, prefix=f".{out.name}.") as scratch:
        folder = Path(scratch) / out.name
        shutil.copytree(bundle, folder)
        folder.chmod(0o755)
        changed = change(folder, before)
        written = replace(changed, version=out.name, files=files.records(folder))
        manifest.write(written, folder)
        loaded = load(folder, device="cpu")
        loaded.check_golden()
        _add_golden(more_golden, loaded)
        written = _measured(notes, loaded, dev)
        written = replace(written, files=files.records(folder))
        manifest.write(written, folder)
        load(folder, device="cpu").check_golden()
        out.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(out)
    return written


def _left_out(file: Path, is_changed: Callable[[str], bool]) -> list[tuple[str | None, str]]:
    """Leave golden frames of texts that are answered otherwise now out of a file; returns (locale, text) of these."""
    entries = golden.parse(file.read_bytes(), name=file.name)
    changed = [is_changed(entry.text) for entry in entries]
    golden.save(file, [entry for entry, is_out in zip(entries, changed, strict=True) if not is_out])
    return [(entry.locale, entry.text) for entry, is_out in zip(entries, changed, strict=True) if is_out]


def _listed(locales: Sequence[str], count: int) -> Iterator[str]:
    """The most frequent words of the languages, from their lists."""
    for language in dict.fromkeys(map(language_of, locales)):
        try:
            yield from wordfreq_list(language, count)
        except LookupError as error:
            raise ConfigError(
                f"listed_words: found no list of words ({error}), expected one of each language served"
            ) from error


def _misspells(file: Path, listed: ListedWords) -> Callable[[str], bool]:
    """Whether a text has a misspelled word, by the vocabulary of a file."""
    vocabulary = Vocabulary.load(file)
    spelling = Spelling(listed.hashes_W, vocabulary)
    return lambda text: any(spelling.meant(form_of(word, vocabulary)) for word in words_of(text))


def _drop_refused(bundle: LoadedBundle) -> None:
    """Leave golden frames of texts that the bundle refuses for their domain out of its file."""
    entries = bundle.golden()
    frames = bundle.parser.parse([Utterance(entry.text, entry.locale) for entry in entries])
    kept = [
        entry
        for entry, frame in zip(entries, frames, strict=True)
        if frame.refused is None or frame.refused.reason != "domain"
    ]
    golden.save(bundle.folder / bundle.manifest.golden, kept)


def _add_golden(utterances: Sequence[tuple[str | None, str]], bundle: LoadedBundle) -> None:
    """Record the frames of more (locale, text)."""
    frames = bundle.parser.parse([Utterance(text, locale) for locale, text in utterances])
    added = [replace(Golden.of(frame), confidence=round(frame.confidence, 6)) for frame in frames]
    golden.save(bundle.folder / bundle.manifest.golden, [*bundle.golden(), *added])


def _measured(notes: Sequence[str], bundle: LoadedBundle, dev: Sequence[Example]) -> Manifest:
    """The manifest with measures on dev; writes the card that says them, and what the notes say of the change.

    A note replaces an earlier one that is the same up to the first comma.
    """
    frames, _ = answer(bundle.parser, dev)
    measures = measure(dev, frames)
    described = replace(bundle.manifest, measures={**measures["locales"], "mean": measures["mean"]})
    card = bundle.folder / files.CARD
    subjects = tuple(note.partition(",")[0] for note in notes)
    noted = [note for note in _notes(card, bundle.manifest) if not note.startswith(subjects)]
    noise = pairs_by_kind(bundle.parser, dev)
    refusals = refusals_on(dev, bundle.parser, described)
    text = model_card(described, notes=[*noted, *notes], noise=noise, refusals=refusals)
    card.write_text(text, encoding="utf-8")
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
