"""Scenarios and SLOs are files, and a wrong one is refused with file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtest import slo as slos
from loadtest.errors import FileInvalid
from loadtest.scenario import SHIPPED, Scenario, load
from loadtest.schedule import segments
from loadtest.slo import Slo
from loadtest.toml_file import read

PHASES = 'title = "a"\nabout = "b"\n[[phases]]\nname = "one"\nseconds = 1\n'
README = Path(slos.__file__).with_name("README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.toml")), ids=lambda file: file.stem)
def test_a_shipped_scenario_is_sound_and_in_the_readme(file: Path) -> None:
    scenario = load(file.stem)
    assert any(segment.judged for segment in segments(scenario.phases, 100))
    assert f"`{file.stem}`" in README


def test_the_slo_is_stated_in_the_readme() -> None:
    slo = read(Slo, slos.SHIPPED)
    stated = (
        f"**{100 * slo.good_share:g} % of requests are good, and p99 is at most {slo.p99_ms:g} ms, "
        f"up to {slo.load_per_s:g} requests a second**"
    )
    assert stated in " ".join(README.split())
    assert f"within {slo.in_time_ms:g} ms" in README


BAD = {
    "phases.0.seconds: found 0": PHASES.replace("seconds = 1", "seconds = 0"),
    "phases.0.secs: found an unknown key": PHASES + "secs = 2\n",
    "phases.0.seconds: found '1'": PHASES.replace("seconds = 1", 'seconds = "1"'),
    "title: found nothing": PHASES.removeprefix('title = "a"\n'),
    "found no TOML": "title = ",
    "expected either until or bursts": PHASES
    + "until = 2\nbursts = { every_s = 2, seconds = 1, times = 2 }\n",
    "expected bursts.seconds below": PHASES + "bursts = { every_s = 1, seconds = 1, times = 2 }\n",
    "expected either command or request": PHASES + '[[events]]\nname = "x"\nat_s = 1\n',
    "arrivals: found 'often'": 'arrivals = "often"\n' + PHASES,
}


@pytest.mark.parametrize(("message", "content"), BAD.items(), ids=BAD)
def test_a_wrong_scenario_is_refused(tmp_path: Path, message: str, content: str) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(FileInvalid, match=f"^{file}: ") as raised:
        load(str(file))
    assert message in str(raised.value)


def test_a_scenario_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(FileInvalid, match="expected one of batch, bursts, mixed, ramp"):
        load("steedy")


def test_a_scenario_can_be_had_in_a_tenth_of_its_time(tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(PHASES + "[[events]]\nname = 'x'\nat_s = 0.5\ncommand = 'true'\n", encoding="utf-8")
    faster = read(Scenario, file).faster(0.1)
    assert (faster.phases[0].seconds, faster.events[0].at_s) == (0.1, 0.05)
