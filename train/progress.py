"""Progress bars on standard error, with rich; a line an epoch on standard output."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Progress:
    """Bars for the stages and epochs of a run, which `quiet` leaves out, and lines that say what came of them.

    As a context it closes the bar of an epoch that an error ends.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._epoch: Bars | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._close_bar()

    @contextmanager
    def stage(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """A bar for work of at most `total` steps, None if nobody knows; call the yielded function with the step reached."""
        with self._bars() as bars:
            bar = bars.add_task(name, total=total)
            yield lambda reached: bars.update(bar, completed=reached)

    def say(self, text: str) -> None:
        """Print a line; no bar is open."""
        print(text, flush=True)

    def open_epoch(self, name: str, number: int, of: int) -> None:
        """A bar for one epoch; `step` moves it."""
        self._epoch = self._bars()
        self._epoch.add_task(f"{name} epoch {number}/{of}", total=None)
        self._epoch.start()

    def step(self, done: int, of: int) -> None:
        """`done` of `of` batches are through."""
        if self._epoch is not None:
            self._epoch.update(self._epoch.task_ids[0], completed=done, total=of)

    def close_epoch(self, line: dict[str, Any]) -> None:
        """Close the bar and print the epoch's losses and dev measures."""
        self._close_bar()
        dev = {name: value for name, value in line["dev"].items() if isinstance(value, float)}
        measures = " ".join(f"{name} {value:.4f}" for name, value in dev.items())
        star = " *" if line["best"] else ""
        self.say(
            f"{line['network']} {line['epoch']}: intent loss {line['intent_loss']:.3f} "
            f"slot loss {line['slot_loss']:.3f} | {measures} | {line['seconds']:.0f} s{star}"
        )

    def _bars(self) -> Bars:
        return Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            redirect_stdout=False,  # lines stay on standard output
            disable=self._quiet,
        )

    def _close_bar(self) -> None:
        if self._epoch is not None:
            self._epoch.stop()
            self._epoch = None


class SilentProgress(Progress):
    """Of work that is a part of other work: shows nothing."""

    def __init__(self) -> None:
        super().__init__(quiet=True)

    def say(self, text: str) -> None:
        """Print nothing."""
