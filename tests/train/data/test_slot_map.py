"""A slot map: slots are renamed, keep their name or are left out, and what the map cannot mean is refused."""

from __future__ import annotations

import pytest

from polyparse.corpora.example import Example, TextSpan
from polyparse.errors import ConfigError
from train.data.slot_map import mapped

SLOTS = {"when": (0, 3), "who": (4, 7), "where": (8, 11)}
TEXT = "now ann spa"
EXAMPLES = [
    Example("1", TEXT, "en-US", "train", None, None, tuple(TextSpan(name, *at) for name, at in SLOTS.items()))
]


def names(slot_map: dict[str, str], slots: set[str]) -> dict[str, str]:
    """Slot -> its value, after mapping."""
    (example,) = mapped(EXAMPLES, slot_map, slots)
    assert example.text == TEXT
    return {span.name: TEXT[span.start : span.end] for span in example.slots}


def test_a_slot_is_renamed_by_the_map_keeps_a_shared_name_or_is_left_out() -> None:
    assert names({}, set(SLOTS)) == {"when": "now", "who": "ann", "where": "spa"}
    assert names({}, {"who", "price"}) == {"who": "ann"}
    assert names({"when": "time", "who": "O"}, {"time", "who", "where"}) == {"time": "now", "where": "spa"}


def test_an_empty_corpus_stays_empty() -> None:
    assert mapped([], {}, {"who"}) == []


@pytest.mark.parametrize(
    ("slot_map", "message"),
    [
        ({"whom": "who"}, "slot_map: found the slot 'whom', expected some of when, where, who"),
        ({"when": "time"}, "slot_map.when: found 'time', expected O or some of who"),
    ],
)
def test_a_map_between_other_slots_is_refused(slot_map: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        mapped(EXAMPLES, slot_map, {"who"})
