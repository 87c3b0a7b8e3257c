"""Progress bars on standard error, with tqdm; a line an epoch on standard output."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Progress:
    """Bars for the stages and epochs of a run, which `quiet` leaves out, and lines that say what came of them."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: tqdm[Any] | None = None

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        """A bar for work of at most `total` steps; call the yielded function with the step reached."""
        with tqdm(total=total, desc=name, disable=self._quiet) as bar:
            yield lambda reached: _advance(bar, reached)

    def say(self, text: str) -> None:
        """Print a line without disturbing the bars."""
        tqdm.write(text)

    def open_epoch(self, name: str, number: int, of: int) -> None:
        """A bar for one epoch; `step` moves it."""
        self._bar = tqdm(desc=f"{name} epoch {number}/{of}", disable=self._quiet)

    def step(self, done: int, of: int) -> None:
        """`done` of `of` batches are through."""
        if self._bar is not None:
            self._bar.total = of
            _advance(self._bar, done)

    def close_epoch(self, line: dict[str, Any]) -> None:
        """Close the bar and print the epoch's losses and dev measures."""
        if self._bar is not None:
            self._bar.close()
        dev = {name: value for name, value in line["dev"].items() if isinstance(value, float)}
        measures = " ".join(f"{name} {value:.4f}" for name, value in dev.items())
        star = " *" if line["best"] else ""
        self.say(
            f"{line['network']} {line['epoch']}: intent loss {line['intent_loss']:.3f} "
            f"slot loss {line['slot_loss']:.3f} | {measures} | {line['seconds']:.0f} s{star}"
        )


def _advance(bar: tqdm[Any], reached: int) -> None:
    bar.update(reached - bar.n)
