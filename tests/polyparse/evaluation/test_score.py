"""One frame against one example: which of the measures it gets right."""

from __future__ import annotations

import pytest

from polyparse.contract.frame import Choice, Frame, Slot
from polyparse.corpora.read import Example, TextSpan
from polyparse.evaluation.score import Counts, measures, score

TEXT = "play the  blue song at nine am"
GOLD = Example(
    "1", TEXT, "en-US", "dev", "play", "play_music", (TextSpan("song", 10, 19), TextSpan("time", 23, 30))
)


def frame(
    *spans: tuple[str, int, int],
    domain: str | None = "play",
    intent: str | None = "play_music",
    text: str = TEXT,
) -> Frame:
    slots = tuple(Slot(name, text[start:end], start, end, 0.5) for name, start, end in spans)
    choices = [None if name is None else Choice(name, 0.5) for name in (domain, intent)]
    return Frame(text, "en-US", choices[0], choices[1], slots, 0.5)


SONG, TIME = ("song", 10, 19), ("time", 23, 30)


@pytest.mark.parametrize(
    ("given", "domain", "intent", "exact", "whole"),
    [
        (frame(SONG, TIME), 1, 1, 1, 1),
        (frame(TIME, SONG), 1, 1, 1, 1),
        (frame(SONG, TIME, domain="iot"), 0, 1, 1, 0),
        (frame(SONG, TIME, domain=None), 0, 1, 1, 0),
        (frame(SONG, TIME, intent="play_radio"), 1, 0, 0, 0),
        (frame(SONG, TIME, intent=None), 1, 0, 0, 0),
        (frame(SONG), 1, 1, 0, 0),
        (frame(SONG, TIME, ("date", 0, 4)), 1, 1, 0, 0),
        (frame(("name", 10, 19), TIME), 1, 1, 0, 0),
        (frame(("song", 9, 20), TIME), 1, 1, 1, 1),  # white space at the edges
        (frame(("song", 12, 17), TIME), 1, 1, 1, 0),  # covers its tokens in part
        (frame(("song", 10, 14), ("song", 15, 19), TIME), 1, 1, 1, 0),  # adjacent, one slot
        (frame(("song", 10, 14), TIME), 1, 1, 0, 0),
    ],
)
def test_a_frame_is_right_in_its_parts(
    given: Frame, domain: int, intent: int, exact: int, whole: int
) -> None:
    counts = score(GOLD, given)
    assert (counts.domains_right, counts.intents_right) == (domain, intent)
    assert (counts.exact_right, counts.frames_right) == (exact, whole)


def test_what_a_corpus_does_not_have_is_not_judged() -> None:
    gold = Example("1", TEXT, "en-US", "dev", None, None, GOLD.slots)
    assert measures(score(gold, frame(SONG, TIME))) == {
        "domain_accuracy": None,
        "intent_accuracy": None,
        "slot_f1": 1.0,
        "exact_match": 1.0,
        "frame_accuracy": 1.0,
        "semer": 0.0,
        "utterances": 1,
    }


def test_every_count_of_one_utterance() -> None:
    assert score(GOLD, frame(SONG, ("date", 23, 30), domain="iot", intent="play_radio")) == Counts(
        utterances=1,
        domains=1,
        domains_right=0,
        intents=1,
        intents_right=0,
        slots_true=2,
        slots_predicted=2,
        slots_right=1,
        exact_right=0,
        frames_right=0,
        semer_errors=2,
        semer_reference=3,
    )


def test_a_frame_of_another_text_is_refused() -> None:
    with pytest.raises(ValueError, match=r"found a frame of 'stop', expected one of 'play .* \(example 1\)"):
        score(GOLD, frame(text="stop"))
