"""From items to frames: score, route, decode, assemble, over any networks (ONNX Runtime's or the trainer's own).

    items -> Batch -> log P_DC, log P_joint, emissions_STK -> routes -> emissions_RTK, allowed_RK -> paths -> frames

Axes: B items of a batch, S items scored together, R hypotheses to decode (an n-best request has several), T tokens, K tags.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from polyparse.contract.frame import Alternative, Choice, Frame, Refusal, probability
from polyparse.contract.tags import SCHEMES
from polyparse.inference.calibration import Calibration
from polyparse.inference.foreign import ForeignWords
from polyparse.inference.ood import OodScore
from polyparse.inference.screens import Screen, refusals
from polyparse.inference.slots import slots_of_path
from polyparse.inference.topology import TOPOLOGIES
from polyparse.inference.training_text import TrainingText
from polyparse.text.vectorizer import collate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.contract.labels import Labels
    from polyparse.inference.networks import Decoded, Networks
    from polyparse.inference.ood import Evidence
    from polyparse.inference.routing import Routing
    from polyparse.inference.topology import Hypotheses, Scored
    from polyparse.text.vectorizer import Batch, Item


@dataclass(frozen=True)
class BatchResult:
    """Frames in the order of the items, seconds by stage (score, decode, assemble), and the tokens worked on.

    `padding` is the share of these that is padding, as the networks say that scored them, else as the batch is laid out.
    """

    frames: list[Frame]
    seconds: dict[str, float]
    tokens: int
    padding: float


@dataclass(frozen=True)
class Postprocessing:
    """What is done to a model's own probabilities: calibration, and refusal, by screens or above an out-of-domain score.

    `training_text` is what that score may compare an utterance with, `foreign` weighs its words. Where a screen and the
    score both refuse, the screen says why. Without any of it, confidences are the model's own and nothing is refused.
    """

    calibration: Calibration | None = None
    ood: OodScore | None = None
    training_text: TrainingText | None = None
    screens: tuple[Screen, ...] = ()
    foreign: ForeignWords | None = None


class Pipeline:
    """Parses batches of items under one model's labels, topology and routing. Holds no state between calls."""

    def __init__(
        self,
        labels: Labels,
        topology: str,
        routing: Routing,
        networks: Networks,
        postprocessing: Postprocessing | None = None,
    ) -> None:
        """`networks` has one network over all labels ("shared"), or one for each domain over its labels ("per-domain")."""
        self.labels = labels
        self._model = (labels, topology, routing, networks)
        self._networks = networks
        self._postprocessing = postprocessing or Postprocessing()
        self._topology = TOPOLOGIES[topology](labels, routing, networks, self._postprocessing.calibration)
        self._scheme = SCHEMES[labels.scheme]
        shared = topology == "shared"
        of_networks = [labels] if shared else [labels.restrict(d) for d in range(len(labels.domains))]
        self._tags = [network_labels.tags for network_labels in of_networks]
        domains = range(len(labels.domains)) if labels.domains else [None]
        self._allowed = [
            np.stack([labels.allowed(domain, tags) for domain in domains]) for tags in self._tags
        ]

    def with_postprocessing(self, postprocessing: Postprocessing) -> Pipeline:
        """The same model with other postprocessing."""
        return Pipeline(*self._model, postprocessing)

    def with_ood_threshold(self, threshold: float) -> Pipeline:
        """The same model that refuses above another out-of-domain score; raises ConfigError for no number from 0 to 1."""
        ood = self._postprocessing.ood
        if ood is None:
            return self
        moved = replace(self._postprocessing, ood=replace(ood, threshold=threshold))
        return self.with_postprocessing(moved)

    def evidence(self, items: Sequence[Item]) -> Evidence:
        """The evidence about the items, without decoding slots, in their order, each as if it were alone."""
        batch = collate(items)
        return self._evidence(self._topology.score(batch, items), batch)

    def run(self, items: Sequence[Item]) -> BatchResult:
        """Frames of the items, each as if it were alone. Every item has at least one token.

        Raises:
            ModelRunFailed: a network gave NaN or an infinity for a probability.
        """
        started = perf_counter()
        batch = collate(items)
        scored = self._topology.score(batch, items)
        ood_scores_B = self._ood_scores(scored, batch)
        scored_at = perf_counter()
        decoded = [self._decode(hypotheses) for hypotheses in scored.hypotheses]
        decoded_at = perf_counter()
        ranked: list[dict[int, Alternative]] = [{} for _ in items]
        for hypotheses, paths in zip(scored.hypotheses, decoded, strict=True):
            self._assemble(hypotheses, paths, items, ranked)
        refused_B = self._refused(items, ood_scores_B)
        frames = [self._frame(*each) for each in zip(items, ranked, ood_scores_B, refused_B, strict=True)]
        seconds = {
            "score": scored_at - started,
            "decode": decoded_at - scored_at,
            "assemble": perf_counter() - decoded_at,
        }
        tokens = batch.work.tokens
        padding = batch.work.padding / tokens if tokens else batch.padding
        return BatchResult(frames, seconds, tokens or batch.words_BT.size, padding)

    def meet(self, items: Sequence[Item]) -> None:
        """Make what the networks keep of the items' words, without parsing them."""
        self._networks.meet(collate(items))

    def _decode(self, hypotheses: Hypotheses) -> Decoded[Any]:
        allowed_RK = self._allowed[hypotheses.network][[route.domain or 0 for route in hypotheses.routes]]
        emissions_RTK, lengths_R = hypotheses.emissions()
        return self._networks.decode(emissions_RTK, allowed_RK, lengths_R, hypotheses.network)

    def _assemble(
        self,
        hypotheses: Hypotheses,
        decoded: Decoded[Any],
        items: Sequence[Item],
        ranked: list[dict[int, Alternative]],
    ) -> None:
        """Put each hypothesis, as an alternative, at its rank among those of its item."""
        tags = self._tags[hypotheses.network]
        paths_RT, marginals_RT = decoded.path_RT.tolist(), decoded.marginals_RT.tolist()
        log_probs_R = decoded.log_prob_R.tolist()
        for r, (b, route) in enumerate(zip(hypotheses.items, hypotheses.routes, strict=True)):
            path = [tags[k] for k in paths_RT[r][: items[b].n_tokens]]
            ranked[b][hypotheses.ranks[r]] = Alternative(
                domain=_choice(self.labels.domains, route.domain, route.domain_prob),
                intent=_choice(self.labels.intents, route.intent, route.intent_prob),
                slots=slots_of_path(items[b], path, marginals_RT[r], self._scheme),
                confidence=self._confidence(route.log_prob, log_probs_R[r], items[b].utterance.locale),
            )

    def _confidence(self, route_log_prob: float, path_log_prob: float, locale: str | None) -> float:
        """P(domain, intent) x P(slots | domain); the route's probability is calibrated already, the path's is here."""
        calibration = self._postprocessing.calibration
        if calibration is None:
            return probability(exp(route_log_prob) * exp(path_log_prob))
        return probability(exp(route_log_prob) * calibration.scale(locale).path_probability(path_log_prob))

    def _ood_scores(self, scored: Scored, batch: Batch) -> list[float | None]:
        """The out-of-domain score of each item; None for a model without one."""
        ood = self._postprocessing.ood
        if ood is None:
            return [None] * len(batch.lengths_B)
        return [probability(score) for score in ood.scores(self._evidence(scored, batch)).tolist()]

    def _evidence(self, scored: Scored, batch: Batch) -> Evidence:
        evidence = scored.evidence()
        for reader in (self._postprocessing.training_text, self._postprocessing.foreign):
            evidence = evidence if reader is None else reader.compare(batch, evidence)
        return evidence

    def _refused(self, items: Sequence[Item], ood_scores_B: Sequence[float | None]) -> list[Refusal | None]:
        """Why each item is refused, if it may be: by a screen first, then by its out-of-domain score."""
        ood = self._postprocessing.ood
        reasons_B = refusals(self._postprocessing.screens, items)
        if ood is not None:
            outside_B = [score is not None and score > ood.threshold for score in ood_scores_B]
            reasons_B = [
                reason or ("domain" if outside else None)
                for reason, outside in zip(reasons_B, outside_B, strict=True)
            ]
        return [
            Refusal(reason) if reason is not None and item.utterance.allow_refusal else None
            for item, reason in zip(items, reasons_B, strict=True)
        ]

    def _frame(
        self, item: Item, ranked: dict[int, Alternative], ood_score: float | None, refused: Refusal | None
    ) -> Frame:
        hypotheses = [ranked[position] for position in range(len(ranked))]
        best, others = hypotheses[0], hypotheses[1:]
        if refused is not None:
            others = hypotheses if others else []
            best = Alternative(None, None, (), best.confidence)
        return Frame(
            text=item.utterance.text,
            locale=item.utterance.locale,
            domain=best.domain,
            intent=best.intent,
            slots=best.slots,
            confidence=best.confidence,
            alternatives=tuple(others),
            out_of_domain=ood_score,
            refused=refused,
        )


def _choice(names: Sequence[str], index: int | None, chance: float) -> Choice | None:
    return None if index is None else Choice(names[index], probability(chance))
