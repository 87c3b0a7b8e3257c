"""Where two frames of one utterance agree: in the domain, the intent, the slots, and in all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from polyparse.contract.frame import Frame
from service.redaction import Redacted

PARTS = ("domain", "intent", "slots", "frame")


@dataclass(frozen=True, slots=True)
class SlotPlace:
    """A slot's name, and its place in the caller's text; its value only where text may be kept."""

    name: str
    start: int
    end: int
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a version made of an utterance: its best hypothesis without the probabilities; a refusal has no labels."""

    domain: str | None
    intent: str | None
    slots: tuple[SlotPlace, ...]


def reading_of(frame: Frame, shown: Redacted | None = None) -> Reading:
    """The reading that a frame stands for; with the values as they are shown, where they may be."""
    return Reading(
        frame.domain.name if frame.domain else None,
        frame.intent.name if frame.intent else None,
        tuple(
            SlotPlace(slot.name, slot.start, slot.end, None if shown is None else shown.value(slot))
            for slot in frame.slots
        ),
    )


def agreement(stable: Reading, candidate: Reading) -> Mapping[str, bool]:
    """Part of a frame -> whether the two agree in it; slots agree where names and places do."""
    agrees = {
        "domain": stable.domain == candidate.domain,
        "intent": stable.intent == candidate.intent,
        "slots": stable.slots == candidate.slots,
    }
    return {**agrees, "frame": all(agrees.values())}
