"""The latest disagreements are kept, newest first, and never more than some."""

from service.shadow.agreement import Reading
from service.shadow.disagreements import MOST, Disagreement, Disagreements

NOTHING = Reading(None, None, ())


def disagreement(request_id: str) -> Disagreement:
    return Disagreement(
        request_id=request_id,
        at="2026-01-01T12:00:00.000+00:00",
        locale=None,
        characters=1,
        tokens=1,
        stable_version="1",
        stable=NOTHING,
        candidate_version="2",
        candidate=NOTHING,
    )


def test_the_newest_comes_first_and_the_oldest_makes_way() -> None:
    kept = Disagreements()
    assert kept.recent() == ()
    for number in range(MOST + 5):
        kept.add(disagreement(str(number)))
    recent = [each.request_id for each in kept.recent()]
    assert recent == [str(number) for number in range(MOST + 4, 4, -1)]
