"""Jobs run commands that exist, and the program that annotates gives each line its frame once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from polyparse.cli.main import COMMANDS
from polyparse.cli.models import arguments as models_arguments
from tests.k8s.manifests import FOLDER, ROOT, Object, containers, pods
from train.recipes import RECIPES

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = FOLDER / "jobs/annotate/annotate.py"
TEXTS = ["wake me up at nine", "", "spegni le luci", "rec\x00ord", "pon música", "wake me up at nine"]


def container(job: str, name: str) -> Object:
    """A container of a Job."""
    (found,) = (each for each in containers(pods()[f"Job {job}"]) if each["name"] == name)
    return found


@pytest.mark.parametrize("name", ["train", "export"])
def test_training_runs_commands_that_exist(name: str) -> None:
    subcommand, *_ = container("polyparse-train", name)["args"]
    assert subcommand == name
    assert subcommand in COMMANDS


def flags(command: str) -> set[str]:
    """The flags that a subcommand's help shows."""
    run = [sys.executable, "-m", "polyparse", command, "--help"]
    printed = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout  # noqa: S603
    return {word.strip("[],") for word in printed.split() if word.startswith(("--", "[--"))}


@pytest.mark.parametrize("name", ["train", "export"])
def test_training_s_flags_exist(name: str) -> None:
    asked = {word for word in container("polyparse-train", name)["args"] if word.startswith("--")}
    assert asked
    assert asked <= flags(name)


def test_the_recipe_exists_and_each_step_takes_what_the_one_before_made() -> None:
    train, export, push = (container("polyparse-train", name)["args"] for name in ("train", "export", "push"))
    assert train[1] in RECIPES
    assert train[train.index("--out") + 1] == export[export.index("--checkpoint") + 1]
    assert export[export.index("--out") + 1] == push[push.index("--from") + 1]
    options = models_arguments().parse_args(push[1:])
    assert export[export.index("--out") + 1].endswith(f"{options.name}/{options.version}")


def test_shards_are_as_many_as_pods() -> None:
    job = next(spec for name, spec in pods().items() if name == "Job polyparse-annotate")
    (program,) = job["containers"]
    shards = int(program["command"][-1])
    text = FOLDER.joinpath("jobs/annotate/job.yaml").read_text(encoding="utf-8")
    assert f"completions: {shards}\n" in text


def test_each_line_is_annotated_once_whatever_the_number_of_shards(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "models", tmp_path / "models", ignore=shutil.ignore_patterns(".status"))
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(TEXTS), encoding="utf-8")
    for shard in ("0", "1"):
        command = [sys.executable, str(PROGRAM), str(texts), str(tmp_path), shard, "2"]
        subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, timeout=120, check=True)  # noqa: S603
    shards = [
        [
            json.loads(line)
            for line in tmp_path.joinpath(f"{shard}.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        for shard in range(2)
    ]
    assert [each["text"] for each in shards[0]] == TEXTS[::2]
    assert [each["text"] for each in shards[1]] == TEXTS[1::2]
    assert [each.get("error") for each in shards[1]] == ["empty_text", "control_character", None]
    assert [each["intent"]["name"] for each in (shards[0][0], shards[1][2])] == ["alarm_set"] * 2
