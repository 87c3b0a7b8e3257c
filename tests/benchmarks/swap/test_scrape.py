"""A scrape reads states, versions and lag from the text of /metrics, and a watch says when something is seen."""

import asyncio

import pytest

from benchmarks.errors import MeasurementFailed
from benchmarks.swap.scrape import Scrape, Watch, read

TEXT = """\
# TYPE polyparse_version_info gauge
polyparse_version_info{digest="0a",state="serving",version="2"} 1.0
polyparse_version_info{digest="1b",state="retired",version="1"} 1.0
polyparse_requests_total{endpoint="parse",outcome="ok",version="1"} 12.0
polyparse_requests_total{endpoint="parse",outcome="ok",version=""} 1.0
polyparse_stage_seconds_count{stage="queue",version="0"} 3.0
polyparse_event_loop_lag_seconds 0.0025
"""


def test_states_are_those_of_the_info_and_versions_those_of_any_series() -> None:
    actual = read(1.0, 2.0, TEXT, 100.0)
    assert actual == Scrape(
        1.0, 2.0, {"2": "serving", "1": "retired"}, frozenset({"0", "1", "2"}), 0.0025, 100.0
    )


@pytest.mark.parametrize("absent", ["polyparse_version_info", "polyparse_event_loop_lag_seconds"])
def test_a_service_without_the_series_cannot_be_watched(absent: str) -> None:
    with pytest.raises(MeasurementFailed, match=absent):
        read(1.0, 2.0, TEXT.replace(absent, "other"), 100.0)


SERVING = Scrape(0.0, 0.0, {"1": "serving"}, frozenset({"1"}), 0.0, 100.0)


class TestWatch:
    def test_it_finds_what_comes_from_now_on(self) -> None:
        async def main() -> int:
            watch = Watch()
            watch.add(SERVING)
            waiting = asyncio.create_task(
                watch.until(
                    lambda scrapes: len(scrapes) if len(scrapes) == 2 else None, timeout_s=20, what="two"
                )
            )
            for _ in range(2):
                await asyncio.sleep(0)
                watch.add(SERVING)
            return await waiting

        assert asyncio.run(main()) == 2

    def test_it_gives_up_in_time_and_says_what_it_saw_last(self) -> None:
        async def main() -> None:
            watch = Watch()
            watch.add(SERVING)
            await watch.until(lambda _: None, timeout_s=0.01, what="end of a swap")

        with pytest.raises(MeasurementFailed, match=r"found no end of a swap in 0\.01 s, last Scrape"):
            asyncio.run(main())

    def test_a_server_that_is_gone_ends_the_wait(self) -> None:
        async def main() -> None:
            watch = Watch()
            watch.fail(MeasurementFailed("/metrics: the server hung up"))
            await watch.until(lambda _: None, timeout_s=20, what="end of a swap")

        with pytest.raises(MeasurementFailed, match="hung up"):
            asyncio.run(main())
