"""The gates: what agrees passes, what does not is refused by utterance, and a tie is two hypotheses of one probability."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from model_export.gates import agreement as gates
from model_export.gates.agreement import MAX_EXACT_MATCH_LOSS, TOLERANCE, Agreement, agree, check_exact_match
from polyparse.contract.frame import Choice, Frame, Slot, Utterance
from polyparse.errors import GateFailed
from polyparse.inference.parser import Parser
from polyparse.inference.pipeline import Pipeline
from polyparse.inference.routing import Routing
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary
from tests.bundles import LABELS
from tests.networks import ArithmeticNetworks

if TYPE_CHECKING:
    from collections.abc import Callable

    from polyparse.text.vectorizer import Batch, Item
    from tests.networks import Floats

FILE = Path("bundle")
SEVEN = Slot("time", "seven", 11, 16, 0.95)


def frame(
    intent: str | None = "alarm_set",
    *,
    chance: float = 0.8,
    domain: tuple[str, float] | None = ("alarm", 0.9),
    slots: tuple[Slot, ...] = (SEVEN,),
    whole: float = 0.7,
) -> Frame:
    """A frame of "wake me at seven"; `chance` is the intent's probability, `whole` the frame's."""
    return Frame(
        text="wake me at seven",
        locale="en-US",
        domain=None if domain is None else Choice(*domain),
        intent=None if intent is None else Choice(intent, chance),
        slots=slots,
        confidence=whole,
    )


def compare(actual: Frame, expected: Frame) -> Agreement:
    return agree("a gate", [actual], [expected], file=FILE)


@pytest.mark.parametrize(
    "same", [frame(), frame(slots=()), frame(None, domain=None), frame(domain=None), frame(whole=0.0)]
)
def test_equal_frames_agree(same: Frame) -> None:
    assert compare(same, same) == Agreement(utterances=1, ties=0, largest_difference=0.0)


DRIFTED: dict[str, Callable[[float], Frame]] = {
    "frame": lambda by: frame(whole=0.7 + by),
    "domain": lambda by: frame(domain=("alarm", 0.9 - by)),
    "intent": lambda by: frame(chance=0.8 + by),
    "slot": lambda by: frame(slots=(replace(SEVEN, confidence=0.95 - by),)),
}


@pytest.mark.parametrize("part", DRIFTED)
def test_a_probability_may_drift_by_the_tolerance_and_no_more(part: str) -> None:
    drifted = DRIFTED[part]
    near = compare(drifted(0.9 * TOLERANCE), frame())
    assert near.ties == 0
    assert near.largest_difference == pytest.approx(0.9 * TOLERANCE)
    with pytest.raises(GateFailed, match=r"a gate: 'wake me at seven': found probabilities 1\.10e-04 apart"):
        compare(drifted(1.1 * TOLERANCE), frame())


OTHER = frame("lights_on", domain=("iot", 0.9))
OTHER_SPAN = replace(SEVEN, start=8, value="at seven")
REFUSED = {
    "another intent": (frame("alarm_query"), frame(chance=0.1, whole=0.1)),
    "another intent, as certain": (frame("alarm_query"), frame()),
    "another domain": (OTHER, frame(domain=("alarm", 0.05), chance=0.05)),
    "another domain, as certain": (OTHER, frame()),
    "no intent": (frame(None), frame()),
    "no domain": (frame(domain=None), frame()),
    "no slot": (frame(slots=()), frame(whole=0.2)),
    "another slot": (frame(slots=(replace(SEVEN, name="date"),)), frame(whole=0.2)),
    "another span": (frame(slots=(OTHER_SPAN,)), frame(whole=0.2)),
    "another span, as certain": (frame(slots=(OTHER_SPAN,)), frame()),
    "another span, both improbable": (frame(slots=(OTHER_SPAN,), whole=9e-5), frame(whole=1e-5)),
    "another span of a tied intent's": (frame(slots=(), chance=0.4, whole=0.3), frame(chance=0.4, whole=0.1)),
    "intents further apart than the tolerance": (
        frame("alarm_query", chance=0.4, whole=0.3),
        frame(chance=0.4 + 1.1 * TOLERANCE, whole=0.3),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_another_decision_is_refused_and_the_utterance_named(case: str) -> None:
    actual, expected = REFUSED[case]
    with pytest.raises(GateFailed, match=r"a gate: 'wake me at seven': found .* expected ") as refused:
        compare(actual, expected)
    assert refused.value.file == FILE


TIED = {
    "intents": (frame("alarm_query", chance=0.4, whole=0.3), frame(chance=0.4, whole=0.3)),
    "intents, nearly": (frame("alarm_query", chance=0.4, whole=0.3), frame(chance=0.40009, whole=0.3)),
    "intents whose slots are not equally certain": (
        frame("alarm_query", chance=0.4, whole=0.36, slots=()),
        frame(chance=0.4, whole=0.2),
    ),
    "intents of two domains": (
        frame("lights_on", domain=("iot", 0.5), chance=0.3, whole=0.2),
        frame(domain=("alarm", 0.4), chance=0.3, whole=0.1),
    ),
    "domains, by hard routing, of which one is surer of its intent": (
        frame("lights_on", domain=("iot", 0.45), chance=0.2, whole=0.2),
        frame(domain=("alarm", 0.45), chance=0.44, whole=0.1),
    ),
    "intents without domains": (
        frame("alarm_query", domain=None, chance=0.4, whole=0.3),
        frame(domain=None, chance=0.4, whole=0.3),
    ),
    "spans": (frame(slots=(OTHER_SPAN,), whole=0.31), frame(whole=0.31)),
    "spans of a long utterance": (frame(slots=(), whole=2.001e-7), frame(whole=2e-7)),
    "spans without intents": (
        frame(None, domain=None, slots=(), whole=0.31),
        frame(None, domain=None, whole=0.31),
    ),
}


@pytest.mark.parametrize("case", TIED)
def test_of_tied_hypotheses_either_may_come_first(case: str) -> None:
    assert compare(*TIED[case]) == Agreement(utterances=1, ties=1, largest_difference=0.0)


def test_ties_are_rare_or_they_are_none() -> None:
    """A graph whose intents are in another order would tie everywhere with a model that knows nothing."""
    agreeing = [frame()] * 300
    actual, expected = TIED["intents"]
    few = agree("a gate", [*agreeing, *[actual] * 3], [*agreeing, *[expected] * 3], file=FILE)
    assert (few.utterances, few.ties) == (303, 3)
    with pytest.raises(GateFailed, match="found 4 ties in 304 utterances, expected 3 at most"):
        agree("a gate", [*agreeing, *[actual] * 4], [*agreeing, *[expected] * 4], file=FILE)


def test_runs_of_different_lengths_are_not_compared() -> None:
    with pytest.raises(ValueError, match="longer"):
        agree("a gate", [frame()], [frame(), frame()], file=FILE)


@pytest.mark.parametrize(("actual", "expected"), [(0.64, 0.64), (0.7, 0.64), (0.637, 0.64), (0.5, 0.503)])
def test_exact_match_may_fall_by_the_bound(actual: float, expected: float) -> None:
    check_exact_match(actual, expected, file=FILE)


@pytest.mark.parametrize(("actual", "expected"), [(0.6369, 0.64), (0.0, 1.0)])
def test_exact_match_may_fall_no_further(actual: float, expected: float) -> None:
    message = (
        rf"exact match: found {actual:.4f} .*, expected {expected:.4f} .* less {MAX_EXACT_MATCH_LOSS} at most"
    )
    with pytest.raises(GateFailed, match=message):
        check_exact_match(actual, expected, file=FILE)


class BatchLengths(ArithmeticNetworks):
    """Networks that note how many tokens the items of each batch have."""

    def __init__(self) -> None:
        super().__init__([LABELS], n_classes=0)
        self.batches: list[list[int]] = []

    def score(self, batch: Batch, network: int) -> tuple[Floats, Floats]:
        self.batches.append(batch.lengths_B.tolist())
        return super().score(batch, network)


def parser_of(networks: BatchLengths) -> Parser:
    vectorizer = Vectorizer(Vocabulary(words=(), characters=""), None)
    return Parser(vectorizer, Pipeline(LABELS, "shared", Routing("soft", 1.0, "none"), networks))


def items(parser: Parser, n_items: int) -> list[Item]:
    """Items of 1, 2, .. tokens."""
    return [parser.prepare(Utterance(" ".join(["word"] * length))) for length in range(1, n_items + 1)]


@pytest.mark.parametrize("n_items", [0, 1, 7, 8, 9, 40])
def test_ragged_batches_mix_lengths_and_keep_the_order(n_items: int) -> None:
    networks = BatchLengths()
    parser = parser_of(networks)
    given = items(parser, n_items)
    frames = gates.in_ragged_batches(parser, given, size=8)
    assert [each.text for each in frames] == [item.utterance.text for item in given]
    assert [len(lengths) for lengths in networks.batches[:-1]] == [8] * ((n_items - 1) // 8)
    assert sorted(length for lengths in networks.batches for length in lengths) == [
        item.n_tokens for item in given
    ]
    if n_items == 40:
        assert all(max(lengths) - min(lengths) >= 8 for lengths in networks.batches)


def test_alone_is_one_item_a_batch() -> None:
    networks = BatchLengths()
    parser = parser_of(networks)
    given = items(parser, 5)
    assert [each.text for each in gates.alone(parser, given)] == [item.utterance.text for item in given]
    assert networks.batches == [[1], [2], [3], [4], [5]]
