"""The reader of MASSIVE: locales, partitions, fields, and errors that a stranger can act on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.read import Example, TextSpan, read
from polyparse.errors import CorpusError

if TYPE_CHECKING:
    from pathlib import Path

ROW: dict[str, object] = {
    "id": "3",
    "locale": "en-US",
    "partition": "train",
    "scenario": "alarm",
    "intent": "alarm_set",
    "utt": "wake me at nine",
    "annot_utt": "wake me at [time : nine]",
}


def write(folder: Path, locale: str, *rows: dict[str, object]) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / f"{locale}.jsonl").write_text(text, encoding="utf-8")
    return folder


def test_a_row_becomes_an_example(tmp_path: Path) -> None:
    (example,) = read(
        f"massive:{write(tmp_path, 'en-US', ROW, ROW | {'partition': 'dev'})}", partition="train"
    )
    assert example == Example(
        id="3",
        text="wake me at nine",
        locale="en-US",
        partition="train",
        domain="alarm",
        intent="alarm_set",
        slots=(TextSpan("time", 11, 15),),
    )


def test_all_locales_of_the_folder_are_read_unless_some_are_asked_for(tmp_path: Path) -> None:
    for locale in ("sw-KE", "en-US", "hi-IN"):
        write(tmp_path, locale, ROW | {"partition": "test"})
    spec = f"massive:{tmp_path}"
    assert [x.locale for x in read(spec, partition="test")] == ["en-US", "hi-IN", "sw-KE"]
    assert [x.locale for x in read(spec, locales=["sw-KE"], partition="test")] == ["sw-KE"]


def test_blank_lines_and_line_ends_of_any_system_do_not_matter(tmp_path: Path) -> None:
    row = json.dumps(
        ROW | {"partition": "test", "utt": "a\u2028b", "annot_utt": "a\u2028b"}, ensure_ascii=False
    )
    (tmp_path / "en-US.jsonl").write_text(f"\ufeff{row}\r\n\r\n{row}", encoding="utf-8", newline="")
    assert [x.text for x in read(f"massive:{tmp_path}", partition="test")] == ["a\u2028b"] * 2


def test_a_locale_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    write(write(tmp_path, "it-IT", ROW), "en-US", ROW)
    with pytest.raises(CorpusError, match=r"found no de-DE\.jsonl, expected one of en-US, it-IT"):
        read(f"massive:{tmp_path}", locales=["de-DE"], partition="train")


def test_a_folder_without_locales_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"found no \*\.jsonl file"):
        read(f"massive:{tmp_path}", partition="train")


def test_a_partition_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    write(tmp_path, "en-US", ROW, ROW | {"partition": "dev"})
    with pytest.raises(CorpusError, match=r"en-US\.jsonl: found .*: train, dev; expected test"):
        read(f"massive:{tmp_path}", partition="test")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{not json", "found invalid JSON"),
        ("[1]", "found a JSON list, expected an object"),
        (
            json.dumps({k: v for k, v in ROW.items() if k != "utt"}),
            "found no field 'utt', expected id, partition, utt, ",
        ),
        (json.dumps(ROW | {"intent": 4}), "found 4 in field 'intent', expected a string or null"),
        (json.dumps(ROW | {"intent": ""}), "found the intent '', expected a name with a visible character"),
        (json.dumps(ROW | {"scenario": " \u200b"}), "found the scenario ' \\u200b', expected a name"),
        (
            json.dumps(ROW | {"annot_utt": "wake me at [\u2060 : nine]"}),
            "found the slot '\\u2060', expected a",
        ),
        (json.dumps(ROW | {"intent": None}), "found None as intent, expected one as in "),
        (json.dumps(ROW | {"scenario": None}), "found None as scenario, expected one as in "),
        (
            json.dumps(ROW | {"scenario": "music"}),
            "found intent 'alarm_set' in scenario 'music', expected 'alarm' as in ",
        ),
        (
            json.dumps(ROW | {"partition": "valid"}),
            "found partition 'valid', expected one of train, dev, test",
        ),
        (json.dumps(ROW | {"utt": "wake \ud83d me"}), "found U+D83D in field 'utt', expected no half of a"),
        (json.dumps(ROW | {"intent": "a\udc00"}), "found U+DC00 in field 'intent', expected no half of a"),
        (json.dumps(ROW | {"annot_utt": "wake me at [time : nine"}), "found slot 'time' open at the end"),
    ],
)
def test_an_error_names_file_and_line_and_what_was_found_and_expected(
    tmp_path: Path, line: str, message: str
) -> None:
    path = tmp_path / "en-US.jsonl"
    good = json.dumps(ROW | {"partition": "dev"})
    path.write_text(f"{json.dumps(ROW)}\n{good}\n{line}\n", encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        read(f"massive:{tmp_path}", partition="train")
    assert str(caught.value).startswith(f"{path}:3: {message}")
    assert "expected" in str(caught.value)
    assert (caught.value.path, caught.value.line) == (path, 3)


@pytest.mark.parametrize("content", [b"", b" \n\n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "en-US.jsonl").write_bytes(content)
    with pytest.raises(CorpusError, match=r"en-US\.jsonl: found an empty file, expected utterances"):
        read(f"massive:{tmp_path}", partition="train")


def test_bytes_that_are_not_utf_8_are_refused_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "en-US.jsonl").write_bytes(json.dumps(ROW).encode() + b'\n{"utt": "\xe9"}\n')
    with pytest.raises(CorpusError, match=r"en-US\.jsonl:2: found bytes e9, expected UTF-8"):
        read(f"massive:{tmp_path}", partition="train")


def without(*fields: str) -> dict[str, object]:
    return {key: value for key, value in ROW.items() if key not in fields}


@pytest.mark.parametrize(
    ("row", "domain", "intent"),
    [
        (without("scenario"), None, "alarm_set"),
        (ROW | {"scenario": None}, None, "alarm_set"),
        (without("scenario", "intent"), None, None),
        (ROW | {"scenario": None, "intent": None}, None, None),
        (without("intent"), None, None),
    ],
)
def test_scenario_and_intent_may_be_missing_or_null(
    tmp_path: Path, row: dict[str, object], domain: str | None, intent: str | None
) -> None:
    """A domain is known by its intents: without any there is none."""
    rows = [row | {"partition": "test"}] * 2
    for example in read(f"massive:{write(tmp_path, 'en-US', *rows)}", partition="test"):
        assert (example.domain, example.intent) == (domain, intent)


def test_a_scenario_that_is_not_learnt_is_remarked_upon(tmp_path: Path) -> None:
    write(tmp_path, "en-US", without("intent") | {"partition": "test"})
    (example,) = read(f"massive:{tmp_path}", partition="test")
    assert example.origin is not None
    assert example.origin.remarks == ("found the scenario 'alarm' without an intent: not learnt",)


def test_an_example_knows_its_file_and_line(tmp_path: Path) -> None:
    write(tmp_path, "en-US", *[ROW | {"partition": name} for name in ("dev", "train", "test")])
    (example,) = read(f"massive:{tmp_path}", partition="test")
    assert example.origin is not None
    assert example.origin.place == f"{tmp_path / 'en-US.jsonl'}:3"


@pytest.mark.parametrize("locales", [["en-US", "en-US"], ["en-US", "it-IT", "en-us", "en_US"]])
def test_a_locale_asked_for_twice_is_read_once(tmp_path: Path, locales: list[str]) -> None:
    for locale in ("en-US", "it-IT"):
        write(tmp_path, locale, ROW | {"partition": "test"})
    actual = read(f"massive:{tmp_path}", locales=locales, partition="test")
    assert [x.locale for x in actual] == sorted({x.locale for x in actual})


def test_two_files_of_one_locale_are_one_locale_and_what_both_say_counts_once(tmp_path: Path) -> None:
    row = ROW | {"partition": "test"}
    write(tmp_path, "en-US", row, row | {"id": "4"})
    write(tmp_path, "en_us", row, row | {"id": "5"})
    actual = read(f"massive:{tmp_path}", partition="test")
    assert [(x.locale, x.id) for x in actual] == [("en-US", "3"), ("en-US", "4"), ("en-US", "5")]
