"""Work beside requests yields to them: the processor, and Python's lock."""

import os
import subprocess
import sys
import threading

from service.background import LOW_PRIORITY, SHORT_TURN_S, TURN_S, in_the_background

SAY_PRIORITY = [sys.executable, "-c", "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"]


def test_the_thread_and_its_processes_have_low_priority_and_no_other_thread_has() -> None:
    seen: list[int] = []

    def work() -> None:
        with in_the_background():
            seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            done = subprocess.run(SAY_PRIORITY, capture_output=True, text=True, check=True)  # noqa: S603 - our own
            seen.append(int(done.stdout))

    before = os.getpriority(os.PRIO_PROCESS, 0)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [max(before, LOW_PRIORITY)] * 2
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


def test_turns_are_short_while_it_works() -> None:
    turns: list[float] = []

    def work() -> None:
        with in_the_background():
            turns.append(sys.getswitchinterval())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert turns == [SHORT_TURN_S]
    assert sys.getswitchinterval() == TURN_S


def test_turns_are_short_until_the_last_of_several_is_done() -> None:
    begun, goes = threading.Event(), threading.Event()

    def work() -> None:
        with in_the_background():
            begun.set()
            goes.wait(60)

    first = threading.Thread(target=work)
    first.start()
    assert begun.wait(60)
    turns: list[float] = []

    def come_and_go() -> None:
        with in_the_background():
            pass
        turns.append(sys.getswitchinterval())

    second = threading.Thread(target=come_and_go)
    second.start()
    second.join()
    goes.set()
    first.join()
    assert turns == [SHORT_TURN_S]
    assert sys.getswitchinterval() == TURN_S
