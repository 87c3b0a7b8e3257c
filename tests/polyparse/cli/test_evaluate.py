"""`polyparse evaluate`, through the console command: real bundles, a real checkpoint, real files."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from polyparse.cli import main as cli
from polyparse.cli.evaluate import main
from polyparse.contract.frame import Utterance
from polyparse.corpora.read import read
from polyparse.errors import ConfigError
from polyparse.evaluation.evaluate import Case, measure
from polyparse.evaluation.measures import MEASURES
from polyparse.evaluation.reliability import calibration_of
from polyparse.runtime.load import load
from tests.bundles import edit_manifest, write_bundle
from tests.polyparse.evaluation.report.html_tree import read_html
from tests.train import corpus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from train.checkpoint import Checkpoint

    Capture = pytest.CaptureFixture[str]

KEYS = {*MEASURES, "utterances"}
Row = tuple[str, str, str, str]

ROWS: dict[str, list[Row]] = {
    "en-US": [
        ("wake me at seven", "wake me at [time : seven]", "alarm", "alarm_set"),
        ("kitchen lights today", "[place : kitchen] lights [time : today]", "iot", "lights_off"),
        ("wake the lights", "wake the lights", "iot", "lights_off"),
    ],
    "es-ES": [
        ("apaga las luces de la cocina", "apaga las luces de la [place : cocina]", "iot", "lights_off"),
        ("alarm a las siete", "alarm a las [time : siete]", "alarm", "alarm_set"),
    ],
}
REFUSED: list[Row] = [
    ("wake me\x07", "wake me\x07", "alarm", "alarm_set"),
    ("x" * 10_001, "x" * 10_001, "alarm", "alarm_set"),
    ("\u200d", "\u200d", "alarm", "alarm_set"),
]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "models" / "words" / "1")


def write_rows(folder: Path, rows: dict[str, list[Row]]) -> str:
    """A corpus in MASSIVE's layout, all of it test; returns what --corpus takes."""
    folder.mkdir()
    keys = ("utt", "annot_utt", "scenario", "intent")
    for locale, actual in rows.items():
        lines = [
            json.dumps(dict(zip(keys, row, strict=True)) | {"id": str(n), "partition": "test"})
            for n, row in enumerate(actual)
        ]
        folder.joinpath(f"{locale}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return f"massive:{folder}"


def evaluate(system: Sequence[str], spec: str, report: Path, *more: str, partition: str = "test") -> Any:
    """metrics.json of an evaluation."""
    options = [*system, "--corpus", spec, "--partition", partition, "--report", str(report), *more]
    assert cli.main(["evaluate", *options]) == 0
    return json.loads(report.joinpath("metrics.json").read_bytes())


def test_metrics_are_those_of_the_frames_that_the_bundle_gives(tmp_path: Path, bundle: Path) -> None:
    spec = write_rows(tmp_path / "corpus", ROWS)
    metrics = evaluate(["--bundle", str(bundle)], spec, tmp_path / "report")
    examples = read(spec, partition="test")
    frames = load(bundle).parser.parse([Utterance(example.text, example.locale) for example in examples])
    calibration = metrics.pop("calibration")
    assert metrics == measure(examples, frames)
    assert calibration == calibration_of(list(map(Case, examples, frames)))
    assert metrics["locales"]["en-US"]["intent_accuracy"] == pytest.approx(2 / 3)


def test_metrics_have_the_keys_that_scripts_rely_on(tmp_path: Path, bundle: Path) -> None:
    spec = write_rows(tmp_path / "corpus", ROWS)
    metrics = evaluate(["--bundle", str(tmp_path / "models")], spec, tmp_path / "report")
    assert set(metrics) == {"locales", "mean", "calibration"}
    assert set(metrics["calibration"]) == {"pooled", "locales"}
    assert list(metrics["calibration"]["locales"]) == ["en-US", "es-ES"]
    for errors in (metrics["calibration"]["pooled"], *metrics["calibration"]["locales"].values()):
        assert set(errors) == {"intent", "domain", "frame"}
        assert all(set(error) == {"ece", "by_chance"} for error in errors.values())
    assert list(metrics["locales"]) == ["en-US", "es-ES"]
    for measures in (metrics["mean"], *metrics["locales"].values()):
        assert set(measures) == KEYS
    assert metrics["mean"]["utterances"] == 5
    assert bundle.is_dir()


def test_the_locales_asked_for_are_measured_in_that_order(tmp_path: Path, bundle: Path) -> None:
    spec = write_rows(tmp_path / "corpus", ROWS)
    metrics = evaluate(["--bundle", str(bundle)], spec, tmp_path / "report", "--locales", "es-ES,en-US")
    assert list(metrics["locales"]) == ["es-ES", "en-US"]


def test_the_domains_asked_for_are_measured_and_no_others(tmp_path: Path, bundle: Path) -> None:
    spec = write_rows(tmp_path / "corpus", ROWS)
    examples = read(spec, partition="test")
    domain = examples[0].domain
    assert domain is not None
    metrics = evaluate(["--bundle", str(bundle)], spec, tmp_path / "report", "--domains", domain)
    assert metrics["mean"]["utterances"] == sum(one.domain == domain for one in examples) < len(examples)
    command = ["--bundle", str(bundle), "--corpus", spec, "--partition", "test", "--domains", "sport"]
    with pytest.raises(ConfigError, match="--domains: found 'sport', expected some of"):
        main([*command, "--report", str(tmp_path / "other")])
    assert not (tmp_path / "other").exists()


def test_the_terminal_shows_the_measures_and_where_they_were_written(
    tmp_path: Path, bundle: Path, capsys: Capture
) -> None:
    spec = write_rows(tmp_path / "corpus", ROWS)
    metrics = evaluate(["--bundle", str(bundle)], spec, tmp_path / "report")
    head, *rows, mean, trusted, wrote = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["locale", "utterances"]
    assert [row.split()[:3] for row in rows] == [["en-US", "3", "0.6667"], ["es-ES", "2", "1.0000"]]
    assert mean.split()[:2] == ["mean", "5"]
    assert mean.split()[2] == f"{metrics['mean']['exact_match']:.4f}"
    error = metrics["calibration"]["pooled"]["intent"]["ece"]
    assert trusted.startswith(f"expected calibration error: intent {error:.4f}, domain ")
    assert wrote == f"wrote {tmp_path / 'report' / 'metrics.json'} and {tmp_path / 'report' / 'report.html'}"
    assert len({len(line) for line in (head, *rows, mean)}) == 1


def test_the_report_says_how_its_frames_were_made(tmp_path: Path, bundle: Path) -> None:
    spec = write_rows(tmp_path / "corpus", ROWS)
    evaluate(["--bundle", str(bundle)], spec, tmp_path / "report")
    root = read_html((tmp_path / "report" / "report.html").read_text(encoding="utf-8"))
    (facts,) = root.all("dl", "facts")
    actual = dict(zip((n.text for n in facts.all("dt")), (n.text for n in facts.all("dd")), strict=True))
    assert next(root.all("h1")).text == "words 1 on massive test"
    assert actual["Corpus"] == spec
    assert (actual["Partition"], actual["Locales"]) == ("test", "en-US, es-ES")
    assert {"Model", "Version", "Digest (sha256)", "Slot decoding", "Routing", "Date"} <= set(actual)


def test_what_the_parser_refuses_counts_as_wrong(tmp_path: Path, bundle: Path, capsys: Capture) -> None:
    spec = write_rows(tmp_path / "corpus", ROWS | {"en-US": ROWS["en-US"][:1] + REFUSED})
    metrics = evaluate(["--bundle", str(bundle)], spec, tmp_path / "report")
    assert metrics["locales"]["en-US"]["utterances"] == 4
    assert metrics["locales"]["en-US"]["intent_accuracy"] == 0.25
    assert metrics["locales"]["es-ES"]["intent_accuracy"] == 1.0
    said = "Refused, counted as wrong: 1 blank_text, 1 control_character, 1 text_too_long"
    assert said in capsys.readouterr().err
    assert "1 text_too_long" in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")


def test_what_the_model_refuses_counts_as_wrong_and_is_not_judged_for_its_confidence(
    tmp_path: Path, bundle: Path
) -> None:
    signal = {"threshold": 0.5, "weights": {"unknown_words": 20.0}, "bias": -8.0}  # above 0.4 unknown
    edit_manifest(bundle, ood=signal)
    spec = write_rows(tmp_path / "corpus", ROWS)
    metrics = evaluate(["--bundle", str(bundle)], spec, tmp_path / "report")
    assert metrics["locales"]["en-US"]["intent_accuracy"] == pytest.approx(1 / 3)
    assert metrics["locales"]["es-ES"]["domain_accuracy"] == 0.0
    assert metrics["calibration"]["locales"]["es-ES"] == {"intent": None, "domain": None, "frame": None}
    root = read_html((tmp_path / "report" / "report.html").read_text(encoding="utf-8"))
    assert "scores above 0.5" in next(root.all("dl", "facts")).text


def test_a_locale_that_the_bundle_does_not_serve_is_parsed_without_one(
    tmp_path: Path, bundle: Path, capsys: Capture
) -> None:
    spec = write_rows(tmp_path / "corpus", {"fr-FR": ROWS["en-US"][:1], "en-GB": ROWS["en-US"][:1]})
    metrics = evaluate(["--bundle", str(bundle)], spec, tmp_path / "report")
    assert metrics["locales"]["fr-FR"]["exact_match"] == 1.0
    assert "Not served: fr-FR: parsed without a locale" in capsys.readouterr().err


def test_corpora_without_domains_or_intents_are_measured(tmp_path: Path, bundle: Path) -> None:
    slots = corpus.write_slots(tmp_path / "slots")
    conll = corpus.write_conll(tmp_path / "conll")
    for name, spec in (("slots", slots), ("conll", conll)):
        metrics = evaluate(["--bundle", str(bundle)], spec, tmp_path / name / "report", "--locales", "en-US")
        assert metrics["mean"]["domain_accuracy"] is None
        assert (metrics["mean"]["intent_accuracy"] is None) == (name == "conll")


def test_a_checkpoint_is_measured_as_training_measured_it(tmp_path: Path, checkpoint: Checkpoint) -> None:
    spec = corpus.write_massive(tmp_path / "corpus")
    options = ["--checkpoint", str(checkpoint.folder)]
    metrics = evaluate(options, spec, tmp_path / "report", partition="dev")
    assert metrics["mean"] == pytest.approx(checkpoint.read("measures")["mean"])
    assert checkpoint.folder.name in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")


def test_a_pipe_gets_an_aligned_table_in_plain_text(tmp_path: Path, bundle: Path, capsys: Capture) -> None:
    slots = corpus.write_slots(tmp_path / "slots")
    evaluate(["--bundle", str(bundle)], slots, tmp_path / "report", "--locales", "en-US")
    head, row, mean, *_ = capsys.readouterr().out.splitlines()
    assert "\x1b" not in head + row + mean
    titles = ["locale", "utterances", *(measure.title for measure in MEASURES.values())]
    assert re.split(r" {2,}", head) == titles
    ends = [head.index(title) + len(title) for title in titles[1:]]
    cells = [row[:end].split()[-1] for end in ends]
    assert cells[titles.index("Domain accuracy") - 1] == "-"
    assert all(re.fullmatch(r"\d\.\d{4}|-", cell) for cell in cells[1:])
    assert mean.split()[1:] == row.split()[1:]


@pytest.mark.parametrize("system", [[], ["--bundle", "a", "--checkpoint", "b"]], ids=["neither", "both"])
def test_one_subject_is_asked_for(tmp_path: Path, system: list[str], capsys: Capture) -> None:
    options = ["--corpus", "massive:x", "--partition", "test", "--report", str(tmp_path)]
    assert cli.main(["evaluate", *system, *options]) == cli.REFUSED
    assert "--bundle" in capsys.readouterr().err


def test_what_cannot_be_read_is_refused_before_anything_is_written(
    tmp_path: Path, bundle: Path, capsys: Capture
) -> None:
    options = [
        "--corpus",
        f"massive:{tmp_path / 'absent'}",
        "--partition",
        "dev",
        "--report",
        str(tmp_path / "r"),
    ]
    assert cli.main(["evaluate", "--bundle", str(bundle), *options]) == cli.REFUSED
    assert "absent" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_a_tagged_corpus_is_scored_over_its_own_tokens_too(
    tmp_path: Path, bundle: Path, capsys: Capture
) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "test").write_text("wake:O me:O at:O seven:B-time now:O <=> alarm_set\n", encoding="utf-8")
    metrics = evaluate(["--bundle", str(bundle)], f"slots:{folder}", tmp_path / "report")
    assert metrics["tags"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0}
    line = "spans over the corpus's own tokens: precision 1.0000, recall 1.0000, f1 1.0000"
    assert line in capsys.readouterr().out.splitlines()


