"""Utterances written for this project that no domain of MASSIVE covers: for inspection, not for choosing a threshold.

Medicine, law, philosophy, programming, physics, sports, crafts, shops and offices, and nonsense words: one utterance
a line in one file for each locale.
"""

from collections.abc import Mapping
from importlib.resources import files

PHRASES: Mapping[str, tuple[str, ...]] = {
    file.name.removesuffix(".txt"): tuple(file.read_text(encoding="utf-8").splitlines())
    for file in sorted(files(__name__).iterdir(), key=lambda file: file.name)
    if file.name.endswith(".txt")
}
