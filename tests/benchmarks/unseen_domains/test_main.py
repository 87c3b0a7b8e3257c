"""The benchmark that leaves domains out, on a small corpus."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks.unseen_domains import __main__ as unseen_domains
from polyparse.inference.ood import OodScore
from polyparse.schema import structure
from tests.benchmarks.unseen_domains import toy

if TYPE_CHECKING:
    from pathlib import Path

SMALL = [
    f"--set={key}"
    for key in (
        "optim.epochs=1",
        "joint.encoder.hidden_size=8",
        "joint.mlp_size=8",
        "classifier.bag.vector_size=4",
        "classifier.bag.epochs=1",
    )
]


def test_every_domain_has_its_figure_and_the_weights_are_written(tmp_path: Path) -> None:
    record, weights = tmp_path / "unseen_domains.json", tmp_path / "weights.json"
    spec = toy.write(tmp_path / "corpus")
    requested = [
        "--corpus",
        spec,
        "--locales",
        toy.LOCALE,
        "--folds",
        "4",
        "--members",
        "1",
        "--signals",
        "tempered_domain_entropy,unknown_words",
    ]
    requested += ["--json", str(record), "--ood", str(weights), "--out", str(tmp_path / "out"), *SMALL]
    assert unseen_domains.main(requested) in {0, 1}
    figures = json.loads(record.read_text(encoding="utf-8"))["figures"]
    areas = [figures[f"auroc_{domain}"] for domain in toy.TEXTS]
    assert figures["ood_auroc"] == pytest.approx(sum(areas) / len(areas), rel=1e-4)
    actual = structure(OodScore, json.loads(weights.read_text(encoding="utf-8")), where="weights.json")
    assert set(actual.weights) == {"tempered_domain_entropy", "unknown_words"}
    assert actual.threshold == pytest.approx(figures["threshold"], rel=1e-4)


@pytest.mark.parametrize(
    ("requested", "message"),
    [
        (["--signals", "mood"], "--signals: found 'mood', expected some of tempered_domain_entropy"),
        (
            ["--signals", "unseen_ngrams,unknown_words=much"],
            "--signals: unknown_words: found 'much', expected a number",
        ),
        (["--corpus", "massive:no/such/folder"], "--corpus: found nothing at no/such/folder"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_line(
    requested: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert unseen_domains.main(requested) == 2
    assert message in capsys.readouterr().err
