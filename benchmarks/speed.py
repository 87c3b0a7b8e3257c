"""How fast a bundle answers in process, on one core and one thread: one utterance alone, and batches in three orders.

random   batches of 32 as utterances come, all languages mixed
sorted   batches of 32 of like lengths, as a job over a whole file may form them
queue    the batches that the service's own policy takes from a deep queue of requests in random order
"""

import gc
from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.alone import Alone, cut, rate
from benchmarks.cores import pinned, split_here
from polyparse.contract.frame import Utterance
from polyparse.inference.parser import Parser
from service.batching import policy
from service.settings import Settings

BATCH = 32

Batches = Sequence[Sequence[Utterance]]


def figures(parser: Parser, utterances: Sequence[Utterance], *, rounds: int, alone: int) -> dict[str, float]:
    """Medians over rounds that measure each in turn, text caches warm; `alone` utterances are parsed one by one."""
    with pinned(split_here().server):
        one_by_one = Alone(parser, utterances, batch=BATCH)
        kinds = orders(parser, utterances)
        gc.collect()
        gc.freeze()  # as the service does
        try:
            p50_ms, per_s = [], []
            for _ in range(rounds):
                p50_ms.append(one_by_one.p50_ms(alone))
                per_s.append({name: rate(parser, batches) for name, batches in kinds.items()})
        finally:
            gc.unfreeze()
    actual = {name: median(one[name] for one in per_s) for name in kinds}
    return {
        "parse_p50_ms": median(p50_ms),
        "batched_per_s": actual["queue"],
        "batched_random_per_s": actual["random"],
        "batched_sorted_per_s": actual["sorted"],
    }


def orders(parser: Parser, utterances: Sequence[Utterance]) -> Mapping[str, Batches]:
    """The same utterances in the batches of each order."""
    tokens = [parser.prepare(utterance).n_tokens for utterance in utterances]
    by_length = sorted(range(len(utterances)), key=tokens.__getitem__)
    rows: dict[str, Sequence[Sequence[int]]] = {
        "random": cut(range(len(utterances)), BATCH),
        "sorted": cut(by_length, BATCH),
        "queue": _taken(tokens),
    }
    return {name: [[utterances[row] for row in batch] for batch in batches] for name, batches in rows.items()}


def _taken(tokens: Sequence[int]) -> list[list[int]]:
    """The batches of a service under its default settings whose queue is deeper than it looks ahead."""
    settings = Settings()
    limits = policy.Limits(
        queue_tokens=settings.queue_tokens, batch_tokens=policy.batch_tokens_of(settings.batch_tokens)
    )
    waiting = list(range(len(tokens)))
    batches = []
    while waiting:
        queue = [policy.Size(tokens[row], 1) for row in waiting[: policy.LOOKAHEAD]]
        positions = policy.take(queue, 1, limits)
        batches.append([waiting[position] for position in positions])
        for position in reversed(positions):
            del waiting[position]
    return batches
