"""When a connection has waited long enough."""

import pytest

from service.http.limits import ConnectionLimits
from service.http.phase import Overdue, Phase, overdue

LIMITS = ConnectionLimits(10, head_s=10, idle_s=75, unread_s=5, blocked_s=30)


@pytest.mark.parametrize(
    ("phase", "is_blocked", "bound_s", "action"),
    [
        (Phase.HEAD, False, 10, Overdue.HEAD_TIMEOUT),
        (Phase.IDLE, False, 75, Overdue.CLOSE),
        (Phase.UNREAD, False, 5, Overdue.ABORT),
        (Phase.LAST, False, 5, Overdue.ABORT),
        *((phase, True, 30, Overdue.ABORT) for phase in Phase),
    ],
)
def test_each_phase_has_its_bound(phase: Phase, is_blocked: bool, bound_s: float, action: Overdue) -> None:
    assert overdue(phase, bound_s, is_blocked=is_blocked, limits=LIMITS) is None
    assert overdue(phase, bound_s + 0.1, is_blocked=is_blocked, limits=LIMITS) is action


def test_an_answer_of_ours_has_none_here() -> None:
    assert overdue(Phase.ANSWER, 1e9, is_blocked=False, limits=LIMITS) is None
