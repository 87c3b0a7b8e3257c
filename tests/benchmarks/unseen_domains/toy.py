"""A corpus of four domains in MASSIVE's layout, written for the tests, with dev utterances of each domain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from polyparse.schema import override
from tests.train.tiny import SHORT

if TYPE_CHECKING:
    from pathlib import Path

    from train.config import RunConfig

TEXTS = {
    "alarm": ("wake me at six", "set an alarm for nine", "cancel the alarm at six", "wake me at nine"),
    "food": ("order two pizzas", "get me some soup", "order a pizza with cheese", "order some soup"),
    "music": ("play some jazz", "put on a waltz", "play the next song", "play some waltz"),
    "weather": ("will it rain today", "is it sunny in rome", "how cold is it today", "will it rain in rome"),
}
CONFIG: RunConfig = override(SHORT, ["joint_weight=0.5", "joint.head=softmax"])
"""Trained in a moment, and to no great purpose."""
LOCALE = "en-US"


def write(folder: Path, *, without_dev_of: str = "") -> str:
    """The corpus, in a new folder; returns what `--corpus` takes."""
    folder.mkdir()
    rows: list[dict[str, str]] = []
    for domain, texts in TEXTS.items():
        for number, text in enumerate(texts):
            dev = number == len(texts) - 1 and domain != without_dev_of
            rows.append(
                {
                    "id": str(len(rows)),
                    "partition": "dev" if dev else "train",
                    "scenario": domain,
                    "intent": f"{domain}_{number % 2}",
                    "utt": text,
                    "annot_utt": text,
                }
            )
    lines = (json.dumps(row) for row in rows)
    (folder / f"{LOCALE}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return f"massive:{folder}"
