"""What `polyparse train` says about its corpus: the count of findings, and where to look; and what it leaves out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from polyparse.cli.main import main
from polyparse.contract.frame import Utterance
from tests.train.tiny import SETTINGS
from train.checkpoint import Checkpoint
from train.finished import parser_of

if TYPE_CHECKING:
    from pathlib import Path

WORDS = [f"w{number}" for number in range(12)]
TRAIN = [f"wake:O me:O at:O {word}:B-time <=> alarm" for word in WORDS]
TRAIN += [f"light:O the:O {word}:B-room <=> light" for word in WORDS]
DEV = ["wake:O us:O at:O w3:B-time <=> alarm", "light:O w4:B-room <=> light"]
ROWS: list[dict[str, Any]] = [
    {"utt": f"wake me at {word}", "annot_utt": f"wake me at [time : {word}]", "intent": "alarm"}
    for word in WORDS
] + [
    {"utt": f"light the {word}", "annot_utt": f"light the [room : {word}]", "intent": "light"}
    for word in WORDS
]


def train(corpus: str, folder: Path, *more: str) -> int:
    out = ["--out", str(folder / "run"), "--threads=1", "--quiet"]
    return main(["train", "stm", "--corpus", corpus, *out, *SETTINGS, "--set=optim.epochs=1", *more])


def write_slots(folder: Path, train_lines: list[str], dev_lines: list[str]) -> str:
    (folder / "train").write_text("\n".join([*TRAIN, *train_lines]), encoding="utf-8")
    (folder / "valid").write_text("\n".join([*DEV, *dev_lines]), encoding="utf-8")
    return f"slots:{folder}"


def write_massive(folder: Path, *more: dict[str, Any], **fields: Any) -> str:
    """Rows of two intents, each with these fields, then more rows."""
    lines = [
        {"id": str(index), "partition": "dev" if index % 6 == 0 else "train", **row}
        for index, row in enumerate([*({**row, **fields} for row in ROWS), *more])
    ]
    text = "\n".join(json.dumps(line) for line in lines)
    (folder / "en-US.jsonl").write_text(text, encoding="utf-8")
    return f"massive:{folder}"


def test_of_a_corpus_in_order_nothing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(write_slots(tmp_path, [], []), tmp_path) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("more", "dev", "said"),
    [
        (
            ["wake:O me:O at:O w1:B-time <=> light"],
            [],
            "intents: 1 ({0}/train:25: 'wake me at w1' is 'light' here and 'alarm' in {0}/train:2)",
        ),
        ([], TRAIN[:2], "utterances of dev or test that stand in train too: 2 ({0}/valid:3: "),
        (
            [],
            ["call:O ana:B-contact <=> light"],
            "labels of dev or test that training has not: 1 ({0}/valid:3: slot",
        ),
        (["wake:O \ufe0f:B-time <=> alarm"], [], "slots without a visible character or a word, refused"),
        (["wake:O h\u0007i:B-time <=> alarm"], [], "texts that the service will refuse: 1 ({0}/train:25: "),
        (["wake:O you:O at:O six:B-Time <=> alarm"], [], "names that differ only in case"),
    ],
)
def test_findings_are_said_in_one_line_with_the_command_that_shows_them(
    more: list[str], dev: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(write_slots(tmp_path, more, dev), tmp_path, "--locales=en-US") == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert said.format(tmp_path) in line
    assert line.endswith(f"; see: polyparse data check slots:{tmp_path} --locales en-US")


def test_one_intent_is_said_to_leave_nothing_to_tell_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train").write_text("\n".join(TRAIN[:12]), encoding="utf-8")
    assert train(f"slots:{tmp_path}", tmp_path) == 0
    assert "one intent only: 1 " in (err := capsys.readouterr().err)
    assert "nothing to tell apart" in err


def test_an_utterance_whose_slot_cuts_a_word_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = {"utt": "osloto w1", "annot_utt": "[from : oslo]to w1", "intent": "alarm"}
    assert train(write_massive(tmp_path, ROWS[0], cut), tmp_path) == 0
    line = next(line for line in capsys.readouterr().err.splitlines() if "inside a word, refused" in line)
    assert f"{tmp_path}/en-US.jsonl:26: slot 'from' ('oslo') ends inside the word 'osloto'" in line
    assert Checkpoint(tmp_path / "run").labels().slots == ("room", "time")


def test_a_corpus_of_nothing_to_learn_is_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train").write_text("play:O ...:B-song <=> music\n" * 3, encoding="utf-8")
    assert train(f"slots:{tmp_path}", tmp_path) == 2
    assert "found no training utterance whose slots can be learnt" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("tags", [("B", "E", "S"), ("B", "L", "U")])
def test_tags_that_close_their_spans_make_no_slots_of_their_own(
    tags: tuple[str, str, str], tmp_path: Path
) -> None:
    first, last, only = tags
    lines = [line.replace(":B-", f":{only}-") for line in TRAIN]
    lines += [f"play:O hey:{first}-song jude:{last}-song <=> music", f"play:O help:{only}-song <=> music"]
    (tmp_path / "train").write_text("\n".join(lines), encoding="utf-8")
    assert train(f"slots:{tmp_path}", tmp_path) == 0
    assert Checkpoint(tmp_path / "run").labels().slots == ("room", "song", "time")


@pytest.mark.parametrize("scenario", [{}, {"scenario": None}])
@pytest.mark.parametrize("intent", [{}, {"intent": None}])
def test_without_scenarios_or_intents_frames_have_none(
    scenario: dict[str, None], intent: dict[str, None], tmp_path: Path
) -> None:
    assert train(write_massive(tmp_path, **scenario, **intent), tmp_path) == 0
    (frame,) = parser_of(Checkpoint(tmp_path / "run")).parse([Utterance("wake me at w1")])
    assert frame.domain is None
    assert (frame.intent is None) == bool(intent)


def test_a_scenario_without_intents_trains_slots_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(write_massive(tmp_path, scenario="home", intent=None), tmp_path) == 0
    assert "found the scenario 'home' without an intent: not learnt" in capsys.readouterr().err
    (frame,) = parser_of(Checkpoint(tmp_path / "run")).parse([Utterance("wake me at w1")])
    assert (frame.domain, frame.intent) == (None, None)


def test_a_locale_named_twice_is_trained_on_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(write_massive(tmp_path), tmp_path, "--locales=en-US,en-US") == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("utterances 4")
    assert Checkpoint(tmp_path / "run").run().locales == ("en-US",)
