"""The readers of corpora that tag tokens: `slots` lines and CoNLL columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.read import Example, TextSpan, read
from polyparse.corpora.readers.tagged import join
from polyparse.errors import ConfigError, CorpusError

if TYPE_CHECKING:
    from pathlib import Path

ALARM = "pon:O una:O alarma:O a:B-datetime las:I-datetime 7:30:I-datetime <=> alarm__set_alarm"


def file(path: Path, content: str, encoding: str = "utf-8") -> str:
    path.write_bytes(content.encode(encoding))
    return str(path)


def test_a_line_of_slots_becomes_an_example(tmp_path: Path) -> None:
    file(tmp_path / "test", f"\n{ALARM}\n")
    assert read(f"slots:{tmp_path}", locales=["es-ES"], partition="test") == [
        Example(
            id="2",
            text="pon una alarma a las 7:30",
            locale="es-ES",
            partition="test",
            domain=None,
            intent="alarm__set_alarm",
            slots=(TextSpan("datetime", 15, 25),),
        )
    ]


def test_sentences_of_conll_end_at_blank_lines_and_have_no_intent(tmp_path: Path) -> None:
    content = "-DOCSTART- -DOCSTART- O\n\nLa Art B-LOC\nCoruña N I-LOC\n\n\nEFE\tN\tB-ORG\n"
    file(tmp_path / "esp.testa", content, encoding="latin-1")
    first, second = read(f"conll:{tmp_path / 'esp'}", partition="dev")
    assert first == Example("3", "La Coruña", "und", "dev", None, None, (TextSpan("LOC", 0, 9),))
    assert (second.id, second.text, second.slots) == ("7", "EFE", (TextSpan("ORG", 0, 3),))


def test_conll_is_read_as_utf_8_first_and_lost_characters_show(tmp_path: Path) -> None:
    assert read(f"conll:{file(tmp_path / 'a.test', 'Coruña O')}", partition="test")[0].text == "Coruña"
    damaged = file(tmp_path / "b.test", "Belgi\x81 O", encoding="latin-1")
    assert read(f"conll:{damaged}", partition="test")[0].text == "Belgi\ufffd"


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("O O O", []),
        ("B-a I-a B-a", [("a", "x yy"), ("a", "z")]),
        ("B-a I-b I-b", [("a", "x"), ("b", "yy z")]),
        ("O I-a O", [("a", "yy")]),
        ("a a b", [("a", "x yy"), ("b", "z")]),
        ("a O a", [("a", "x"), ("a", "z")]),
        ("B-x-y I-x-y O", [("x-y", "x yy")]),
    ],
)
def test_tags_become_spans(tags: str, spans: list[tuple[str, str]]) -> None:
    """B-, I- after anything else and a plain name start a span; I- and the same plain name go on with it."""
    text, found = join(["x", "yy", "z"], tags.split())
    assert [(span.name, text[span.start : span.end]) for span in found] == spans


@pytest.mark.parametrize(
    ("form", "line", "message"),
    [
        ("slots", "pon:O una:O", "found 'pon:O una:O', expected 'token:tag token:tag <=> intent'"),
        ("slots", "pon:O <=>  ", "found 'pon:O <=>  ', expected"),
        ("slots", "pon una:O <=> x", "found 'pon', expected token:tag"),
        ("slots", ":O <=> x", "found ':O', expected token:tag"),
        ("slots", "pon: <=> x", "found tag '', expected O, B-name"),
        ("slots", "pon:B- <=> x", "found tag 'B-', expected O, B-name"),
        ("conll", "Madrid", "found 'Madrid', expected a word and its tag"),
        ("conll", "Madrid I-", "found tag 'I-', expected O, B-name"),
    ],
)
def test_an_error_names_file_and_line_and_what_was_found_and_expected(
    tmp_path: Path, form: str, line: str, message: str
) -> None:
    good = {"slots": ALARM, "conll": "EFE B-ORG"}[form]
    path = file(tmp_path / "test", f"{good}\n{line}\n{good}")
    with pytest.raises(CorpusError) as caught:
        read(f"{form}:{path}", partition="test")
    assert str(caught.value).startswith(f"{path}:2: {message}")


def test_one_corpus_has_one_locale(tmp_path: Path) -> None:
    path = file(tmp_path / "test", ALARM)
    with pytest.raises(CorpusError, match="found locales es-ES, en-US, expected one"):
        read(f"slots:{path}", locales=["es-ES", "en-US"], partition="test")


@pytest.mark.parametrize("spec", ["", "slots", "slots:", "conllu:data", "/data/atis"])
def test_a_spec_without_format_or_path_is_refused_with_the_formats_named(spec: str) -> None:
    with pytest.raises(ConfigError, match="expected FORMAT:PATH, FORMAT one of massive, slots, conll"):
        read(spec, partition="train")
