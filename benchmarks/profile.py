"""Where the time of an utterance goes: microseconds by stage, alone and in batches of like or mixed lengths.

Stages are timed from outside: for the length of a pass the functions of STAGES are wrapped, and each is charged its own CPU
time, without that of the stages inside it; other work on the machine does not lengthen it. Totals are by the clock on the
wall, of passes without any wrapper. Everything runs in this process, on one thread, over utterances of dev in all languages,
text caches warm.
"""

import gc
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from pkgutil import resolve_name
from statistics import mean, median
from time import thread_time
from typing import Any
from unittest.mock import patch

from benchmarks import command, corpus
from benchmarks.alone import Alone, cut, rate
from benchmarks.cores import pinned, split_here
from benchmarks.result import Result, Target
from polyparse.bundle import store as bundle
from polyparse.contract.frame import Utterance
from polyparse.inference.parser import Parser
from polyparse.runtime.load import load

STAGES: Mapping[str, str] = {
    "text": "polyparse.inference.parser:Parser.prepare",
    "grouping": "polyparse.runtime.grouped_session:groups",
    "collate": "polyparse.inference.pipeline:collate",
    "score": "polyparse.runtime.networks:OnnxNetworks.score",
    "classifier": "polyparse.runtime.networks:OnnxNetworks.classify",
    "routing": "polyparse.inference.topology:rank",
    "decode": "polyparse.runtime.networks:OnnxNetworks.decode",
    "assemble": "polyparse.inference.pipeline:Pipeline._assemble",
    "rest": "polyparse.inference.parser:Parser.run",
}
"""Stage -> the function that does it; "rest" is what a run does beside the stages inside it."""
TARGETS = {"text_to_frame_p50_ms": Target("<=", 0.7), "utterances_per_s": Target(">=", 6000.0)}
BATCH = 32


class Stopwatch:
    """Seconds of CPU time of each stage, without those of the stages called inside it."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._inside = [0.0]

    def charge(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, its own time charged to a stage."""

        @wraps(call)
        def timed(*arguments: Any, **options: Any) -> Any:
            self._inside.append(0.0)
            started_s = thread_time()
            try:
                return call(*arguments, **options)
            finally:
                took_s = thread_time() - started_s
                self.seconds[stage] += took_s - self._inside.pop()
                self._inside[-1] += took_s

        return timed


@contextmanager
def watched(stages: Mapping[str, str]) -> Iterator[Stopwatch]:
    """Charge these functions, "module:name" each, for the length of a `with`."""
    watch = Stopwatch()
    with ExitStack() as stack:
        for stage, place in stages.items():
            owner, _, name = place.replace(":", ".").rpartition(".")
            target = resolve_name(owner)
            stack.enter_context(patch.object(target, name, watch.charge(stage, getattr(target, name))))
        yield watch


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.profile", __doc__)
    command.counts(
        parser,
        ("--utterances", 2000, "utterances of dev, all languages mixed"),
        ("--rounds", 5, "passes of each kind"),
    )
    options = parser.parse_args(argv)
    return command.run(
        lambda: measure(options.bundle, options.corpus, options.utterances, rounds=options.rounds),
        json=options.json,
    )


def measure(models: Path, spec: str, n_utterances: int, *, rounds: int) -> Result:
    """Medians over the rounds; a round is a pass of each kind, by turns."""
    located = bundle.locate(models)
    loaded = load(located.bundle, digest=located.digest, device="cpu", threads=1)
    locales = [locale for locale in corpus.LOCALES if locale in loaded.manifest.locales]
    utterances = corpus.sample(spec, n_utterances, locales=locales)
    with pinned(split_here().server):
        return Result("profile", figures(loaded.parser, utterances, rounds=rounds), TARGETS)


def figures(parser: Parser, utterances: Sequence[Utterance], *, rounds: int) -> dict[str, float]:
    """Microseconds an utterance of each stage, by `alone_`, `batched_` and `mixed_`, and the totals."""
    alone = Alone(parser, utterances, batch=BATCH)
    mixed = cut(utterances, BATCH)
    gc.collect()
    kinds: dict[str, Callable[[], object]] = {
        "alone": lambda: alone.p50_ms(len(utterances)),
        "batched": alone.per_s,
        "mixed": lambda: rate(parser, mixed),
    }
    stages: dict[str, list[float]] = defaultdict(list)
    p50_ms, per_s, mixed_per_s = [], [], []
    for _ in range(rounds):
        p50_ms.append(alone.p50_ms(len(utterances)))
        per_s.append(alone.per_s())
        mixed_per_s.append(rate(parser, mixed))
        for kind, one_pass in kinds.items():
            with watched(STAGES) as watch:
                one_pass()
            for stage in STAGES:
                stages[f"{kind}_{stage}_us"].append(1e6 * watch.seconds[stage] / len(utterances))
    return {
        "text_to_frame_p50_ms": median(p50_ms),
        "utterances_per_s": median(per_s),
        "batched_us": 1e6 / median(per_s),
        "mixed_us": 1e6 / median(mixed_per_s),
        **{key: median(actual) for key, actual in stages.items()},
        "tokens": mean(parser.prepare(utterance).n_tokens for utterance in utterances),
    }


if __name__ == "__main__":
    sys.exit(main())
