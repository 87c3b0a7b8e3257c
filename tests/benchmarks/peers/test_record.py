"""A step is done once for a key, and again when the key changes or its record was never finished."""

from pathlib import Path

import pytest

from benchmarks.peers.record import recorded


class Step:
    """Counts how often it is done."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> dict[str, float]:
        self.times += 1
        return {"cpu_s": float(self.times)}


def test_what_was_found_by_the_same_key_is_not_sought_again(tmp_path: Path) -> None:
    step = Step()
    for _ in range(3):
        assert recorded(tmp_path / "trained.json", {"train": "a", "shape": (1, 2)}, step) == {"cpu_s": 1.0}
    assert step.times == 1


def test_another_key_does_the_step_again(tmp_path: Path) -> None:
    step = Step()
    recorded(tmp_path / "trained.json", {"epochs": 1}, step)
    assert recorded(tmp_path / "trained.json", {"epochs": 2}, step) == {"cpu_s": 2.0}
    assert recorded(tmp_path / "trained.json", {"epochs": 2}, step) == {"cpu_s": 2.0}


def test_a_step_that_fails_leaves_no_record_not_even_the_one_before(tmp_path: Path) -> None:
    def fail() -> dict[str, float]:
        raise KeyboardInterrupt

    step = Step()
    recorded(tmp_path / "trained.json", {"epochs": 1}, step)
    with pytest.raises(KeyboardInterrupt):
        recorded(tmp_path / "trained.json", {"epochs": 2}, fail)
    assert not list(tmp_path.iterdir())
    recorded(tmp_path / "trained.json", {"epochs": 1}, step)
    assert step.times == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": {"epochs": 1}}'])
def test_a_file_that_is_no_record_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "trained.json").write_text(text, encoding="utf-8")
    assert recorded(tmp_path / "trained.json", {"epochs": 1}, Step()) == {"cpu_s": 1.0}
