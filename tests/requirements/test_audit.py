"""An audit that could not look says so, with a status of its own, and never "clean"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from requirements.audit import (
    CLEAN,
    FOLDER,
    KNOWN_BAD,
    NOT_AUDITED,
    SERVICES,
    VULNERABLE,
    NotAudited,
    Pin,
    Verdict,
    audit,
    files_here,
    main,
    pins_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Entry = Callable[[Pin], dict[str, Any]]

NUMPY, TORCH = Pin("numpy", "2.4.0"), Pin("torch", "2.13.0")


def sound(pin: Pin) -> dict[str, Any]:
    return {"name": pin.name, "version": pin.version, "vulns": []}


def vulnerable(pin: Pin) -> dict[str, Any]:
    return {**sound(pin), "vulns": [{"id": "PYSEC-2019-133", "fix_versions": ["1.24.2"], "aliases": []}]}


def skipped(pin: Pin) -> dict[str, Any]:
    """As pip-audit 2.10.1 has it where PyPI's mirror has no such page; it ends with 0 then."""
    reason = f"Dependency not found on PyPI and could not be audited: {pin.name} ({pin.version})"
    return {"name": pin.name, "skip_reason": reason}


def said_of(*others: tuple[Pin, Entry], control: Entry = vulnerable) -> Verdict:
    """The verdict where the database answers so; what is not named is sound."""
    entries: dict[Pin, Entry] = {KNOWN_BAD: control, **dict(others)}

    def look(pins: Sequence[Pin], service: str) -> dict[str, Any]:
        assert service in SERVICES
        return {"dependencies": [entries.get(pin, sound)(pin) for pin in pins], "fixes": []}

    return audit([NUMPY, TORCH], look)


def test_pins_that_were_looked_up_and_are_sound_are_clean() -> None:
    assert said_of() == (CLEAN, ("clean: 2 pins, none with a vulnerability that pypi knows",))


def test_one_that_is_vulnerable_is_named() -> None:
    verdict = said_of((TORCH, vulnerable))
    assert verdict.status == VULNERABLE
    assert verdict.lines[0] == "vulnerable: torch 2.13.0: PYSEC-2019-133"


def test_one_that_is_vulnerable_counts_where_others_are_not_looked_up() -> None:
    verdict = said_of((TORCH, vulnerable), (NUMPY, skipped))
    assert verdict.status == VULNERABLE
    assert verdict.lines[-1] == "vulnerable: 1 of 2 pins; not audited: 1"


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"others": [(NUMPY, skipped)]}, id="one pin is skipped"),
        pytest.param({"others": [(NUMPY, skipped), (TORCH, skipped)]}, id="all pins are skipped"),
        pytest.param({"control": skipped}, id="what is known to be bad is skipped"),
        pytest.param({"control": sound}, id="the database is empty"),
    ],
)
def test_what_was_not_looked_up_is_never_clean(answers: dict[str, Any]) -> None:
    verdict = said_of(*answers.pop("others", ()), **answers)
    assert verdict.status == NOT_AUDITED
    assert not any("clean" in line for line in verdict.lines)
    assert verdict.lines[-1].startswith("not audited: ")


def test_where_one_database_cannot_be_asked_the_next_one_is() -> None:
    def look(pins: Sequence[Pin], service: str) -> dict[str, Any]:
        if service == SERVICES[0]:
            raise NotAudited("found no answer")
        return {"dependencies": [vulnerable(pin) if pin == KNOWN_BAD else sound(pin) for pin in pins]}

    assert audit([NUMPY], look).lines == ("clean: 1 pins, none with a vulnerability that osv knows",)


@pytest.mark.parametrize("report", [{}, {"dependencies": None}, {"dependencies": [{"name": "numpy"}]}])
def test_what_is_no_report_is_no_audit(report: dict[str, Any]) -> None:
    assert audit([NUMPY], lambda *_: report).status == NOT_AUDITED


def test_without_pins_there_is_nothing_to_be_clean() -> None:
    assert (
        audit([], lambda pins, _: {"dependencies": [vulnerable(pin) for pin in pins]}).status == NOT_AUDITED
    )


@pytest.mark.parametrize("script", [None, "exit 1", "echo No known vulnerabilities found"])
def test_without_the_auditor_or_its_report_the_command_says_so(
    script: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if script is not None:
        program = tmp_path / "pip-audit"
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([]) == NOT_AUDITED
    out = capsys.readouterr().out
    assert "not audited: none of " in out
    assert "clean" not in out


def test_all_pins_of_all_files_are_looked_up() -> None:
    assert {file.name for file in files_here()} == {file.name for file in FOLDER.glob("*.txt")} - {
        "integration-apt.txt"
    }
    assert {"numpy", "pip-audit", "nvidia-cublas", "tritonclient", "kserve"} <= {
        pin.name for pin in pins_of(files_here())
    }


def test_a_line_that_pins_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "pins.txt"
    file.write_text("numpy==2.4.0  # arrays\ntorch>=2\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="2"):
        main([str(file)])
    assert "pins.txt:2: found 'torch>=2', expected NAME==VERSION" in capsys.readouterr().err
