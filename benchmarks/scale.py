"""How memory and time grow with a corpus that is read as a stream: read, index, classifier and some updates of a network, on
a small synthetic corpus and on one ten times as large, a process each.

The corpora are written into a folder that is removed at the end: 5.5 million utterances are 1.2 GB. What is measured is the
command that a user gives, `polyparse train stm --set stream.on=true`, with smaller bounds of words and features, so that
both corpora reach them.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from random import Random
from time import perf_counter
from typing import NamedTuple

from benchmarks import command
from benchmarks.errors import MeasurementFailed
from benchmarks.result import Result, Target

TARGETS = {"memory_ratio": Target("<=", 1.1)}
DEV = 200
INTENTS = 40
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
CARRIERS = (
    "wake me at",
    "play",
    "what is",
    "find",
    "remind me of",
    "call",
    "show",
    "please book",
    "how far is",
)
SLOTS = ("time", "place", "person", "song", "food", "date", "list", "device")
SETTINGS = (
    "stream.on=true",
    "stream.words=50000",
    "stream.features=100000",
    "classifier.kept_features=20000",
    "optim.epochs=1",
)


class Run(NamedTuple):
    """A finished process: the most memory that was resident at once, in 10^6 bytes, and the seconds of its stages."""

    peak_mb: float
    seconds: dict[str, float]


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.scale", __doc__)
    command.counts(
        parser,
        ("--utterances", 5_000_000, "utterances of the large corpus"),
        ("--times", 10, "how many times larger it is than the small one"),
        ("--steps", 2_000, "updates of the network, and of the classifier"),
    )
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where there is room for the corpora")
    options = parser.parse_args(argv)

    def result() -> Result:
        return measure(options.utterances, options.times, options.steps, folder=options.folder)

    return command.run(result, json=options.json)


def measure(
    n_utterances: int,
    times: int,
    steps: int,
    *,
    folder: Path | None = None,
    settings: Sequence[str] = SETTINGS,
) -> Result:
    """Train on both corpora; raises MeasurementFailed where a run does not end well."""
    figures: dict[str, float] = {"utterances": n_utterances, "times": times, "steps": steps}
    sizes = {"small": n_utterances // times, "large": n_utterances}
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for name, size in sizes.items():
            started = perf_counter()
            corpus = Path(place) / name
            write_corpus(corpus, size)
            figures[f"{name}_write_s"] = perf_counter() - started
            figures[f"{name}_corpus_mb"] = (corpus / "en-US.jsonl").stat().st_size / 1e6
            started = perf_counter()
            run = _trained(corpus, Path(place) / f"run-{name}", [*settings, f"stream.epoch_steps={steps}"])
            figures[f"{name}_s"] = perf_counter() - started
            figures[f"{name}_peak_mb"] = run.peak_mb
            for stage, seconds in run.seconds.items():
                figures[f"{name}_{stage}_s_per_million"] = 1e6 * seconds / size
    figures["memory_ratio"] = figures["large_peak_mb"] / figures["small_peak_mb"]
    return Result("scale", figures, TARGETS)


def write_corpus(folder: Path, n_utterances: int) -> None:
    """A corpus in MASSIVE's layout, so many training utterances and DEV for dev."""
    folder.mkdir(parents=True)
    with (folder / "en-US.jsonl").open("w", encoding="ascii") as file:
        file.writelines(lines(n_utterances))


def lines(n_utterances: int) -> Iterator[str]:
    """The lines of a corpus whose words are few and frequent, or many and rare, more of them the larger it is.

    An intent says which words go before the slot, so that there is something to learn.
    """
    random = Random(7)  # noqa: S311 - not cryptography
    weights = list(accumulate(1.0 / rank for rank in range(1, INTENTS + 1)))
    for number in range(n_utterances + DEV):
        partition = "dev" if number < DEV else "train"
        intent = random.choices(range(INTENTS), cum_weights=weights)[0]
        slot, carrier = SLOTS[intent % len(SLOTS)], CARRIERS[intent % len(CARRIERS)]
        words = " ".join(_word(random) for _ in range(random.randint(1, 3)))
        about = f"{SYLLABLES[intent]}{SYLLABLES[-intent]}"
        yield (
            f'{{"id": "{number}", "locale": "en-US", "partition": "{partition}", "scenario": "domain{intent % 8}",'
            f' "intent": "intent{intent}", "utt": "{carrier} {about} {words} now",'
            f' "annot_utt": "{carrier} {about} [{slot} : {words}] now"}}\n'
        )


def _word(random: Random) -> str:
    """One of 70 words of one syllable, half of the time, else one of millions."""
    n_syllables = 1 if random.random() < 0.5 else random.randint(2, 4)
    return "".join(random.choices(SYLLABLES, k=n_syllables))


def _trained(corpus: Path, out: Path, settings: Sequence[str]) -> Run:
    """Train in a process of its own."""
    arguments = ["stm", f"--corpus=massive:{corpus}", f"--out={out}", "--threads=1", "--quiet"]
    arguments += [f"--set={setting}" for setting in settings]
    run = [sys.executable, "-m", "polyparse", "train", *arguments]
    with subprocess.Popen(run, stdout=subprocess.DEVNULL, cwd=command.ROOT) as process:  # noqa: S603  it is ours
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise MeasurementFailed(f"found exit status {process.returncode} of {' '.join(run)}, expected 0")
    log = [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    seconds = {entry["stage"].replace(" ", "_"): entry["seconds"] for entry in log if "stage" in entry}
    return Run(usage.ru_maxrss * 1024 / 1e6, seconds)


if __name__ == "__main__":
    sys.exit(main())
