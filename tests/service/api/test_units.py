"""Offsets in any unit cut the same slice that code points do."""

from hypothesis import given
from hypothesis import strategies as st

from polyparse.contract.frame import Alternative, Choice, Frame, Slot
from service.api.schemas import SpanUnit
from service.api.units import in_unit

texts = st.text(
    alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("aé€😀क्ष")), min_size=1
)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    text = draw(texts)
    ends = st.integers(0, len(text))
    spans = draw(st.lists(st.tuples(ends, ends).map(sorted), max_size=3))
    slots = tuple(Slot("x", text[start:end], start, end, 0.5) for start, end in spans)
    alternative = Alternative(None, Choice("i", 0.5), slots[::-1], 0.1)
    return Frame(text, None, None, Choice("i", 0.5), slots, 0.2, (alternative,))


def counted(text: str, offset: int, unit: SpanUnit) -> int:
    """The slow twin: one character after another, by the definition of the encodings."""
    total = 0
    for char in text[:offset]:
        point = ord(char)
        if unit == "utf16":
            total += 1 if point < 0x10000 else 2
        elif unit == "byte":
            total += 1 if point < 0x80 else 2 if point < 0x800 else 3 if point < 0x10000 else 4
        else:
            total += 1
    return total


@given(frames(), st.sampled_from(["codepoint", "utf16", "byte"]))
def test_every_offset_is_counted_in_the_unit_and_nothing_else_changes(frame: Frame, unit: SpanUnit) -> None:
    converted = in_unit(frame, unit)
    pairs = [*zip(converted.slots, frame.slots, strict=True)]
    pairs += zip(converted.alternatives[0].slots, frame.alternatives[0].slots, strict=True)
    for moved, slot in pairs:
        assert moved.start == counted(frame.text, slot.start, unit)
        assert moved.end == counted(frame.text, slot.end, unit)
        assert (moved.name, moved.value, moved.confidence) == (slot.name, slot.value, slot.confidence)
    assert (converted.text, converted.intent, converted.confidence) == (
        frame.text,
        frame.intent,
        frame.confidence,
    )


@given(frames())
def test_offsets_slice_the_value_out_of_the_encoded_text(frame: Frame) -> None:
    for slot in in_unit(frame, "byte").slots:
        assert frame.text.encode()[slot.start : slot.end] == slot.value.encode()
    for slot in in_unit(frame, "utf16").slots:
        assert frame.text.encode("utf-16-le")[2 * slot.start : 2 * slot.end] == slot.value.encode("utf-16-le")
