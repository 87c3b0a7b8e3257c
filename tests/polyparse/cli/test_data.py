"""`polyparse data check`: what it prints, and how its exit status says whether a corpus is in order."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from polyparse.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

IN_ORDER = "".join(
    f"wake:O me:O at:O {n}:B-time <=> alarm\nlight:O room:O {n}:B-room <=> light\n" for n in range(12)
)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A corpus of slots lines in which there is nothing to find."""
    (tmp_path / "train").write_text(IN_ORDER, encoding="utf-8")
    (tmp_path / "valid").write_text("wake:O us:O at:O 3:B-time <=> alarm\n", encoding="utf-8")
    return tmp_path


def check(corpus: Path, *more: str) -> int:
    return main(["data", "check", f"slots:{corpus}", *more])


def test_a_corpus_in_order_is_said_to_be_so_with_status_0(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(corpus) == 0
    assert capsys.readouterr() == (f"slots:{corpus}: no findings in train 24, dev 1 utterances\n", "")


def test_findings_are_printed_by_kind_with_their_total_and_status_1(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (corpus / "valid").write_text("wake:O me:O at:O 3:B-time <=> alarm\n" * 7, encoding="utf-8")
    assert check(corpus, "--locales=en-US,en-US", "--examples=1") == 1
    assert capsys.readouterr().out.splitlines() == [
        "utterances of dev or test that stand in train too: 7",
        f"  {corpus}/valid:1: 'wake me at 3' of dev stands in {corpus}/train:7 too",
        "  and 6 more",
        "",
        f"slots:{corpus}: 7 findings in train 24, dev 7 utterances",
    ]


def test_a_corpus_that_cannot_be_read_has_status_2_and_its_place(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (corpus / "test").write_text("ja:O <=> yes\nja <=> yes\n", encoding="utf-8")
    assert check(corpus) == 2
    assert capsys.readouterr() == ("", f"polyparse: {corpus}/test:2: found 'ja', expected token:tag\n")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["slots:absent"], "absent: found no file, expected"),
        (["absent"], "found 'absent', expected FORMAT:PATH"),
        (["slots:absent", "--examples=-1"], "argument --examples: found '-1', expected an integer from 0"),
    ],
)
def test_what_is_wrong_in_the_command_is_one_line_and_status_2(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "check", *argv]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_checking_needs_nothing_that_trains_or_serves() -> None:
    program = "import sys, polyparse.cli.data; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    assert set(done.stdout.split()).isdisjoint({"torch", "scipy", "onnx", "onnxruntime", "fastapi", "rich"})
