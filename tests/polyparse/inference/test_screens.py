"""Screens refuse before an out-of-domain score does, say why, and refuse nothing that must not be refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from polyparse.contract.frame import Reason, Refusal, Utterance
from polyparse.inference.pipeline import Pipeline, Postprocessing
from polyparse.inference.screens import refusals
from tests.language_screens import screen_of
from tests.networks import ArithmeticNetworks
from tests.polyparse.inference.test_pipeline import KNOWN, MODELS, VECTORIZER, Model, hypotheses_of
from tests.polyparse.inference.test_postprocessing import ALWAYS, refusing_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.contract.frame import Frame
    from polyparse.text.vectorizer import Item

TEXTS = ["wake me at seven", "weck mich um sieben", KNOWN]


@dataclass(frozen=True)
class Letter:
    """Refuses what begins with a letter."""

    letter: str
    reason: Reason
    threshold: float = 0.5

    def scores(self, items: Sequence[Item]) -> list[float]:
        return [float(item.utterance.text[0] == self.letter) for item in items]


def run(model: Model, batch: Sequence[Utterance], postprocessing: Postprocessing) -> list[Frame]:
    networks = ArithmeticNetworks(model.of_networks, n_classes=model.n_classes)
    pipeline = Pipeline(model.labels, model.topology, model.routing, networks, postprocessing)
    return pipeline.run([VECTORIZER.item(utterance) for utterance in batch]).frames


def test_the_first_screen_that_refuses_says_why() -> None:
    items = [VECTORIZER.item(Utterance(text)) for text in ("abc", "bcd", "cde")]
    screens = (
        Letter("a", "language"),
        Letter("a", "domain"),
        Letter("b", "domain"),
        Letter("c", "domain", 1.0),
    )
    assert refusals(screens, items) == ["language", "domain", None]
    assert refusals((), items) == [None, None, None]


@pytest.mark.parametrize("name", ["soft", "hard", "no domains", "per-domain"])
def test_a_frame_is_refused_for_its_language_before_its_domain(name: str) -> None:
    model = MODELS[name]
    both = replace(refusing_by(model, ALWAYS), screens=(Letter("w", "language"),))
    frames = run(model, [Utterance(text) for text in (*TEXTS, "7:30")], both)
    assert [frame.refused for frame in frames] == [*[Refusal("language")] * 3, Refusal("domain")]
    for frame in frames:
        assert (frame.domain, frame.intent, frame.slots, frame.alternatives) == (None, None, (), ())
        assert frame.out_of_domain is not None


def test_an_utterance_that_allows_no_refusal_has_the_frame() -> None:
    batch = [Utterance(text, None, 2, allow_refusal=False) for text in TEXTS]
    screened = Postprocessing(screens=(Letter("w", "language"),))
    assert run(MODELS["soft"], batch, screened) == run(MODELS["soft"], batch, Postprocessing())


def test_of_several_hypotheses_asked_for_all_stand_among_the_alternatives() -> None:
    batch = [Utterance(text, None, 3) for text in TEXTS]
    plain = run(MODELS["soft"], batch, Postprocessing())
    refused = run(MODELS["soft"], batch, Postprocessing(screens=(Letter("w", "language"),)))
    for frame, other in zip(refused, plain, strict=True):
        assert frame.refused == Refusal("language")
        assert list(frame.alternatives) == hypotheses_of(other)
        assert (frame.out_of_domain, frame.confidence) == (None, other.confidence)


def test_the_language_screen_is_one() -> None:
    screen = screen_of(["wake", "me", "at", "seven"])
    assert screen.reason == "language"
