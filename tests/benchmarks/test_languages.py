"""The benchmark of the language screen: a figure for each language, unserved ones by screens that never saw them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks import languages
from polyparse.evaluation.language_phrases import NAMES, UNSERVED
from tests.bundles import write_bundle
from tests.language_screens import screen_of
from tests.train.corpus import write_massive

if TYPE_CHECKING:
    from pathlib import Path


def test_every_language_has_its_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle, file = write_bundle(tmp_path / "words" / "1"), tmp_path / "languages.json"
    spec = write_massive(tmp_path / "corpus")
    assert languages.main(["--bundle", str(bundle), "--corpus", spec, "--json", str(file)]) in {0, 1}
    assert "the one that `polyparse screen` would give it" in capsys.readouterr().out
    found = json.loads(file.read_bytes())
    figures, targets = found["figures"], found["targets"]
    assert {"refused_it", "refused_hi", "known_refused_it", "names_refused", "typo_refused"} <= figures.keys()
    assert {f"own_refused_{language}" for language in UNSERVED} <= targets.keys()
    assert {"dev_refused_en-US", "dev_refused_es-ES", "code_mixing_refused", "refused_mean"} <= targets.keys()
    assert figures["refused_mean"] == pytest.approx((figures["refused_it"] + figures["refused_hi"]) / 2)
    assert figures["short_refused"] == 0.0
    assert "dev_refused_it-IT" not in figures


def test_a_share_is_of_texts() -> None:
    screen = screen_of(["wake", "me", "at", "seven"])
    texts = ["wake me at seven", "weck mich um sieben", "guten morgen", "weck mich um acht"]
    assert languages.refused(screen, texts) == 0.5


def test_an_absent_corpus_is_refused(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "words" / "1")
    assert languages.main(["--bundle", str(bundle), "--corpus", f"massive:{tmp_path / 'nowhere'}"]) == 2


def test_our_own_phrases_are_many_and_differ() -> None:
    assert min(map(len, UNSERVED.values())) >= 60
    assert {*UNSERVED} == {"ca", "mr", "ne", "pt", "ro"}
    assert {*NAMES} == {"en-US", "es-ES", "hi-IN", "it-IT"}
    for texts in (*UNSERVED.values(), *NAMES.values()):
        assert len(set(texts)) == len(texts)
