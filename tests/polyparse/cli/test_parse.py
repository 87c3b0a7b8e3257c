"""`polyparse parse`: frames for people and for programs, refusals among them, from a real bundle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from polyparse.cli import main as cli
from tests.bundles import edit_manifest, write_bundle

if TYPE_CHECKING:
    from pathlib import Path

    Capture = pytest.CaptureFixture[str]

TEXT = "wake me at seven"
REFUSING = {"threshold": 0.5, "weights": {}, "bias": 2.0}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "words" / "1")


def said(bundle: Path, capsys: Capture, *options: str) -> str:
    assert cli.main(["parse", "--models", str(bundle), TEXT, *options]) == 0
    return capsys.readouterr().out


def test_a_frame_is_shown_line_by_line(bundle: Path, capsys: Capture) -> None:
    text, *rows = said(bundle, capsys).splitlines()
    assert text == TEXT
    assert [row.split() for row in rows] == [
        ["domain", "alarm", "1.00"],
        ["intent", "alarm_set", "1.00"],
        ["slot", "time", "1.00", "seven", "[11:16]"],
    ]


def test_a_refusal_is_shown_with_its_score(bundle: Path, capsys: Capture) -> None:
    edit_manifest(bundle, ood=REFUSING)
    assert said(bundle, capsys) == f"{TEXT}\n  out of domain  0.88\n"


@pytest.mark.parametrize("ood", [None, REFUSING], ids=["a frame", "a refusal"])
def test_json_has_the_keys_of_the_services_answers(ood: object, bundle: Path, capsys: Capture) -> None:
    edit_manifest(bundle, ood=ood)
    frame = json.loads(said(bundle, capsys, "--json"))
    assert set(frame) == {
        "text",
        "locale",
        "domain",
        "intent",
        "slots",
        "confidence",
        "alternatives",
        "out_of_domain",
        "refused",
    }
    assert (frame["domain"] is None) == (ood is not None)
    assert frame["out_of_domain"] == (None if ood is None else pytest.approx(0.8808, abs=1e-4))
    assert frame["refused"] == (None if ood is None else {"reason": "domain"})
