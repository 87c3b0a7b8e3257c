"""Every recipe as its user takes it, but tiny: trained, exported, served and asked."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle import release
from polyparse.cli.main import main
from polyparse.schema import unstructure
from service.api.schemas import ParseResponse
from tests.integration.in_process import AT, inside
from tests.train.corpus import LOCALES, MEANINGS, write_massive
from train.models.sharing import SharingConfig
from train.plan import PlanStep, read_plan
from train.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAN = read_plan(Path(__file__).parents[2] / "plans" / "massive-student.toml")
"""The recipes that learn from others, with those that teach them and that they start from."""
SHIPPED = "student-continued-twice"
ROWS = read_plan(Path(__file__).parents[2] / "plans" / "transfer-small.toml").values()
SOURCES = {step.name: step.recipe for step in ROWS}
FROM_RUN = {step.recipe: SOURCES[step.start] for step in ROWS if step.start}
"""Recipes that start from a run, by the recipe of that one."""
FROM_BUNDLE = [name for name, recipe in RECIPES.items() if recipe().init and name not in FROM_RUN]
"""These start from a bundle, such as the plan's last one."""
TEACHERS_ONLY = [name for name, recipe in RECIPES.items() if recipe().joint.pretrained_size]
"""These teach others, and no bundle is made of them."""
TAUGHT = [name for name, recipe in RECIPES.items() if recipe().distil.texts == "unlabelled"]
"""These learn from texts by what runs of `stm-sources` make of them."""
ALONE = [name for name in RECIPES if name not in {*PLAN, *FROM_RUN, *FROM_BUNDLE, *TEACHERS_ONLY, *TAUGHT}]
SLOTS_ONLY = {name for name, recipe in RECIPES.items() if recipe().slots_only}
TINY = {
    "word_size": 8,
    "character_size": 4,
    "character_filters": 2,
    "character_gru": 4,
    "hidden_size": 8,
    "mlp_size": 8,
    "layers": 1,
    "epochs": 1,
    "min_steps": 1,
    "epoch_steps": 4,
    "folds": 0,
    "draws": 1,
    "max_iterations": 2,
    "vector_size": 8,
    "size": 4,
}
"""Entries of a config, wherever in it they stand, that make a run small."""


def tiny(config: object, key: str = "") -> Iterator[str]:
    """`--set` for each entry of TINY that the config has; what it says none of (0) stays so."""
    if isinstance(config, dict):
        for name, value in config.items():
            yield from tiny(value, f"{key}.{name}".strip("."))
    elif config and (small := TINY.get(key.rpartition(".")[2])) is not None:
        yield f"--set={key}={small}"


class Walk:
    """Bundles of recipes, each a version called as its recipe, in one model; their runs on one corpus stand beside it."""

    def __init__(self, folder: Path) -> None:
        self.model, self._runs = folder / "models" / "walked", folder / "runs"
        self._corpus = write_massive(folder / "corpus")
        self._dictionary = folder / "en-hi.txt"
        self._dictionary.write_text("alarm अलार्म\nplay बजाओ\nrome रोम\n", encoding="utf-8")

    def make(self, step: PlanStep) -> None:
        """Train a recipe by those that teach it, and export it."""
        config, run = RECIPES[step.recipe](), self._runs / step.name
        teachers = [f"--teacher={self._runs / teacher}" for teacher in dict.fromkeys(step.teachers)]
        start = self._runs / step.start if step.start else self.model / SHIPPED if config.init else None
        parents = [*teachers, *([f"--start={start}"] if start else [])]
        own = [f"--set={setting}" for setting in step.settings]
        if config.switch.words:  # too few utterances to induce a dictionary from
            own.append(f'--set=switch.files={{"en-US hi-IN": "{self._dictionary}"}}')
        source = [f"--also=source={self._corpus}"] if config.sharing != SharingConfig() else []
        locales = LOCALES if config.data.unlabelled.locales else LOCALES[:1]
        command = [
            step.recipe,
            f"--corpus={self._corpus}",
            f"--locales={','.join(locales)}",
            f"--out={run}",
            "--quiet",
        ]
        assert main(["train", *command, *parents, *source, *tiny(unstructure(config)), *own]) == 0
        assert main(["export", f"--checkpoint={run}", f"--out={self.model / step.name}", "--no-refusal"]) == 0

    async def check_each_answers(self) -> None:
        """One process serves one version after the other; each parses by its own labels."""
        first, *others = sorted(path.name for path in self.model.iterdir())
        release.promote(self.model, first, release.Edit(release.decide_on(self.model), "ann", AT))
        async with inside(self.model, keep_previous=False) as served:
            for version in (first, *others):
                if version != first:
                    release.promote(self.model, version, served.edit())
                    await served.until_serves(version)
                answer = await served.parse("wake me at six tomorrow", locale="en-US")
                frame = ParseResponse.model_validate_json(answer.content)
                assert frame.model.version == version
                intents = {None} if version in SLOTS_ONLY else {meaning.intent for meaning in MEANINGS}
                assert (frame.intent and frame.intent.name) in intents
                assert all(slot.value == frame.text[slot.start : slot.end] for slot in frame.slots)


@pytest.mark.parametrize("name", ALONE)
def test_a_recipe_gives_a_bundle_that_serves(name: str, tmp_path: Path) -> None:
    if "fasttext" in RECIPES[name]().joint.embedder.word_vectors:
        pytest.importorskip("fasttext", reason="fasttext is compiled from source, and was not")
    walk = Walk(tmp_path)
    walk.make(PlanStep(name, name, (), None, ()))
    asyncio.run(walk.check_each_answers())


def test_recipes_that_learn_from_others_give_bundles_that_serve(tmp_path: Path) -> None:
    """All of the plan, by which the shipped models are made, and what starts from their bundle."""
    walk = Walk(tmp_path)
    for step in PLAN.values():
        walk.make(step)
    for name in FROM_BUNDLE:
        walk.make(PlanStep(name, name, (), None, ()))
    asyncio.run(walk.check_each_answers())


def test_recipes_that_start_from_a_run_give_bundles_that_serve(tmp_path: Path) -> None:
    """Each of them, from a run of the recipe that the plan of the study has for it."""
    walk = Walk(tmp_path)
    for name in dict.fromkeys(FROM_RUN.values()):
        walk.make(PlanStep(name, name, (), None, ()))
    for name, source in FROM_RUN.items():
        walk.make(PlanStep(name, name, (), source, ()))
    assert set(FROM_RUN) == {"enctl", "encvlrtl", "encdectl"}
    asyncio.run(walk.check_each_answers())


def test_recipes_that_learn_from_what_teachers_make_of_texts_give_bundles_that_serve(tmp_path: Path) -> None:
    walk = Walk(tmp_path)
    walk.make(PlanStep("stm-sources", "stm-sources", (), None, ()))
    for name in TAUGHT:
        walk.make(PlanStep(name, name, ("stm-sources",), None, ()))
    assert TAUGHT == ["teacher-student"]
    asyncio.run(walk.check_each_answers())


def test_a_run_that_lacks_labels_of_its_dev_gives_a_bundle_that_serves(tmp_path: Path) -> None:
    """It has those of its source, from which an intent and a slot were withheld, and no others."""
    walk = Walk(tmp_path)
    few = "joint.embedder.word_size=4"
    withheld = ('data.withheld.intents=["alarm_set"]', 'data.withheld.slots=["artist"]')
    walk.make(PlanStep("source", "stm-study", (), None, (few, *withheld)))
    walk.make(PlanStep("same-labels", "encdectl", (), "source", (few, "expands_labels=false")))
    asyncio.run(walk.check_each_answers())
