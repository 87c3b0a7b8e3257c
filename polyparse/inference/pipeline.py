"""From items to frames: score, route, decode, assemble, over any networks (ONNX Runtime's or the trainer's own).

    items -> Batch -> log P_DC, log P_joint, emissions_STK -> routes -> emissions_RTK, allowed_RK -> paths -> frames

Axes: B items of a batch, S items scored together, R readings to decode (an n-best request has several), T tokens, K tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from polyparse.contract.frame import Alternative, Choice, Frame, probability
from polyparse.contract.tags import SCHEMES
from polyparse.inference.calibration import Calibration
from polyparse.inference.ood import Rejection, scores
from polyparse.inference.slots import slots_of_path
from polyparse.inference.topology import TOPOLOGIES
from polyparse.inference.training_text import SeenText
from polyparse.text.vectorizer import collate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.contract.labels import Labels
    from polyparse.inference.ood import Evidence
    from polyparse.inference.routing import Routing
    from polyparse.inference.topology import Decoded, Networks, Read, Readings
    from polyparse.text.vectorizer import Batch, Item


@dataclass(frozen=True)
class Outcome:
    """Frames in the order of the items, seconds by stage (score, decode, assemble), share of padding in the batch."""

    frames: list[Frame]
    seconds: dict[str, float]
    padding: float


@dataclass(frozen=True)
class Judgement:
    """What a model's probabilities are taken for: calibrated or as they are, and refused above a score or never.

    `seen` is what a score may hold an utterance against.
    """

    calibration: Calibration | None = None
    rejection: Rejection | None = None
    seen: SeenText | None = None


class Pipeline:
    """Parses batches of items under one model's labels, topology and routing. Holds no state between calls."""

    def __init__(
        self,
        labels: Labels,
        topology: str,
        routing: Routing,
        networks: Networks,
        judgement: Judgement | None = None,
    ) -> None:
        """`networks` has one network over all labels ("shared"), or one a domain over that domain's ("per-domain")."""
        self._model = (labels, topology, routing, networks)
        self._labels = labels
        self._networks = networks
        self._judgement = judgement or Judgement()
        self._topology = TOPOLOGIES[topology](labels, routing, networks, self._judgement.calibration)
        self._scheme = SCHEMES[labels.scheme]
        own = [labels] if topology == "shared" else [labels.restrict(d) for d in range(len(labels.domains))]
        self._tags = [network_labels.tags for network_labels in own]
        domains = range(len(labels.domains)) if labels.domains else [None]
        self._allowed = [
            np.stack([labels.allowed(domain, tags) for domain in domains]) for tags in self._tags
        ]

    def judging(self, judgement: Judgement) -> Pipeline:
        """The same model under another judgement."""
        return Pipeline(*self._model, judgement)

    def evidence(self, items: Sequence[Item]) -> Evidence:
        """What the model makes of the items before it reads slots, in their order, each as if it were alone."""
        batch = collate(items)
        return self._evidence(self._topology.read(batch, items), batch)

    def run(self, items: Sequence[Item]) -> Outcome:
        """Frames of the items, each as if it were alone. Every item has at least one token.

        Raises:
            ModelRunFailed: a network gave NaN or an infinity for a probability.
        """
        started = perf_counter()
        batch = collate(items)
        read = self._topology.read(batch, items)
        readings = read.readings
        scores_B = self._out_of_domain(read, batch)
        scored = perf_counter()
        decoded = [self._decode(wanted) for wanted in readings]
        paths_found = perf_counter()
        found: list[dict[int, Alternative]] = [{} for _ in items]
        for wanted, result in zip(readings, decoded, strict=True):
            self._assemble(wanted, result, items, found)
        frames = [self._frame(*each) for each in zip(items, found, scores_B, strict=True)]
        seconds = {
            "score": scored - started,
            "decode": paths_found - scored,
            "assemble": perf_counter() - paths_found,
        }
        return Outcome(frames, seconds, batch.padding)

    def _decode(self, wanted: Readings) -> Decoded:
        allowed_RK = self._allowed[wanted.network][[route.domain or 0 for route in wanted.routes]]
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
                confidence=self._confidence(route.log_prob, log_probs_R[r], items[b].utterance.locale),
            )

    def _confidence(self, routed: float, path: float, locale: str | None) -> float:
        """P(domain, intent) x P(slots | domain), of the log-probabilities of both, the first of them calibrated already."""
        calibration = self._judgement.calibration
        chance = exp(path) if calibration is None else calibration.scale(locale).path_probability(path)
        return probability(exp(routed) * chance)

    def _out_of_domain(self, read: Read, batch: Batch) -> list[float | None]:
        """The score of each item; None for a model that does not judge it."""
        rejection = self._judgement.rejection
        if rejection is None:
            return [None] * len(batch.lengths_B)
        return [probability(score) for score in scores(rejection, self._evidence(read, batch)).tolist()]

    def _evidence(self, read: Read, batch: Batch) -> Evidence:
        evidence, seen = read.evidence(), self._judgement.seen
        if seen is None:
            return evidence
        novelty_B = seen.novelty(batch, evidence.likeliest_domains_B)
        return evidence.against_text(novelty_B, seen.atypicality(batch))

    def _frame(self, item: Item, ranked: dict[int, Alternative], score: float | None) -> Frame:
        readings = [ranked[position] for position in range(len(ranked))]
        best, others = readings[0], readings[1:]
        rejection = self._judgement.rejection
        if rejection is not None and score is not None and score > rejection.threshold:
            others = readings if others else []
            best = Alternative(None, None, (), best.confidence)
        return Frame(
            text=item.utterance.text,
            locale=item.utterance.locale,
            domain=best.domain,
            intent=best.intent,
            slots=best.slots,
            confidence=best.confidence,
            alternatives=tuple(others),
            out_of_domain=score,
        )


def _choice(names: Sequence[str], index: int | None, chance: float) -> Choice | None:
    return None if index is None else Choice(names[index], probability(chance))
