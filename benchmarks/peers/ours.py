"""polyparse as one of the systems: the bundle that ships, in the process that serves it."""

import re
import sys
from pathlib import Path

from benchmarks.corpus import LOCALES
from benchmarks.peers import system
from benchmarks.peers.call import PeerProcess
from benchmarks.peers.data import Data
from benchmarks.peers.peer import ONE_THREAD
from benchmarks.peers.row import OURS, Row
from benchmarks.peers.traffic import Served, request
from benchmarks.serving import PARSE
from polyparse.bundle import store as bundle

MODULE = "benchmarks.peers.inside.bundle"
CARD = "MODEL_CARD.md"
TRAINED = re.compile(r"([\d,]+) CPU seconds")
"""How the card says what training took, in processor time."""


def locales(models: Path) -> list[str]:
    """Those of the benchmarks' languages that the bundle answers."""
    located = bundle.locate(models)
    served = bundle.verify(located.bundle, digest=located.digest).locales
    return [locale for locale in LOCALES if locale in served]


def row(models: Path, data: Data, folder: Path) -> Row:
    """Everything but what its server shows."""
    located = bundle.locate(models)
    folder.mkdir(parents=True, exist_ok=True)
    process = PeerProcess(Path(sys.executable), MODULE, folder)
    manifest = bundle.verify(located.bundle, digest=located.digest)
    actual = system.answered(process, located.bundle, bundle.digest(located.bundle), data)
    columns = {
        "exact_match": actual["exact_match"],
        "parse_ms": system.parse_ms(process, located.bundle, data),
        "model_mb": system.size_mb(located.bundle),
    }
    notes = []
    if (train_s := trained_s(located.bundle / CARD)) is None:
        notes.append(f"train_s: no {CARD} of {located.bundle.name} that names CPU seconds")
    else:
        columns["train_s"] = train_s
    title = f"polyparse {manifest.name} {manifest.version}"
    others = {key: actual[key] for key in ("intent_accuracy", "slot_f1")}
    return Row(OURS, title, columns, tuple(notes), others)


def served(models: Path, data: Data) -> Served:
    """Its server, warmed up by all of dev, so that its memory is that of a process that has seen much."""
    return Served(
        name=OURS,
        command=[*PARSE, "--models", str(models.absolute())],
        variables=ONE_THREAD,
        requests=[request("/parse", example, with_locale=True) for example in data.examples],
        warm_up=len(data.examples),
    )


def trained_s(card: Path) -> float | None:
    """Processor seconds that the card says training took, or None where it does not say."""
    actual = TRAINED.search(card.read_text(encoding="utf-8")) if card.is_file() else None
    return float(actual[1].replace(",", "")) if actual else None
