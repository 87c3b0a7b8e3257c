"""Means by stage are those between two looks at /metrics, over all versions."""

from __future__ import annotations

from loadtest.scrape import means_ms, sums_in


def page(encode: float, count: float, other: float = 0.0) -> str:
    return (
        f'polyparse_stage_seconds_bucket{{le="1.0",stage="encode",version="1"}} {count}\n'
        f'polyparse_stage_seconds_count{{stage="encode",version="1"}} {count}\n'
        f'polyparse_stage_seconds_sum{{stage="encode",version="1"}} {encode}\n'
        f'polyparse_stage_seconds_count{{stage="encode",version="2"}} {other}\n'
        f'polyparse_stage_seconds_sum{{stage="encode",version="2"}} {other}\n'
    )


def test_the_mean_is_of_what_came_between() -> None:
    before, after = sums_in(page(1.0, 10)), sums_in(page(1.5, 20, other=10))
    assert means_ms(before, after) == {"encode": 1000 * 10.5 / 20}


def test_a_service_that_began_anew_or_shows_nothing_has_no_means() -> None:
    assert means_ms(sums_in(page(2.0, 20)), sums_in(page(1.0, 10))) == {}
    assert means_ms(None, sums_in(page(1.0, 10))) == {}
    assert sums_in("other_metric 1\n").counts == {}
