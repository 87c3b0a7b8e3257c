"""Each collection is counted with its time, by its generation, until the watch is stopped."""

import gc

from service.metrics.garbage import GarbageWatch
from tests.service.fakes import FakeClock


def test_collections_and_their_time_are_counted_by_generation() -> None:
    clock = FakeClock()

    def tick(phase: str, _: dict[str, int]) -> None:
        clock.now += 0.25 * (phase == "start")

    gc.disable()
    watch = GarbageWatch(clock)
    gc.callbacks.append(tick)
    try:
        for generation in (0, 2, 2):
            gc.collect(generation)
    finally:
        gc.callbacks.remove(tick)
        watch.stop()
        gc.collect()
        gc.enable()
    assert watch.collections() == {("0",): 1, ("1",): 0, ("2",): 2}
    assert watch.seconds() == {("0",): 0.25, ("1",): 0, ("2",): 0.5}