def test_a_checkpoint_is_decoded_by_other_inferences_where_that_is_asked_for(
    tmp_path: Path, checkpoint: Checkpoint, capsys: Capture
) -> None:
    spec = corpus.write_massive(tmp_path / "corpus")
    metrics = evaluate(
        ["--checkpoint", str(checkpoint.folder)], spec, tmp_path / "report", "--decoders", partition="dev"
    )
    assert list(metrics["decoders"]) == ["viterbi", "ain", "emissions"]
    assert metrics["decoders"]["viterbi"] == {"slot_f1": metrics["mean"]["slot_f1"]}
    lines = capsys.readouterr().out.splitlines()
    for name, found in metrics["decoders"].items():
        assert f"decoded by {name}: slot F1 {found['slot_f1']:.4f}" in lines


def test_utterances_with_new_words_are_measured_apart_where_that_is_asked_for(
    tmp_path: Path, bundle: Path, capsys: Capture
) -> None:
    """The train partition has all words of one utterance in each language."""
    spec = write_rows(tmp_path / "corpus", ROWS)
    for locale, text in {"en-US": "wake me at seven alarm", "es-ES": "apaga las luces de la cocina"}.items():
        row = {"utt": text, "annot_utt": text, "scenario": "alarm", "intent": "alarm_set"}
        lines = [json.dumps({"id": name, "partition": name, **row}) for name in ("train", "dev")]
        with (tmp_path / "corpus" / f"{locale}.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(f"\n{line}" for line in lines)
    system, report = ["--bundle", str(bundle)], tmp_path / "report"
    assert "new_words" not in evaluate(system, spec, report)
    apart = evaluate(system, spec, report, "--new-words")["new_words"]
    assert {name: of_locale["utterances"] for name, of_locale in apart["locales"].items()} == {
        "en-US": 2,
        "es-ES": 1,
    }
    assert apart["mean"]["utterances"] == 3
    told = f"with new words, mean: utterances 3, exact match {apart['mean']['exact_match']:.4f}, "
    assert any(line.startswith(told) for line in capsys.readouterr().out.splitlines())


def test_a_bundle_has_one_decoder(tmp_path: Path, bundle: Path, capsys: Capture) -> None:
    spec = write_rows(tmp_path / "corpus", ROWS)
    options = ["--bundle", str(bundle), "--corpus", spec, "--partition", "test", "--decoders"]
    assert cli.main(["evaluate", *options, "--report", str(tmp_path / "report")]) != 0
    assert "--decoders: found a bundle, whose graph has one decoder" in capsys.readouterr().err
