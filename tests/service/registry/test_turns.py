"""Processes that wish for the same bundle rehearse it once, one at a time, whatever happens to one of them."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event, Lock

import pytest

from service.registry.errors import LoadCancelled, RehearsalFailed
from service.registry.turns import Turns
from tests.service.fakes import BOUND_S

ROOT = Path(__file__).parents[3]
HOLD = """
import sys; from pathlib import Path; from threading import Event; from service.registry.turns import Turns
def measure():
    print("measuring", flush=True)
    sys.stdin.read()
Turns(Path(sys.argv[1])).measured("other", measure, Event())
"""


class Measured:
    """A rehearsal: it counts how often it is run, and how many run at once."""

    def __init__(self, error: Exception | None = None) -> None:
        self.times = self.now = self.most = 0
        self._error = error
        self._lock = Lock()

    def __call__(self) -> int:
        with self._lock:
            self.times += 1
            self.now += 1
            self.most = max(self.most, self.now)
        Event().wait(0.05)
        with self._lock:
            self.now -= 1
        if self._error is not None:
            raise self._error
        return 42


def all_at_once(folder: Path, bundles: list[str], measure: Measured) -> list[object]:
    """What each of some processes finds that wish for these bundles at the same moment."""
    begins = Barrier(len(bundles))

    def ask(bundle: str) -> object:
        begins.wait(BOUND_S)
        try:
            return Turns(folder).measured(bundle, measure, Event())
        except RehearsalFailed as error:
            return str(error)

    with ThreadPoolExecutor(len(bundles)) as threads:
        return list(threads.map(ask, bundles, timeout=BOUND_S))


def test_one_rehearsal_is_enough_for_all(tmp_path: Path) -> None:
    measure = Measured()
    assert all_at_once(tmp_path, ["a"] * 4, measure) == [42] * 4
    assert measure.times == 1


def test_different_bundles_are_rehearsed_one_after_the_other(tmp_path: Path) -> None:
    measure = Measured()
    assert all_at_once(tmp_path, ["a", "b", "c"], measure) == [42] * 3
    assert (measure.times, measure.most) == (3, 1)


def test_a_refusal_holds_for_those_that_waited_and_who_asks_later_tries_again(tmp_path: Path) -> None:
    measure = Measured(RehearsalFailed("found a crash"))
    assert all_at_once(tmp_path, ["a"] * 3, measure) == ["found a crash"] * 3
    assert measure.times == 1
    assert Turns(tmp_path).measured("a", Measured(), Event()) == 42


def test_a_turn_ends_with_the_process_that_had_it_and_one_that_waits_can_be_given_up(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:  # noqa: S603
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"measuring\n"
        given_up = Event()
        given_up.set()
        with pytest.raises(LoadCancelled, match="waited for its turn"):
            Turns(tmp_path).measured("a", Measured(), given_up)
        holder.kill()
        assert Turns(tmp_path).measured("a", Measured(), Event()) == 42
