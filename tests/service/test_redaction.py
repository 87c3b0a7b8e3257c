"""Where text may be shown, addresses, numbers and the slots that the policy names are not."""

from dataclasses import replace

import pytest

from polyparse.contract.frame import Alternative, Frame, Refusal, Slot
from service.redaction import Redaction


def frame(text: str, *slots: tuple[str, str]) -> Frame:
    """A frame whose slots are given by name and value."""
    found = (Slot(name, value, at := text.index(value), at + len(value), 0.5) for name, value in slots)
    return Frame(text, None, None, None, tuple(found), 0.5)


def shown(text: str, *slots: tuple[str, str]) -> str:
    return Redaction(["person"]).of(frame(text, *slots)).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail ann.lee@example.org now", "mail [email] now"),
        ("mail ann @ example.org", "mail [email]"),
        ("call +49 (171) 555-1234 please", "call [number] please"),
        ("card 4111 1111 1111 1111", "card [number]"),
        ("passport X1234567B", "passport [number]"),
        ("कॉल ९८७६५४३२१०", "कॉल [number]"),
        ("wake me at 7:30 on the 5th", "wake me at 7:30 on the 5th"),
        ("wake me up", "wake me up"),
        ("", ""),
    ],
)
def test_addresses_and_numbers_are_not_shown(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_slots_that_the_policy_names_are_not_shown_by_their_offsets() -> None:
    text = "lunch with bob at noon, bob said"
    slots = [("person", "bob"), ("time", "noon")]
    assert shown(text, *slots) == "lunch with [person] at noon, bob said"
    redacted = Redaction(["person"]).of(frame(text, *slots))
    assert [redacted.value(slot) for slot in frame(text, *slots).slots] == ["[person]", "noon"]


def test_a_value_that_holds_a_part_of_what_is_hidden_is_not_shown() -> None:
    text = frame("call bob on 555 1234 now", ("date", "1234 now"))
    assert Redaction([]).of(text).value(text.slots[0]) == "[number]"


def test_what_overlaps_is_hidden_as_one() -> None:
    assert shown("to bob 0171 555 x", ("person", "bob 0171")) == "to [person] x"


def test_a_slot_of_any_hypothesis_counts() -> None:
    best = frame("ask bob")
    other = Alternative(None, None, frame("ask bob", ("person", "bob")).slots, 0.1)
    assert Redaction(["person"]).of(replace(best, alternatives=(other,))).text == "ask [person]"
    assert Redaction(["person"]).of(best, frame("ask bob", ("person", "bob"))).text == "ask [person]"


def test_of_a_refused_text_whose_slots_nobody_knows_nothing_is_shown() -> None:
    refused = replace(frame("ask bob"), refused=Refusal("domain"))
    assert Redaction(["person"]).of(refused).text == "[refused]"
