"""The model card: what a person has to know before trusting a bundle, taken from its manifest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from model_export.card import HEADS, model_card
from polyparse.bundle import verify
from polyparse.calibration import Calibration, Scale
from polyparse.rejection import Rejection
from polyparse.routing import Routing
from tests.bundles import write_bundle

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.manifest import Manifest

MEASURES = {
    "domain_accuracy": 0.9,
    "intent_accuracy": 0.8,
    "slot_f1": 0.75,
    "exact_match": 0.0,
    "frame_accuracy": 1.0,
    "semer": None,
    "utterances": 2,
}


@pytest.fixture
def described(tmp_path: Path) -> Manifest:
    return verify(write_bundle(tmp_path / "home" / "1.0"))


def section(card: str, title: str) -> str:
    return card.split(f"## {title}")[1].partition("\n## ")[0].partition("\n\n")[2].strip()


def test_it_opens_with_name_version_locales_and_labels(described: Manifest) -> None:
    title, _, summary = model_card(described, notes=[]).split("\n")[:3]
    assert title == "# home 1.0"
    assert summary == "Utterances in en-US, es-ES to frames: 2 domains, 2 intents, 2 slots."


@pytest.mark.parametrize("head", HEADS)
def test_it_says_how_slots_are_decoded(head: str, described: Manifest) -> None:
    model = section(model_card(replace(described, decode_head=head), notes=[]), "Model")  # type: ignore[arg-type]  # of a table
    assert f"- slots: {HEADS[head]}" in model.split("\n")


ROUTINGS = {
    "soft, lambda 0.3 on the joint network beside a domain classifier over intents": Routing(
        "soft", 0.3, "intents"
    ),
    "soft, lambda 0.5 on the joint network beside a domain classifier over domains": Routing(
        "soft", 0.5, "domains"
    ),
    "hard, the domain by a domain classifier over domains, the intent by the joint network": Routing(
        "hard", 1.0, "domains"
    ),
    "by the joint network alone": Routing("soft", 1.0, "none"),
}


@pytest.mark.parametrize("sentence", ROUTINGS)
def test_it_says_how_utterances_are_routed(sentence: str, described: Manifest) -> None:
    classifier = None if "alone" in sentence else {"cpu": "score.onnx"}
    manifest = replace(described, routing=ROUTINGS[sentence], classifier=classifier)
    assert f"- routing: {sentence}" in section(model_card(manifest, notes=[]), "Model").split("\n")


def test_a_model_without_intents_is_not_routed(described: Manifest) -> None:
    labels = replace(described.labels, domains=(), intents=(), intent_domains=(), domain_slots=())
    network = replace(described.networks[0], domains=(), intents=())
    card = model_card(replace(described, labels=labels, networks=(network,)), notes=[])
    assert "Utterances in en-US, es-ES to frames: no domains, no intents, 2 slots." in card
    assert "routing" not in card


def test_the_notes_of_the_exporter_are_among_what_it_says_of_the_model(described: Manifest) -> None:
    model = section(model_card(described, notes=["gate 1: fine", "approximated"]), "Model").split("\n")
    assert model[-2:] == ["- gate 1: fine", "- approximated"]


def test_data_and_licence_are_named(described: Manifest) -> None:
    found = section(model_card(described, notes=[]), "Data and licence")
    assert found == "Trained on none: its weights are written down. Licence of the data: Apache-2.0."


def test_the_table_has_a_row_a_locale_and_a_dash_for_what_was_not_measured(described: Manifest) -> None:
    card = model_card(replace(described, measures={"en-US": MEASURES, "mean": MEASURES}), notes=[])
    table = section(card, "Measures on dev (fractions), from the bundle's own bytes").split("\n\n")[0]
    head, rule, *rows = table.split("\n")
    assert head.count("|") == rule.count("|") == rows[0].count("|") == 9
    assert rows == [
        f"| {name} | 2 | 0.9000 | 0.8000 | 0.7500 | 0.0000 | 1.0000 | - |" for name in ("en-US", "mean")
    ]


def test_provenance_and_limits_stand_in_it(described: Manifest) -> None:
    card = model_card(described, notes=[])
    provenance = described.provenance
    assert section(card, "Provenance") == (
        f"Commit `{provenance.git_commit}`, {provenance.created}, onnx {provenance.libraries['onnx']}."
    )
    assert "not calibrated" in section(card, "Limits")


def test_what_a_calibrated_model_promises_and_when_it_refuses_are_among_its_limits(
    described: Manifest,
) -> None:
    judged = replace(
        described,
        calibration=Calibration(pooled=Scale(), locales={}),
        rejection=Rejection(threshold=0.65, weights={}, bias=0.0),
    )
    plain, limits = (section(model_card(each, notes=[]), "Limits") for each in (described, judged))
    assert "there is no out-of-domain answer" in plain
    assert "whose out-of-domain score is above 0.65 is refused" in limits
    assert "are calibrated on dev" in limits
    assert "not calibrated." in limits.split("\n")[-1]  # of slots
