"""Rewrites a bundle of an earlier schema, or of earlier rules of text: the same graphs and weights, a new manifest.

Golden frames stay, but for those of texts that reach the networks otherwise now: what the bundle answers is recorded.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from polyparse.bundle import golden, store
from polyparse.bundle import manifest as manifests
from polyparse.bundle.golden import Golden
from polyparse.bundle.upgrade import FILE_NAMES
from polyparse.contract.frame import Utterance
from polyparse.errors import ConfigError
from polyparse.outputs import check_folder
from polyparse.runtime.load import load
from polyparse.runtime.session import Session
from polyparse.text.forms import form_of
from polyparse.text.tokens import RULES, differs_from_rules_1, tokenise
from polyparse.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from polyparse.bundle.manifest import Graphs, Manifest
    from polyparse.runtime.load import LoadedBundle

CARD = "MODEL_CARD.md"


def upgrade(bundle: Path, out: Path) -> Manifest:
    """Write the bundle to the folder `out`, whose name is the new version; the bundle itself is left as it is.

    Raises:
        ConfigError: `out` exists, or cannot be written, or there is nothing to upgrade.
        BundleError: the bundle is not sound, or the new one does not give its golden frames.
    """
    if out.exists():
        raise ConfigError(f"{out}: found a file or folder, expected none: a bundle is never overwritten")
    check_folder(out.parent)
    manifest = store.verify(bundle)
    if is_of_today(bundle, manifest):
        raise ConfigError(
            f"{bundle}: found schema {manifest.schema_version} and text rules {RULES}, which are those of today, "
            "expected a bundle of earlier ones"
        )
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as scratch:
        folder = Path(scratch) / out.name
        folder.mkdir(mode=0o755)
        for name in manifest.files:
            target = folder / FILE_NAMES.get(name, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(bundle / name, target)
        _retitle(folder / CARD, manifest, out.name)
        written = _manifest(manifest, folder, version=out.name)
        manifests.write(written, folder)
        if manifest.text.rules != RULES:
            _record_golden_anew(load(folder, device="cpu"), manifest.text.rules)
            written = _manifest(manifest, folder, version=out.name)
            manifests.write(written, folder)
        load(folder, device="cpu").check_golden()
        folder.rename(out)
    return written


def is_of_today(bundle: Path, manifest: Manifest) -> bool:
    """Whether all that an upgrade changes is in its present form: a new version of it would be the same by another name."""
    schema_version = json.loads(store.read(bundle / manifests.FILE))["schema_version"]
    layouts = [graphs.layout for network in manifest.networks for graphs in network.graphs.values()]
    return (
        schema_version == manifests.SCHEMA_VERSION
        and manifest.text.rules == RULES
        and None not in layouts
        and FILE_NAMES.keys().isdisjoint(manifest.files)
    )


def _manifest(manifest: Manifest, folder: Path, *, version: str) -> Manifest:
    networks = (
        replace(network, graphs=_with_layout(network.graphs, manifest, folder))
        for network in manifest.networks
    )
    training_text = manifest.text.training_text
    return replace(
        manifest,
        version=version,
        networks=tuple(networks),
        text=replace(
            manifest.text,
            training_text=training_text and FILE_NAMES.get(training_text, training_text),
            rules=RULES,
        ),
        files={
            name: store.record(folder / name)
            for name in sorted(FILE_NAMES.get(file, file) for file in manifest.files)
        },
    )


def _record_golden_anew(bundle: LoadedBundle, rules: int) -> None:
    """Of texts that reach the networks otherwise than by earlier rules; all others must be answered as before.

    That they are is what `check_golden` finds out.
    """
    vocabulary = Vocabulary.load(bundle.folder / bundle.manifest.text.vocabulary)
    entries = bundle.golden()
    frames = bundle.parser.parse([Utterance(entry.text, entry.locale) for entry in entries])
    golden.save(
        bundle.folder / bundle.manifest.golden,
        [
            replace(Golden.of(frame), confidence=round(frame.confidence, 6))
            if _differs(entry.text, rules, vocabulary)
            else entry
            for entry, frame in zip(entries, frames, strict=True)
        ],
    )


def _differs(text: str, rules: int, vocabulary: Vocabulary) -> bool:
    """Whether earlier rules gave other tokens, or looked up some token as it is that stands for a known word now."""
    tokens = (token.text for token in tokenise(text))
    is_cut_otherwise = rules == 1 and differs_from_rules_1(text)
    return is_cut_otherwise or any(form_of(token, vocabulary) != token for token in tokens)


def _with_layout(graphs: Mapping[str, Graphs], manifest: Manifest, folder: Path) -> dict[str, Graphs]:
    """The graphs, with the layout from a score graph's metadata where the manifest does not say it."""

    def layout(each: Graphs) -> Graphs:
        if each.layout is not None:
            return each
        session = Session(folder / each.score, manifest.tensors[each.score], device="cpu")
        return replace(each, layout="packed" if session.is_packed else "padded")

    return {device: layout(each) for device, each in graphs.items()}


def _retitle(card: Path, manifest: Manifest, version: str) -> None:
    """Put the new version into the card's first line."""
    if card.exists():
        title = f"# {manifest.name} "
        text = card.read_text(encoding="utf-8")
        card.write_text(text.replace(title + manifest.version, title + version, 1), encoding="utf-8")
