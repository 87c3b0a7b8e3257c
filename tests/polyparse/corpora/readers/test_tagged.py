"""The readers of corpora that tag tokens: `slots` lines and CoNLL columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.read import Example, TextSpan, read
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


def test_tokens_may_have_tabs_and_several_spaces_between_them(tmp_path: Path) -> None:
    plain = read(f"slots:{file(tmp_path / 'test', ALARM)}", partition="test")
    spaced = ALARM.replace(" una", "\tuna").replace(" a:", "  a:")
    assert read(f"slots:{file(tmp_path / 'test', spaced)}", partition="test") == plain


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
def test_tags_become_spans(tmp_path: Path, tags: str, spans: list[tuple[str, str]]) -> None:
    """B-, I- after anything else and a plain name start a span; I- and the same plain name go on with it."""
    assert read_tags(tmp_path, tags) == [spans]


def read_tags(folder: Path, *sentences: str) -> list[list[tuple[str, str]]]:
    """The slots of each sentence, by name and value, whose words are x, yy, z, ..."""
    words = ["x", "yy", "z", "ww", "v"]
    pairs = (zip(words, tags.split(), strict=False) for tags in sentences)
    lines = (" ".join(f"{word}:{tag}" for word, tag in sentence) + " <=> say\n" for sentence in pairs)
    actual = read(f"slots:{file(folder / 'test', ''.join(lines))}", partition="test")
    return [[(span.name, x.text[span.start : span.end]) for span in x.slots] for x in actual]


@pytest.mark.parametrize(
    ("form", "line", "message"),
    [
        ("slots", "pon:O una:O", "found 'pon:O una:O', expected 'token:tag token:tag <=> intent'"),
        ("slots", "pon:O <=>  ", "found 'pon:O <=>  ', expected"),
        ("slots", "pon una:O <=> x", "found 'pon', expected token:tag"),
        ("slots", ":O <=> x", "found ':O', expected token:tag"),
        ("slots", "pon:O\u00a0una:O <=> x", "found 'pon:O\\xa0una:O', expected token:tag"),
        ("slots", "pon: <=> x", "found tag '', expected O, B-name"),
        ("slots", "pon:o una:b-a <=> x", "found tag 'o', expected O, B-name"),
        ("slots", "pon:0 una:B-a <=> x", "found tag '0', expected O, B-name"),
        ("slots", "pon:B-_ <=> x", "found tag 'B-_', expected O, B-name"),
        ("slots", "pon:B- <=> x", "found tag 'B-', expected O, B-name"),
        ("slots", "pon:E- <=> x", "found tag 'E-', expected O, B-name"),
        ("slots", "pon:B-\u200b <=> x", "found the slot '\\u200b', expected a name with a visible character"),
        ("slots", "pon:\ufe0f <=> x", "found the tag '\\ufe0f', expected a name with a visible character"),
        ("slots", "pon:O <=> \u2060", "found the intent '\\u2060', expected a name with a visible character"),
        ("conll", "Madrid", "found 'Madrid', expected a word and its tag"),
        ("conll", "Madrid I-", "found tag 'I-', expected O, B-name"),
        ("conll", "Madrid\tN\t_", "found tag '_', expected O, B-name"),
        ("conll", "La Coruña\tB-LOC", "found 'La Coruña' before the first tab, expected one word"),
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


def test_an_example_knows_its_file_and_line(tmp_path: Path) -> None:
    path = file(tmp_path / "test", f"\n{ALARM}\n")
    (example,) = read(f"slots:{path}", partition="test")
    assert example.origin is not None
    assert example.origin.place == f"{path}:2"


def test_comments_before_a_sentence_of_conll_are_no_words(tmp_path: Path) -> None:
    content = (
        "# newdoc\n# sent_id = 1\n# text = I love B-LOC\nLa B-LOC\nCoruña I-LOC\n\n"
        "# id 5a0c-77 domain=test\n#\n#madrid B-LOC\n# O\n\n# the end\n"
    )
    actual = read(f"conll:{file(tmp_path / 'a.test', content)}", partition="test")
    assert [x.text for x in actual] == ["La Coruña", "#madrid #"]


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("# text = pon\n1\tpon\tponer\tVERB\t_\t_\t0\troot\t_\tO\n2\tya\tya\tADV\t_\t_\t1\tx\t_\tO\n", 10),
        ("1-2\tvámonos\t_\n1\tvamos\tO\n2\tnos\tO\n2.1\tya\tO\n\n1\tpon\tO\n", 3),
        ("0 pon O\n1 ya O\n", 3),
    ],
)
def test_a_table_whose_first_column_counts_the_words_is_refused_with_what_to_do(
    tmp_path: Path, content: str, columns: int
) -> None:
    path = file(tmp_path / "a.test", content)
    with pytest.raises(
        CorpusError, match=rf"found the number '.*' in the first of {columns} columns.*cut -f2,N"
    ):
        read(f"conll:{path}", partition="test")


def test_numbers_may_be_words(tmp_path: Path) -> None:
    path = file(tmp_path / "a.test", "1 O\n2 O\n3 O\n\nuno O\n")
    assert [x.text for x in read(f"conll:{path}", partition="test")] == ["1 2 3", "uno"]


def test_a_tab_behind_the_tag_is_nothing(tmp_path: Path) -> None:
    path = file(tmp_path / "a.test", "La Art B-LOC \t\nCoruña N I-LOC\t\n")
    assert [x.text for x in read(f"conll:{path}", partition="test")] == ["La Coruña"]


def test_one_locale_named_twice_is_one(tmp_path: Path) -> None:
    path = file(tmp_path / "test", ALARM)
    (example,) = read(f"slots:{path}", locales=["es-ES", "es-ES"], partition="test")
    assert example.locale == "es-ES"


def test_one_corpus_has_one_locale(tmp_path: Path) -> None:
    path = file(tmp_path / "test", ALARM)
    with pytest.raises(CorpusError, match="found locales es-ES, en-US, expected one"):
        read(f"slots:{path}", locales=["es-ES", "en-US"], partition="test")


@pytest.mark.parametrize("spec", ["", "slots", "slots:", "conllu:data", "/data/atis"])
def test_a_spec_without_format_or_path_is_refused_with_the_formats_named(spec: str) -> None:
    with pytest.raises(ConfigError, match="expected FORMAT:PATH, FORMAT one of massive, slots, conll"):
        read(spec, partition="train")
