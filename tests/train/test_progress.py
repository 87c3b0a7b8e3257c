"""Progress: bars on standard error, lines on standard output, and no bar that outlives its run."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import pytest

from train.progress import Progress

if TYPE_CHECKING:
    Capture = pytest.CaptureFixture[str]

LINE: dict[str, Any] = {
    "network": "all",
    "epoch": 2,
    "intent_loss": 1.25,
    "slot_loss": 0.5,
    "dev": {"exact_match": 0.75, "semer": None, "utterances": 3},
    "best": True,
    "seconds": 61.4,
}
SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"


class Terminal(io.StringIO):
    """A standard error that a person looks at."""

    def isatty(self) -> bool:
        return True


def run(progress: Progress) -> None:
    """A stage and an epoch."""
    with progress.stage("word vectors", 3) as step:
        step(3)
    progress.say("word vectors: 2 of 3 words covered")
    progress.open_epoch("all", 2, 20)
    progress.step(4, 4)
    progress.close_epoch(LINE)


def interrupted_run() -> None:
    """A run that a person stops within an epoch."""
    with Progress() as progress:
        progress.open_epoch("all", 2, 20)
        raise KeyboardInterrupt


@pytest.mark.parametrize("quiet", [False, True])
def test_lines_go_to_standard_output_as_plain_text(quiet: bool, capsys: Capture) -> None:
    run(Progress(quiet=quiet))
    assert capsys.readouterr().out.splitlines() == [
        "word vectors: 2 of 3 words covered",
        "all 2: intent loss 1.250 slot loss 0.500 | exact_match 0.7500 | 61 s *",
    ]


def test_bars_go_to_standard_error(capsys: Capture) -> None:
    run(Progress())
    stage, epoch = capsys.readouterr().err.splitlines()
    assert stage.startswith("word vectors ")
    assert "3/3" in stage
    assert epoch.startswith("all epoch 2/20 ")
    assert "4/4" in epoch


def test_quiet_leaves_bars_out(capsys: Capture) -> None:
    run(Progress(quiet=True))
    assert capsys.readouterr().err == ""


def test_lines_stay_on_standard_output_while_bars_are_on_a_terminal(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress().stage("word vectors", 3):
        print("a warning")
    assert capsys.readouterr().out == "a warning\n"
    assert "word vectors" in terminal.getvalue()


def test_an_interrupted_epoch_gives_the_terminal_back(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with pytest.raises(KeyboardInterrupt):
        interrupted_run()
    assert HIDE_CURSOR in terminal.getvalue()
    assert terminal.getvalue().rindex(SHOW_CURSOR) > terminal.getvalue().rindex(HIDE_CURSOR)
