"""`polyparse vectors`: languages are trained, fetched, aligned, measured and merged, and a network starts from them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.cli.main import main
from tests.train import corpus
from tests.train.vectors.file_server import serving
from tests.train.vectors.planted import planted
from train.cli.vectors.main import arguments
from train.embeddings.word_space import read_space, write_space
from train.progress import SilentProgress

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from train.embeddings.word_space import WordSpace

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT.joinpath("docs", "vectors.md").read_text(encoding="utf-8")
LANGUAGES = planted()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A source and a target, rotated, and dictionaries to learn from and to measure by."""
    write_space(tmp_path / "it.vec", LANGUAGES.source)
    write_space(tmp_path / "en.vec", LANGUAGES.target)
    for name, first, last in (("learn", 0, 50), ("test", 40, 200)):
        lines = "".join(f"{word} {other}\n" for word, other in LANGUAGES.pairs(first, last))
        tmp_path.joinpath(f"it-en.{name}.txt").write_text(lines)
    return tmp_path


def vectors(folder: Path, action: str, *arguments_: str) -> int:
    """Run an action; file names are those of the folder."""
    return main(["vectors", action, *(argument.format(folder) for argument in arguments_), "--quiet"])


def space(file: Path) -> WordSpace:
    return read_space(file, limit=1000, progress=SilentProgress())


ALIGN = ("{}/it.vec", "{}/en.vec", "--out={}/aligned")
LEARN = "--dictionary={}/it-en.learn.txt"


