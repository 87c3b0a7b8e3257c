"""The model card: what a person has to know before trusting a bundle, taken from its manifest."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from model_export.bundle.card import NOISES, model_card, refusals_on
from polyparse.bundle.manifest import DECODE_HEADS
from polyparse.bundle.store import verify
from polyparse.evaluation.measures import MEASURES
from polyparse.evaluation.refusal import RefusalRow
from polyparse.evaluation.robustness import KINDS, TYPED, Pair
from polyparse.inference.calibration import Calibration, Scale
from polyparse.inference.ood import OodScore
from polyparse.inference.routing import Routing
from polyparse.runtime.load import load
from tests.bundles import edit_manifest, write_bundle

if TYPE_CHECKING:
    from polyparse.bundle.manifest import Manifest

TABLE_OF_MEASURES = re.compile(r"^\| locale \| utterances .*\n(?:\|.*\n)+", re.MULTILINE)
"""Its columns are those of MEASURES: another test holds them."""
VALUES = {"utterances": 2} | {key: None if key == "semer" else 0.5 for key in MEASURES}
NOISE = {
    "typo": [Pair("en-US", clean=True, noisy=False), *[Pair("es-ES", clean=True, noisy=True)] * 3],
    "upper_case": [Pair("en-US", clean=True, noisy=False), Pair("es-ES", clean=False, noisy=True)],
    "romanised": [],
    "marks": [Pair("hi-IN", clean=True, noisy=False)],
}


@pytest.fixture
def described(tmp_path: Path) -> Manifest:
    return verify(write_bundle(tmp_path / "home" / "1.0"))


def section(card: str, title: str) -> str:
    return card.split(f"## {title}")[1].partition("\n## ")[0].partition("\n\n")[2].strip()


def test_a_card_is_the_one_beside_this_file_to_the_byte(described: Manifest) -> None:
    manifest = replace(
        described,
        measures={"en-US": VALUES, "mean": VALUES},
        routing=Routing("soft", 0.3, "intents"),
        classifier={"cpu": "score.onnx"},
        provenance=replace(described.provenance, libraries={"onnx": "1.2", "torch": "3.4"}),
    )
    card = model_card(manifest, notes=["gate 1: a & b"], noise=NOISE)
    literal = Path(__file__).with_name("card.md").read_text(encoding="utf-8")
    assert TABLE_OF_MEASURES.sub("", card) == TABLE_OF_MEASURES.sub("", literal)


def test_it_opens_with_name_version_locales_and_labels(described: Manifest) -> None:
    title, _, summary = model_card(described, notes=[], noise=NOISE).split("\n")[:3]
    assert title == "# home 1.0"
    assert summary == "Utterances in en-US, es-ES to frames: 2 domains, 2 intents, 2 slots."


@pytest.mark.parametrize("head", DECODE_HEADS)
def test_it_says_how_slots_are_decoded(head: str, described: Manifest) -> None:
    model = section(model_card(replace(described, decode_head=head), notes=[], noise=NOISE), "Model")
    assert f"- slots: {DECODE_HEADS[head]}" in model.split("\n")


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
    assert f"- routing: {sentence}" in section(model_card(manifest, notes=[], noise=NOISE), "Model").split(
        "\n"
    )


def test_a_model_without_intents_is_not_routed(described: Manifest) -> None:
    labels = replace(described.labels, domains=(), intents=(), intent_domains=(), domain_slots=())
    network = replace(described.networks[0], domains=(), intents=())
    card = model_card(replace(described, labels=labels, networks=(network,)), notes=[], noise=NOISE)
    assert "Utterances in en-US, es-ES to frames: no domains, no intents, 2 slots." in card
    assert "routing" not in card


def test_the_notes_of_the_exporter_are_among_what_it_says_of_the_model(described: Manifest) -> None:
    model = section(
        model_card(described, notes=["gate 1: fine", "approximated"], noise=NOISE), "Model"
    ).split("\n")
    assert model[-2:] == ["- gate 1: fine", "- approximated"]


def test_data_and_licence_are_named(described: Manifest) -> None:
    actual = section(model_card(described, notes=[], noise=NOISE), "Data and licence")
    assert actual == "Trained on none: its weights are written down. Licence of the data: Apache-2.0."


def test_the_table_has_a_row_a_locale_and_a_dash_for_what_was_not_measured(described: Manifest) -> None:
    card = model_card(replace(described, measures={"en-US": VALUES, "mean": VALUES}), notes=[], noise=NOISE)
    table = section(card, "Measures on dev (fractions), from the bundle's own bytes").split("\n\n")[0]
    head, rule, *rows = table.split("\n")
    assert head == f"| locale | utterances | {' | '.join(MEASURES)} |"
    assert head.count("|") == rule.count("|") == rows[0].count("|") == len(MEASURES) + 3
    cells = " | ".join("-" if VALUES[key] is None else "0.5000" for key in MEASURES)
    assert rows == [f"| {name} | 2 | {cells} |" for name in ("en-US", "mean")]


def noise_section(card: str) -> str:
    return section(card, "Exact match lost to noise on dev (fractions), from the bundle's own bytes")


def test_what_noise_costs_is_said_of_every_kind_and_of_those_that_nothing_could_get(
    described: Manifest,
) -> None:
    table, mean, absent = noise_section(model_card(described, notes=[], noise=NOISE)).split("\n\n")
    assert table.split("\n") == [
        "| noise | utterances changed | exact match lost |",
        "|---|---|---|",
        "| a typo in one word | 4 | 0.2500 |",
        "| all in upper case | 2 | 0.0000 |",
        "| Hindi without its non-spacing marks, as no one types it | 1 | 1.0000 |",
    ]
    assert mean == "Mean over what people type: 0.1250."
    assert absent == "Not measured, for no utterance of dev could get it: Hindi in Latin letters."


def test_dev_that_no_noise_changes_has_no_table(described: Manifest) -> None:
    actual = noise_section(model_card(described, notes=[], noise=dict.fromkeys(TYPED, ())))
    assert actual.startswith("Not measured, for no utterance of dev could get it: a typo in one word;")


def test_what_each_threshold_refuses_is_told_with_the_models_own_named(described: Manifest) -> None:
    rows = [RefusalRow(0.5, 0.02, 0.01, 0.75, 0.5), RefusalRow(0.75, 0.005, 0.0, 0.25, 0.125)]
    ood = OodScore(threshold=0.75, weights={"unknown_words": 1.0}, bias=0.0)
    card = model_card(replace(described, ood=ood), notes=[], noise=NOISE, refusals=rows)
    table, _ = section(card, "Refused by a threshold").split("\n\n")
    assert table.split("\n")[2:] == [
        "| 0.500000 | 0.02 | 0.01 | 0.75 | 0.5 |",
        "| 0.750000, the bundle's own | 0.005 | 0.0 | 0.25 | 0.125 |",
    ]
    assert "Refused by a threshold" not in model_card(described, notes=[], noise=NOISE)


def test_a_model_of_other_domains_is_not_judged_by_what_massives_lack(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "home" / "1.0")
    edit_manifest(folder, ood={"threshold": 0.6, "weights": {"unknown_words": 1.0}, "bias": 0.0})
    loaded = load(folder, device="cpu")
    assert refusals_on([], loaded.parser, loaded.manifest) == []


def test_every_kind_of_noise_is_told_in_words() -> None:
    assert tuple(NOISES) == KINDS


def test_provenance_and_limits_stand_in_it(described: Manifest) -> None:
    card = model_card(described, notes=[], noise=NOISE)
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
        ood=OodScore(threshold=0.65, weights={}, bias=0.0),
    )
    plain, limits = (
        section(model_card(each, notes=[], noise=NOISE), "Limits") for each in (described, judged)
    )
    assert "there is no out-of-domain answer" in plain
    assert "whose out-of-domain score is above 0.65 is refused" in limits
    assert "are calibrated on dev" in limits
    assert "not calibrated." in limits.split("\n")[-1]  # of slots
