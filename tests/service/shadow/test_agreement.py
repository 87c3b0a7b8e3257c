"""Two frames agree in what both say of an utterance, whatever they say of probabilities."""

from dataclasses import replace

import pytest

from polyparse.contract.frame import Choice, Frame, Refusal, Slot
from service.redaction import Redaction
from service.shadow.agreement import PARTS, Reading, SlotPlace, agreement, reading_of

SLOT = Slot("time", "seven", 11, 16, 0.9)
FRAME = Frame("wake me at seven", "en-US", Choice("alarm", 0.9), Choice("alarm_set", 0.8), (SLOT,), 0.7)
REFUSED = replace(FRAME, domain=None, intent=None, slots=(), refused=Refusal("domain"))

TABLE: dict[str, tuple[Frame, set[str]]] = {
    "the same": (FRAME, set()),
    "other probabilities": (
        replace(FRAME, domain=Choice("alarm", 0.1), slots=(replace(SLOT, confidence=0.1),), confidence=0.1),
        set(),
    ),
    "another intent of the domain": (replace(FRAME, intent=Choice("alarm_remove", 0.8)), {"intent"}),
    "another domain": (
        replace(FRAME, domain=Choice("music", 0.9), intent=Choice("music_play", 0.9)),
        {"domain", "intent"},
    ),
    "another place": (replace(FRAME, slots=(replace(SLOT, start=8),)), {"slots"}),
    "another name": (replace(FRAME, slots=(replace(SLOT, name="date"),)), {"slots"}),
    "a slot more": (replace(FRAME, slots=(SLOT, SLOT)), {"slots"}),
    "a refusal": (REFUSED, {"domain", "intent", "slots"}),
}


@pytest.mark.parametrize("sentence", TABLE)
def test_frames_differ_in_parts_and_then_as_a_whole(sentence: str) -> None:
    frame, differs = TABLE[sentence]
    expected = {part: part not in differs and not (part == "frame" and differs) for part in PARTS}
    assert agreement(reading_of(FRAME), reading_of(frame)) == expected


def test_two_refusals_agree() -> None:
    assert agreement(reading_of(REFUSED), reading_of(replace(REFUSED, confidence=0.1)))["frame"]


def test_a_reading_holds_a_value_only_where_it_may() -> None:
    assert reading_of(FRAME) == Reading("alarm", "alarm_set", (SlotPlace("time", 11, 16),))
    assert reading_of(FRAME, Redaction(()).of(FRAME)).slots == (SlotPlace("time", 11, 16, "seven"),)
