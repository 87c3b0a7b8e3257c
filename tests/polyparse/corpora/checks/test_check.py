"""Every check finds what it looks for, with file and line, and nothing in a corpus that is in order."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.checks.check import CHECKS, count, findings_of, in_one_line, report
from polyparse.corpora.checks.corpus import Corpus, Finding
from polyparse.corpora.checks.slots import learnable
from polyparse.corpora.read import read_all

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.corpora.example import Example

NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "noon", "dusk"]
TRAIN = [
    *(f"wake:O me:O at:O {number}:B-time <=> alarm" for number in NUMBERS),
    *(f"light:O the:O room:O {number}:B-room <=> light" for number in NUMBERS),
]
DEV = ["wake:O us:O at:O six:B-time <=> alarm", "light:O room:O nine:B-room <=> light"]
WHERE = len(TRAIN) + 1
"""The line of the first training utterance that a test adds."""


def corpus_of(folder: Path, train: list[str], dev: list[str]) -> Corpus:
    """A corpus in order, with more lines."""
    for name, lines in (("train", [*TRAIN, *train]), ("valid", [*DEV, *dev])):
        (folder / name).write_text("\n".join(lines), encoding="utf-8")
    return Corpus(read_all(f"slots:{folder}"))


def messages(folder: Path, train: list[str], dev: list[str]) -> dict[str, list[str]]:
    """Title -> findings, without the folder."""
    findings = findings_of(corpus_of(folder, train, dev))
    return {title: [str(each).replace(f"{folder}/", "") for each in of] for title, of in findings.items()}


def test_a_corpus_in_order_has_no_finding(tmp_path: Path) -> None:
    assert messages(tmp_path, [], []) == {}


@pytest.mark.parametrize(
    ("train", "dev", "title", "finding"),
    [
        (
            ["Wake:O ME:O at:O six:B-time <=> light"],
            [],
            "the same text under two intents",
            f"train:{WHERE}: 'Wake ME at six' is 'light' here and 'alarm' in train:6",
        ),
        (
            [],
            ["wake:O me:O at:O six:B-time <=> light"],
            "the same text under two intents",
            "valid:3: 'wake me at six' is 'light' here and 'alarm' in train:6",
        ),
        (
            ["wake:O me:O at:O six:O <=> alarm"],
            [],
            "the same text with other slots",
            f"train:{WHERE}: 'wake me at six' has no slot here and time 'six' in train:6",
        ),
        (
            [],
            ["wake:O me:O at:O two:B-time <=> alarm"],
            "utterances of dev or test that stand in train too",
            "valid:3: 'wake me at two' of dev stands in train:2 too",
        ),
        (
            [],
            ["call:O ana:B-contact <=> light", "call:O bea:B-contact <=> light"],
            "labels of dev or test that training has not",
            "valid:3: slot 'contact' of these utterances: 2 of dev",
        ),
        (
            [],
            ["call:O me:O <=> call"],
            "labels of dev or test that training has not",
            "valid:3: intent 'call' of these utterances: 1 of dev",
        ),
        (
            ["wake:O him:O at:O six:B-Time <=> alarm"],
            [],
            "names that differ only in case, hyphens, underscores or spaces",
            f"train:{WHERE}: slot 'Time', and 'time' in train:1",
        ),
        (
            ["wake:O him:O at:O six:B-t_i-me <=> alarm"],
            [],
            "names that differ only in case, hyphens, underscores or spaces",
            f"train:{WHERE}: slot 't_i-me', and 'time' in train:1",
        ),
        (
            ["hello:O <=> Alarm"],
            [],
            "names that differ only in case, hyphens, underscores or spaces",
            f"train:{WHERE}: intent 'Alarm', and 'alarm' in train:1",
        ),
        (
            ["hello:O <=> al\u200barm"],
            [],
            "names that differ only in case, hyphens, underscores or spaces",
            f"train:{WHERE}: intent 'al\\u200barm', and 'alarm' in train:1",
        ),
        (
            ["wake:O him:O at:O six:B-t\u0456me <=> alarm"],
            [],
            "names with a character that is not seen, or looks like another",
            f"train:{WHERE}: slot 't\\u0456me'",
        ),
        (
            [
                "wake:O him:O at:O six:B-ma\u00f1ana <=> alarm",
                "wake:O her:O at:O six:B-man\u0303ana <=> alarm",
            ],
            [],
            "names that differ only in case, hyphens, underscores or spaces",
            f"train:{WHERE + 1}: slot 'man\\u0303ana', and 'ma\u00f1ana' in train:{WHERE}",
        ),
        (
            ["hello:O <=> greet"],
            [],
            "intents with fewer than 10 training utterances",
            f"train:{WHERE}: intent 'greet' has 1",
        ),
        (
            ["wake:O ana:B-who <=> alarm"] * 4,
            [],
            "slots with fewer than 5 training examples",
            f"train:{WHERE}: slot 'who' has 4",
        ),
        (
            [f"hello:O {number}:O <=> greet" for number in range(121)],
            [],
            "intents far more frequent than the others",
            f"train:{WHERE}: intent 'greet' has 121 training utterances, the others 12 in the middle",
        ),
        (
            ["wake:O at:O six:I-time <=> alarm"],
            [],
            "tags and labels that are not as their format has them",
            f"train:{WHERE}: found I-time at the start of a slot, expected B-",
        ),
        (
            ["wake:O at:O six:time <=> alarm"],
            [],
            "tags and labels that are not as their format has them",
            f"train:{WHERE}: found time, read as the name of a slot, expected O, B-name, I-name",
        ),
        (
            ["wake:O s\u0007ix:B-time <=> alarm"],
            [],
            "texts that the service will refuse",
            f"train:{WHERE}: found U+0007 at offset 6, expected no control character",
        ),
        (
            ["wake:O \ufe0f:B-time <=> alarm"],
            [],
            "slots without a visible character or a word, refused: their utterances are left out of training",
            f"train:{WHERE}: slot 'time' is '\\ufe0f', which has no visible character",
        ),
        (
            ["wake:O ...:B-time !?:I-time <=> alarm"],
            [],
            "slots without a visible character or a word, refused: their utterances are left out of training",
            f"train:{WHERE}: slot 'time' is '... !?', which has marks and no word",
        ),
    ],
)
def test_a_check_finds_what_it_looks_for(
    tmp_path: Path, train: list[str], dev: list[str], title: str, finding: str
) -> None:
    assert any(each.startswith(finding) for each in messages(tmp_path, train, dev)[title])


def test_one_intent_alone_is_found(tmp_path: Path) -> None:
    (tmp_path / "train").write_text("\n".join(TRAIN[:12]), encoding="utf-8")
    findings = findings_of(Corpus(read_all(f"slots:{tmp_path}")))
    (finding,) = findings["one intent only"]
    assert "are 'alarm': nothing to tell apart" in finding.message


def massive(folder: Path, *rows: tuple[str, str]) -> list[Example]:
    """Training examples of texts and their annotations."""
    fields = {"partition": "train", "scenario": "play", "intent": "play_music"}
    records = [
        fields | {"id": str(index), "utt": text, "annot_utt": annotation}
        for index, (text, annotation) in enumerate(rows)
    ]
    lines = "\n".join(json.dumps(record) for record in [*records, records[0] | {"partition": "dev"}])
    (folder / "en-US.jsonl").write_text(lines, encoding="utf-8")
    return read_all(f"massive:{folder}")["train"]


@pytest.mark.parametrize(
    ("text", "annotation", "problem"),
    [
        ("osloto madrid", "[from : oslo]to madrid", "'from' ('oslo') ends inside the word 'osloto'"),
        ("to newmadrid", "to new[to : madrid]", "'to' ('madrid') begins inside the word 'newmadrid'"),
        ("कमराबंद करो", "[room : कमरा]बंद करो", "'room' ('कमरा') ends inside the word 'कमराबंद'"),
        ("at 12:30", "at [hour : 12]:30", "'hour' ('12') ends inside the word '12:30'"),
    ],
)
def test_a_slot_that_cuts_a_word_is_found_and_its_utterance_is_not_learnt(
    tmp_path: Path, text: str, annotation: str, problem: str
) -> None:
    train = massive(tmp_path, ("play help", "play [song : help]"), (text, annotation))
    (findings,) = (
        of for title, of in findings_of(Corpus({"train": train})).items() if "inside a word" in title
    )
    assert findings == [Finding(f"{tmp_path}/en-US.jsonl:2", f"slot {problem}")]
    assert learnable(train) == train[:1]


@pytest.mark.parametrize(
    ("text", "annotation"),
    [
        ("ana's song", "[who : ana]'s song"),
        ("l'aria", "l'[song : aria]"),
        ("at 7 p.m.", "at [time : 7 p.m]."),
        ("金曜日の会議", "[date : 金曜日]の会議"),
        ("play 🙂", "play [song : 🙂]"),
        ("pay $ now", "pay [currency : $] now"),
    ],
)
def test_a_slot_of_whole_words_is_learnt_whatever_stands_beside_it(
    tmp_path: Path, text: str, annotation: str
) -> None:
    train = massive(tmp_path, (text, annotation))
    assert learnable(train) == train


def test_another_text_under_the_same_id_is_found(tmp_path: Path) -> None:
    train = massive(tmp_path, ("play help", "play [song : help]"), ("stop", "stop"))
    one_id = [replace(example, id="7") for example in train]
    assert findings_of(Corpus({"train": one_id}))["ids that several utterances of a locale share"] == [
        Finding(
            f"{tmp_path}/en-US.jsonl:2", f"'stop' has the id '7' of 'play help' in {tmp_path}/en-US.jsonl:1"
        )
    ]
    translated = [one_id[0], replace(one_id[1], locale="it-IT")]
    assert "ids that several utterances of a locale share" not in findings_of(Corpus({"train": translated}))


def test_an_utterance_in_the_file_of_another_locale_is_found(tmp_path: Path) -> None:
    row = {"id": "0", "utt": "stop", "annot_utt": "stop"}
    of_train = [row | {"partition": "train", "locale": locale, "id": locale} for locale in ("en_us", "de-DE")]
    lines = map(json.dumps, [*of_train, row | {"partition": "dev"}])
    (tmp_path / "en-US.jsonl").write_text("\n".join(lines), encoding="utf-8")
    found = findings_of(Corpus({"train": read_all(f"massive:{tmp_path}")["train"]}))
    assert found["tags and labels that are not as their format has them"] == [
        Finding(
            f"{tmp_path}/en-US.jsonl:2", "found the locale 'de-DE' in the file of 'en-US': read as 'en-US'"
        )
    ]


def test_the_same_text_in_two_locales_is_not_the_same(tmp_path: Path) -> None:
    train = massive(tmp_path, ("no", "no"))
    other = [type(x)(x.id, x.text, "it-IT", "dev", x.domain, "deny", x.slots, x.origin) for x in train]
    assert "the same text under two intents" not in findings_of(Corpus({"train": train, "dev": other}))


def test_without_train_nothing_is_said_to_be_unknown_to_it(tmp_path: Path) -> None:
    (tmp_path / "test").write_text("\n".join(DEV), encoding="utf-8")
    assert findings_of(Corpus(read_all(f"slots:{tmp_path}"))) == {}


def test_a_report_shows_some_findings_of_each_kind_and_says_how_many_more_there_are() -> None:
    findings = {
        "late": [Finding(f"train:{line}", "late") for line in (1, 2, 3)],
        "lost": [Finding("x:9", "lost")],
    }
    lines = list(report(findings, examples=2))
    assert lines == [
        "late: 3",
        "  train:1: late",
        "  train:2: late",
        "  and 1 more",
        "",
        "lost: 1",
        "  x:9: lost",
        "",
    ]
    assert (count(findings), count({}), count({"lost": findings["lost"]})) == (
        "4 findings",
        "no findings",
        "1 finding",
    )


def test_a_line_has_every_count_and_the_first_place_of_each_kind() -> None:
    findings = {
        "late": [Finding("train:1", "at ten"), Finding("train:2", "at six")],
        "lost": [Finding("x:9", "ana")],
    }
    assert in_one_line(findings) == "3 findings in the corpus: late: 2 (train:1: at ten); lost: 1 (x:9: ana)"


def test_every_title_is_said_once() -> None:
    assert len(set(CHECKS)) == len(CHECKS) == len(set(CHECKS.values()))
