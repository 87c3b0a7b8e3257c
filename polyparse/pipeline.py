"""From items to frames: score, route, decode, assemble, over any networks (ONNX Runtime's or the trainer's own).

    items -> Batch -> log P_DC, log P_joint, emissions_STK -> routes -> emissions_RTK, allowed_RK -> paths -> frames

Axes: S items scored together, R readings to decode (an n-best request has several), T tokens, K tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from polyparse.decoding import slots_of_path
from polyparse.encode import collate
from polyparse.frame import Alternative, Choice, Frame
from polyparse.tags import SCHEMES
from polyparse.topology import TOPOLOGIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.encode import Item
    from polyparse.labels import Labels
    from polyparse.routing import Routing
    from polyparse.topology import Decoded, Networks, Readings


@dataclass(frozen=True)
class Outcome:
    """Frames in the order of the items, seconds by stage (score, decode, assemble), share of padding in the batch."""

    frames: list[Frame]
    seconds: dict[str, float]
    padding: float


def merge(parts: Sequence[tuple[Sequence[int], Outcome]]) -> Outcome:
    """One outcome of several, each with the positions that its frames have in the whole; padding by the share of rows."""
    if len(parts) == 1:
        positions, only = parts[0]
        if list(positions) == list(range(len(positions))):
            return only
    frames = dict(pair for positions, part in parts for pair in zip(positions, part.frames, strict=True))
    return Outcome(
        [frames[position] for position in range(len(frames))],
        {stage: sum(part.seconds[stage] for _, part in parts) for stage in parts[0][1].seconds},
        sum(part.padding * len(positions) for positions, part in parts) / len(frames),
    )


class Pipeline:
    """Parses batches of items under one model's labels, topology and routing. Holds no state between calls."""

    def __init__(self, labels: Labels, topology: str, routing: Routing, networks: Networks) -> None:
        """`networks` has one network over all labels ("shared"), or one a domain over that domain's ("per-domain")."""
        self._labels = labels
        self._networks = networks
        self._topology = TOPOLOGIES[topology](labels, routing, networks)
        self._scheme = SCHEMES[labels.scheme]
        own = [labels] if topology == "shared" else [labels.restrict(d) for d in range(len(labels.domains))]
        self._tags = [network_labels.tags for network_labels in own]
        domains = range(len(labels.domains)) if labels.domains else [None]
        self._allowed = [{domain: labels.allowed(domain, tags) for domain in domains} for tags in self._tags]

    def run(self, items: Sequence[Item]) -> Outcome:
        """Frames of the items, each as if it were alone. Every item has at least one token."""
        started = perf_counter()
        batch = collate(items)
        readings = self._topology.read(batch, items)
        scored = perf_counter()
        decoded = [self._decode(wanted) for wanted in readings]
        paths_found = perf_counter()
        found: list[dict[int, Alternative]] = [{} for _ in items]
        for wanted, result in zip(readings, decoded, strict=True):
            self._assemble(wanted, result, items, found)
        frames = [_frame(item, ranked) for item, ranked in zip(items, found, strict=True)]
        seconds = {
            "score": scored - started,
            "decode": paths_found - scored,
            "assemble": perf_counter() - paths_found,
        }
        return Outcome(frames, seconds, batch.padding)

    def _decode(self, wanted: Readings) -> Decoded:
        allowed = self._allowed[wanted.network]
        allowed_RK = np.stack([allowed[route.domain] for route in wanted.routes])
        emissions_RTK, lengths_R = wanted.emissions()
        return self._networks.decode(emissions_RTK, allowed_RK, lengths_R, wanted.network)

    def _assemble(
        self, wanted: Readings, decoded: Decoded, items: Sequence[Item], found: list[dict[int, Alternative]]
    ) -> None:
        tags = self._tags[wanted.network]
        paths_RT, marginals_RT = decoded.path_RT.tolist(), decoded.marginals_RT.tolist()
        log_probs_R = decoded.log_prob_R.tolist()
        for r, (b, route) in enumerate(zip(wanted.items, wanted.routes, strict=True)):
            path = [tags[k] for k in paths_RT[r][: items[b].n_tokens]]
            found[b][wanted.ranks[r]] = Alternative(
                domain=_choice(self._labels.domains, route.domain, route.domain_prob),
                intent=_choice(self._labels.intents, route.intent, route.intent_prob),
                slots=slots_of_path(items[b], path, marginals_RT[r], self._scheme),
                confidence=min(1.0, exp(route.log_prob + log_probs_R[r])),
            )


def _choice(names: Sequence[str], index: int | None, probability: float) -> Choice | None:
    return None if index is None else Choice(names[index], min(1.0, probability))


def _frame(item: Item, ranked: dict[int, Alternative]) -> Frame:
    best, *others = (ranked[position] for position in range(len(ranked)))
    return Frame(
        text=item.utterance.text,
        locale=item.utterance.locale,
        domain=best.domain,
        intent=best.intent,
        slots=best.slots,
        confidence=best.confidence,
        alternatives=tuple(others),
    )
