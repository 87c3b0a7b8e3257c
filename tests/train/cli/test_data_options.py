"""`polyparse train --set data...`: what a run learns from and chooses on; MASSIVE cut as studies cut it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from polyparse.cli.main import main as polyparse
from polyparse.corpora.read import read
from polyparse.corpora.selection.config import DataConfig
from polyparse.corpora.selection.select import select
from polyparse.schema import override
from tests.public_corpora import MASSIVE, needs_massive
from tests.train.corpus import LOCALES, examples, write_massive
from tests.train.tiny import SETTINGS
from train.checkpoint import Checkpoint
from train.cli import ood
from train.plan import read_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from polyparse.corpora.example import Example

    Train = Callable[..., Checkpoint]


@pytest.fixture
def train(tmp_path: Path) -> Train:
    """Runs `stm`, tiny, for an epoch, with data options."""
    corpus = write_massive(tmp_path / "corpus")

    def run(*options: str) -> Checkpoint:
        settings = [*SETTINGS, "--set=optim.epochs=1", *(f"--set=data.{option}" for option in options)]
        where = [f"--corpus={corpus}", f"--out={tmp_path / 'run'}"]
        assert polyparse(["train", "stm", *where, "--threads=1", "--quiet", *settings]) == 0
        return Checkpoint(tmp_path / "run")

    return run


def test_a_run_learns_from_some_locales_and_chooses_on_others(train: Train) -> None:
    one, other = LOCALES[:2]
    checkpoint = train(f'locales.source=["{one}"]', f'locales.evaluation=["{other}"]')
    assert checkpoint.run().locales == (one,)
    words = checkpoint.tables().vocabulary.words
    assert {"alarm"} <= set(words)
    assert "alarma" not in words
    assert checkpoint.dev() == [example for example in examples("dev") if example.locale == other]


def test_what_is_held_out_chooses_and_is_not_learnt(train: Train) -> None:
    checkpoint = train("choose_on=held")
    dev = checkpoint.dev()
    assert {example.partition for example in dev} == {"dev"}
    assert {example.text for example in dev} < {example.text for example in examples()}
    assert len(dev) == len(LOCALES), "one of ten ids"


def test_withheld_labels_are_not_among_those_of_the_run(train: Train) -> None:
    labels = train('withheld.intents=["music_louder"]', 'withheld.slots=["artist"]').labels()
    assert "music_louder" not in labels.intents
    assert "artist" not in labels.slots


def test_options_and_the_statistics_of_training_text_agree(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the out-of-domain score compares utterances with is what was learnt, and no more."""
    checkpoint = train("choose_on=held", "subset.size=5")
    seen: list[int] = []
    monkeypatch.setattr(ood, "training_text_of", lambda learnt, _run: seen.append(len(learnt)))
    monkeypatch.setattr(Checkpoint, "save", lambda *_: None)
    ood._save_training_text(checkpoint, None)
    assert seen == [5 * len(LOCALES)]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ('locales.source=["fr-FR"]', "data.locales.source: found 'fr-FR', expected some of en-US"),
        ("hold_out=3", "data: found the unknown key 'hold_out', expected one of choose_on, locales, domains"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_is_written(
    option: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = write_massive(tmp_path / "corpus")
    where = [f"--corpus={corpus}", f"--out={tmp_path / 'run'}"]
    assert polyparse(["train", "stm", *where, f"--set=data.{option}"]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@needs_massive
def test_massive_is_cut_as_studies_cut_it() -> None:
    train = read(MASSIVE, locales=["en-US"], partition="train")

    def learnt(*settings: str) -> list[Example]:
        config = override(DataConfig(), ["choose_on=held", *settings])
        return select(train, [], config, path=Path(MASSIVE)).train

    assert len(learnt()) == len(train) - 1_151 == 10_363
    assert len(learnt("subset.size=4000")) == 4_000
    without = learnt("withheld.drawn_intents=9", "withheld.drawn_slots=7")
    assert len({one.intent for one in learnt()} - {one.intent for one in without}) >= 9


@needs_massive
def test_the_plan_of_tasks_cuts_massive_as_its_study_does() -> None:
    """A target of 17 domains' kin: nearly all of its slots are known elsewhere; label rates are nested."""
    steps = read_plan(Path(__file__).parents[3] / "plans" / "tasks-small.toml")
    train, dev = (read(MASSIVE, locales=["en-US"], partition=part) for part in ("train", "dev"))
    one, ten, whole = (
        select(train, dev, steps[f"t-a-{rate}"].config().data, path=Path(MASSIVE)) for rate in (1, 10, 100)
    )
    assert len(whole.train) + len(whole.dev) == 1_688
    assert [len(each.train) for each in (one, ten)] == [
        round(share * len(whole.train)) for share in (0.01, 0.1)
    ]
    assert (
        {each.id for each in one.train} < {each.id for each in ten.train} < {each.id for each in whole.train}
    )
    assert one.inventory == ten.inventory == whole.train
    source = steps["t-a-1"].config().sharing.data["source"]
    learnt = select(read(MASSIVE, partition="train"), [], source, path=Path(MASSIVE)).train
    assert {(each.locale, each.domain == "calendar") for each in learnt} == {("en-US", False)}
    assert len(learnt) == 4_000
    slots = {span.name for each in learnt for span in each.slots}
    known = [span.name in slots for each in whole.train for span in each.slots]
    assert sum(known) / len(known) > 0.99
