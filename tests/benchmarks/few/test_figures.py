"""The figures, by hand: leads are means over the sizes, and the least of them."""

from __future__ import annotations

import pytest

from benchmarks.few.__main__ import CRF, SHIPPED, TARGETS, UNSEEN, figures, main, table
from benchmarks.result import Result

ROWS = {
    5: {CRF: (0.30, 0.80), SHIPPED: (0.50, 0.90), UNSEEN: (0.25, 0.75)},
    80: {CRF: (0.60, 0.95), SHIPPED: (0.56, 0.93), UNSEEN: (0.65, 0.95)},
}


def test_leads_are_over_the_crf_and_the_maxent() -> None:
    found = figures(ROWS)
    assert found["slot_f1_lead"] == pytest.approx((0.20 - 0.04) / 2)
    assert found["slot_f1_lead_least"] == pytest.approx(-0.04)
    assert found["intent_lead"] == pytest.approx((0.10 - 0.02) / 2)
    assert found["unseen_slot_f1_lead"] == pytest.approx(0.0)
    assert (found["crf_5_slot_f1"], found["maxent_80_intent_accuracy"]) == (0.30, 0.95)
    assert not Result("few", found, TARGETS).passed


def test_the_table_has_a_line_a_size() -> None:
    title, five, _ = table(ROWS).splitlines()
    assert title.split() == ["utterances", "maxent", "+", "crf", "shipped", "unseen"]
    assert five.split() == ["5", "0.300", "0.800", "0.500", "0.900", "0.250", "0.750"]


@pytest.mark.parametrize("option", ["--sizes=0", "--sizes=5,81", "--seeds=-1", "--seeds=a", "--sizes="])
def test_a_number_that_makes_no_draw_is_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([option])
    assert exit_.value.code == 2
    assert "expected" in capsys.readouterr().err
