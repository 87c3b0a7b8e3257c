"""A runbook's queries are those of its blocks, and a query names a cause only if the cause is what stands out most."""

import pytest

from benchmarks.gameday import runbook
from benchmarks.gameday.__main__ import FAULTS
from benchmarks.gameday.fault import Fault
from benchmarks.gameday.runbook import Cause, Query
from benchmarks.prometheus import Series
from monitoring.documents import groups
from monitoring.rule import Alert

BOOK = """# Alert

## What to look at

```promql
# by version
sum by (version) (rate(failed_total[5m]))

# by process
lag_seconds
```

## What to do

```
$ polyparse models list  # not a query
```

```promql
# later
max(lag_seconds)
```
"""


def series(value: float, **labels: str) -> Series:
    return Series(labels, [0.0], [value])


def test_a_query_is_a_line_of_a_block_below_the_comment_that_says_what_it_shows() -> None:
    assert list(runbook.queries(BOOK)) == [
        Query("by version", "sum by (version) (rate(failed_total[5m]))"),
        Query("by process", "lag_seconds"),
        Query("later", "max(lag_seconds)"),
    ]


def test_windows_are_scaled_and_nothing_else_is() -> None:
    assert runbook.scaled("rate(a_5m[5m]) > 5 and b[1h]", 0.01) == "rate(a_5m[3000ms]) > 5 and b[36000ms]"


FAILED = Cause("failed_total", "version", "2", 0)
UNREADABLE = Cause("readable", "instance", "a", 1, is_above=False)


@pytest.mark.parametrize(
    ("cause", "found", "expected"),
    [
        (FAILED, [series(3, version="2"), series(1, version="1")], True),
        (FAILED, [series(3, version="2"), series(4, version="1")], False),
        (FAILED, [series(0, version="2")], False),
        (FAILED, [series(3, reason="2")], False),
        (FAILED, [], False),
        (UNREADABLE, [series(0, instance="a"), series(1, instance="b")], True),
        (UNREADABLE, [series(1, instance="a"), series(1, instance="b")], False),
        (UNREADABLE, [series(1, instance="a"), series(0, instance="b")], False),
    ],
)
def test_a_cause_is_named_by_the_series_that_is_furthest_beyond_the_bound(
    cause: Cause, found: list[Series], expected: bool
) -> None:
    assert cause.is_named_by(found) is expected


def test_a_query_over_another_metric_is_not_asked() -> None:
    assert [query.shows for query in runbook.queries(BOOK) if FAILED.is_asked_by(query)] == ["by version"]


def test_a_place_is_called_what_prometheus_calls_it() -> None:
    places = {"a": "127.0.0.1:1", "b": "127.0.0.1:2"}
    assert UNREADABLE.at(places).value == "127.0.0.1:1"
    assert FAILED.at(places) == FAILED


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_the_alert_of_a_fault_is_shipped_and_its_runbook_has_a_query_over_the_metric_of_the_cause(
    fault: Fault,
) -> None:
    alerts = {rule.name for group in groups() for rule in group.rules if isinstance(rule, Alert)}
    assert fault.alert in alerts
    assert any(fault.cause.is_asked_by(query) for query in runbook.of_alert(fault.alert, 1))
