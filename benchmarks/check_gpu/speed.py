"""How fast a bundle scores and decodes a batch, on a device or on one core: p50, p99, utterances a second."""

from collections.abc import Callable, Sequence
from time import perf_counter

from loadtest.percentiles import percentile
from polyparse.contract.frame import Utterance
from polyparse.inference.parser import Parser
from polyparse.text.vectorizer import Item

BATCHES = (1, 8, 32, 128, 512)
STAGES = ("score", "decode")
WARM_UP = 3
LEAST_RUNS = 10
MOST_RUNS = 300


def figures(
    parser: Parser,
    utterances: Sequence[Utterance],
    device: str,
    *,
    seconds: float,
    batches: Sequence[int] = BATCHES,
) -> dict[str, float]:
    """Figures of each size of batch, `seconds` for each."""
    actual: dict[str, float] = {}
    for size in batches:
        items = [parser.prepare(utterances[position % len(utterances)]) for position in range(size)]
        stages = timed(parser, items, seconds=seconds)
        totals = sorted(map(sum, zip(*stages.values(), strict=True)))
        for stage, of_runs in stages.items():
            ordered = sorted(of_runs)
            for name, share in (("p50", 0.5), ("p99", 0.99)):
                actual[f"{stage}_{name}_us_{device}_{size}"] = 1e6 * percentile(ordered, share)
        actual[f"per_s_{device}_{size}"] = size / percentile(totals, 0.5)
    return actual


def timed(
    parser: Parser, items: Sequence[Item], *, seconds: float, clock: Callable[[], float] = perf_counter
) -> dict[str, list[float]]:
    """Stage -> the seconds of each run of one batch."""
    for _ in range(WARM_UP):
        parser.run(items)
    runs: list[dict[str, float]] = []
    ends_s = clock() + seconds
    while len(runs) < LEAST_RUNS or (clock() < ends_s and len(runs) < MOST_RUNS):
        runs.append(parser.run(items).seconds)
    return {stage: [run[stage] for run in runs] for stage in STAGES}