@pytest.mark.parametrize(
    "options",
    [
        ("--refine=0",),
        ("--refine=2", "--commonest=100"),
        ("--method=self-learning", "--last=orthogonal", "--patience=3"),
        ("--method=self-learning", "--patience=3"),
        ("--method=rcsls", "--steps=0"),
    ],
)
def test_a_planted_rotation_is_recovered_and_measured(
    options: Sequence[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert vectors(folder, "align", *ALIGN, LEARN, *options) == 0
    source, target = (space(folder / "aligned" / f"{name}.align.vec") for name in ("it", "en"))
    np.testing.assert_allclose(source.vectors_VE, target.vectors_VE, atol=1e-5)
    assert (source.words, target.words) == (LANGUAGES.source.words, LANGUAGES.target.words)
    assert json.loads(folder.joinpath("aligned", "alignment.json").read_text())["pairs"] == 50
    capsys.readouterr()
    aligned = ("{}/aligned/it.align.vec", "{}/aligned/en.align.vec")
    options = ("--without={}/aligned/dictionary.txt", "--json={}/measures.json")
    assert vectors(folder, "evaluate", *aligned, "--dictionary={}/it-en.test.txt", *options) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^pairs +words  nn P@1 +nn P@5 +csls P@1 +csls P@5$", printed, re.MULTILINE)
    assert re.search(r"^all +150 +1\.0000 +1\.0000 +1\.0000 +1\.0000$", printed, re.MULTILINE)
    assert "coverage: 1.0000 (150 of 150 source words)" in printed
    assert json.loads(folder.joinpath("measures.json").read_text())["all"]["csls_p1"] == 1.0


def test_what_is_held_out_teaches_nothing_and_judges(folder: Path) -> None:
    assert vectors(folder, "align", *ALIGN, LEARN, "--refine=0", "--hold-out=0.2") == 0
    learnt, held = (
        {tuple(line.split("\t")) for line in folder.joinpath("aligned", name).read_text().splitlines()}
        for name in ("dictionary.txt", "held-out.txt")
    )
    assert learnt | held == set(LANGUAGES.pairs(0, 50))
    assert (len(learnt), len(held)) == (40, 10)
    aligned = ("{}/aligned/it.align.vec", "{}/aligned/en.align.vec")
    given = ("--dictionary={}/aligned/held-out.txt", "--json={}/measures.json")
    assert vectors(folder, "evaluate", *aligned, *given) == 0
    assert json.loads(folder.joinpath("measures.json").read_text())["all"] == pytest.approx(
        {"words": 10, "nn_p1": 1.0, "nn_p5": 1.0, "csls_p1": 1.0, "csls_p5": 1.0}
    )


def test_identical_strings_align_what_has_them(folder: Path) -> None:
    named = [
        type(each)(
            tuple(f"w{word[1:]}" if index < 60 else word for index, word in enumerate(each.words)),
            each.vectors_VE,
        )
        for each in (LANGUAGES.source, LANGUAGES.target)
    ]
    write_space(folder / "it.vec", named[0])
    write_space(folder / "en.vec", named[1])
    assert vectors(folder, "align", *ALIGN, "--identical", "--refine=0") == 0
    source, target = (space(folder / "aligned" / f"{name}.align.vec") for name in ("it", "en"))
    np.testing.assert_allclose(source.vectors_VE, target.vectors_VE, atol=1e-5)
    assert folder.joinpath("aligned", "dictionary.txt").read_text().splitlines()[59] == "w59\tw59"


def test_an_induced_dictionary_is_written_beside_what_it_aligned(folder: Path) -> None:
    texts = {
        locale: [
            " ".join(f"{letter}{word}" for word in words)
            for words in np.random.default_rng(1).integers(0, 40, (300, 4))
        ]
        for locale, letter in (("it-IT", "s"), ("en-US", "t"))
    }
    for locale, utterances in texts.items():
        rows = [
            {
                "id": str(number),
                "locale": locale,
                "partition": "train",
                "scenario": "a",
                "intent": "a_b",
                "utt": text,
                "annot_utt": text,
            }
            for number, text in enumerate(utterances)
        ]
        folder.joinpath(f"{locale}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = ("--induced=massive:{}", "--locales=it-IT,en-US", "--refine=0")
    assert vectors(folder, "align", *ALIGN, *options) == 0
    lines = folder.joinpath("aligned", "dictionary.txt").read_text().splitlines()
    assert len(lines) > 30
    assert all(re.fullmatch(r"s(\d+)\tt\1", line) for line in lines)


def test_merged_languages_have_a_row_a_form(folder: Path) -> None:
    assert vectors(folder, "merge", "it-IT={}/it.vec", "en-US={}/en.vec", "--out={}/all.vec") == 0
    assert len(space(folder / "all.vec").words) == 400


def test_counts_of_a_corpus_order_what_is_merged(folder: Path) -> None:
    spec = corpus.write_massive(folder / "corpus")
    folder.joinpath("a.vec").write_text("2 1\nrare 1\nthe 1\n")
    options = ("en-US={}/a.vec", f"--corpus={spec}", "--out={}/all.vec")
    assert vectors(folder, "merge", *options) == 0
    assert space(folder / "all.vec").words == ("the", "rare")


def test_files_are_fetched_and_pinned(folder: Path) -> None:
    with serving(b"1 2\na 1 2\n") as served:
        assert vectors(folder, "fetch", served.url, "--out={}/published") == 0
        assert vectors(folder, "fetch", served.url, "--out={}/published") == 0
        assert served.asked == [None]
    assert space(folder / "published" / "wiki.it.align.vec").words == ("a",)
    assert folder.joinpath("published", "vectors.lock.json").exists()


def test_pins_that_are_kept_elsewhere_tell_another_machine_what_to_expect(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(b"1 2\na 1 2\n") as served:
        assert vectors(folder, "fetch", served.url, "--out={}/one", "--pins={}/pins.json") == 0
        served.content = b"1 2\na 1 3\n"
        assert vectors(folder, "fetch", served.url, "--out={}/other", "--pins={}/pins.json") == 2
    assert "found 10 bytes of sha256" in capsys.readouterr().err
    assert list(folder.joinpath("other").iterdir()) == []


REFUSED = [
    (("align", *ALIGN, LEARN, "--method=rcsls", "--refine=3"), "--refine: found with --method rcsls"),
    (("align", "{}/it.vec", "{}/it.vec", "--out={}/aligned", LEARN), "would overwrite each other"),
    (("align", *ALIGN, "--induced=massive:{}"), "--locales: found None, expected those of source and target"),
    (
        ("align", *ALIGN, LEARN, "--words=5"),
        "found 5 pairs of words that both files have, expected at least 10",
    ),
    (("align", *ALIGN), "one of the arguments --dictionary --identical --induced is required"),
    (("align", *ALIGN, "--identical"), "found 0 pairs of words that both files have"),
    (("align", *ALIGN, "--dictionary={}/none.txt"), "none.txt: found no readable file"),
    (("evaluate", "{}/it.vec", "{}/no.vec", LEARN), "no.vec: found no readable file"),
    (("merge", "{}/it.vec", "--out={}/all.vec"), "it.vec', expected LOCALE=FILE.vec, each locale once"),
    (("fetch", "http://a/b", "http://a/c", "--out={}/x", f"--sha256={'0' * 64}"), "--sha256: found 2 URLs"),
    (("fetch", "http://a/b", "--out={}/x", "--sha256=12"), "found '12', expected 64 hexadecimal digits"),
    (("fetch", "file:///a/b", "--out={}/x"), "URL: found 'file:///a/b', expected http://"),
    (
        ("train", "--corpus=massive:{}", "--out={}/x.vec"),
        "--locale: found it without --corpus, or not beside it",
    ),
]


@pytest.mark.parametrize(("argv", "message"), REFUSED)
def test_what_is_asked_wrongly_is_one_line_and_status_2(
    argv: tuple[str, ...], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert vectors(folder, *argv) == 2
    assert message in capsys.readouterr().err
    assert not folder.joinpath("aligned").exists()


def test_training_without_fasttext_says_what_to_install(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fasttext", None)
    folder.joinpath("text").write_text("wake me up\n")
    assert vectors(folder, "train", "--text={}/text", "--out={}/x.vec") == 2
    said = "vectors needs the package 'fasttext', which is not installed: pip install"
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("source", ["corpus", "text"])
def test_a_language_is_trained_from_a_corpus_or_from_text(source: str, folder: Path) -> None:
    pytest.importorskip("fasttext", reason="fasttext is compiled from source, and was not")
    if source == "corpus":
        options = [f"--corpus={corpus.write_massive(folder / 'corpus')}", "--locale=it-IT"]
    else:
        folder.joinpath("text").write_text("svegliami alle sei\nsvegliami domani\n" * 10)
        options = ["--text={}/text"]
    assert vectors(folder, "train", *options, "--out={}/new/it.vec", "--size=5", "--epochs=1") == 0
    trained = space(folder / "new" / "it.vec")
    assert trained.size == 5
    assert trained.words[0] != "</s>"
    assert "domani" in trained.words
    assert source == "corpus" or trained.words[0] == "svegliami"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"a b\nc\xff d\n", (), "text:2: found bytes that are not UTF-8 (byte 2), expected UTF-8"),
        (b"a b\n", ("--min-count=5",), "--min-count: found no word that occurs 5 times"),
    ],
)
def test_text_that_cannot_be_learnt_from_is_refused(
    content: bytes, options: Sequence[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("fasttext", reason="fasttext is compiled from source, and was not")
    folder.joinpath("text").write_bytes(content)
    assert vectors(folder, "train", "--text={}/text", "--out={}/x.vec", "--size=5", *options) == 2
    assert message in capsys.readouterr().err


def actions() -> dict[str, argparse.ArgumentParser]:
    (found,) = (each.choices for each in arguments()._actions if isinstance(each.choices, dict))
    return dict(found)


def test_the_document_names_every_action_and_its_commands_can_be_read() -> None:
    shown = re.findall(r"^polyparse vectors ((?:.*\\\n)*.*)$", DOCUMENT, re.MULTILINE)
    argvs = [re.sub(r"\\\n", " ", command).split() for command in shown]
    assert {argv[0] for argv in argvs} == set(actions())
    for argv in argvs:
        arguments().parse_args(argv)


def test_the_document_names_no_option_that_is_not_there() -> None:
    known = {
        flag for parser in actions().values() for each in parser._actions for flag in each.option_strings
    }
    known |= {"--set", "--corpus", "--out"}  # of `polyparse train`
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", DOCUMENT)) <= known
