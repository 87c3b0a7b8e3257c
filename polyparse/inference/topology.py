"""The two ways to lay out a model's networks, and which hypotheses of each item they give to the decoder.

Axes: B items of a batch, S items of a sub-batch, T tokens, I intents, K tags, X classes of DC, R hypotheses.

shared: one network scores every item; routes come from its intent layer and DC together.
per-domain: one network a domain (Tan & Golovneva 2020, section 2); DC routes hard, and each item is scored by the networks
of its likeliest domains, one sub-batch a network.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import accumulate
from math import exp
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from polyparse.contract.frame import probability
from polyparse.errors import ConfigError, ModelRunFailed
from polyparse.inference.ood import Evidence
from polyparse.inference.routing import (
    Route,
    domain_log_probs,
    log_normalise,
    rank,
    routed_log_probs,
    summed_by_domain,
)
from polyparse.text.vectorizer import collate
from polyparse.text.vocabulary import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from polyparse.contract.labels import Labels
    from polyparse.inference.calibration import Calibration, Temperatures
    from polyparse.inference.networks import Networks
    from polyparse.inference.routing import Routing
    from polyparse.text.vectorizer import Batch, Item

    Floats = NDArray[np.float32]


@dataclass
class Hypotheses:
    """What one network decodes: hypothesis r is `routes[r]` of item `items[r]`, its `ranks[r]`-th best.

    The network scored that item at `positions[r]` of its (sub-)batch, whose emissions and lengths stand here.
    """

    network: int
    emissions_STK: Floats
    lengths_S: NDArray[np.int32]
    positions: list[int] = field(default_factory=list)
    items: list[int] = field(default_factory=list)
    ranks: list[int] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)

    def add(self, *, position: int, item: int, first_rank: int, routes: Sequence[Route]) -> None:
        """Append an item's routes, the best first."""
        self.positions += [position] * len(routes)
        self.items += [item] * len(routes)
        self.ranks += range(first_rank, first_rank + len(routes))
        self.routes += routes

    def emissions(self) -> tuple[Floats, NDArray[np.int32]]:
        """emissions_RTK and lengths_R; copied only where an item has several hypotheses."""
        if self.positions == list(range(len(self.lengths_S))):
            return self.emissions_STK, self.lengths_S
        return self.emissions_STK[self.positions], self.lengths_S[self.positions]


class Scored(NamedTuple):
    """A scored batch: hypotheses of all items, one entry a network that has any, and the evidence, made when asked for."""

    hypotheses: list[Hypotheses]
    evidence: Callable[[], Evidence]


class Topology(Protocol):
    """Scores a batch and says what to decode."""

    def score(self, batch: Batch, items: Sequence[Item]) -> Scored:
        """The hypotheses of the items, and the evidence about them."""


class SharedTopology:
    """One network for all domains."""

    def __init__(
        self, labels: Labels, routing: Routing, networks: Networks, calibration: Calibration | None = None
    ) -> None:
        self._labels, self._routing, self._networks = labels, routing, networks
        self._calibration = calibration

    def score(self, batch: Batch, items: Sequence[Item]) -> Scored:
        """One entry: every item's `n_best` routes."""
        joint_BI, emissions_BTK = self._networks.score(batch, 0)
        classified_BX = self._networks.classify(batch)
        mixture_BI = routed_log_probs(joint_BI, classified_BX, self._labels, self._routing)
        routed = rank(
            mixture_BI,
            classified_BX,
            self._labels,
            self._routing,
            [item.n_best for item in items],
            temperatures=_temperatures(self._calibration, items),
        )
        hypotheses = Hypotheses(0, emissions_BTK, batch.lengths_B)
        for b, routes in enumerate(routed):
            hypotheses.add(position=b, item=b, first_rank=0, routes=routes)
        return Scored([hypotheses], lambda: _evidence(mixture_BI, batch, self._labels))


class SubBatch(NamedTuple):
    """The items that one domain's network scores: item `members[s]` has log P_I of its intents as given and tempered."""

    hypotheses: Hypotheses
    members: list[int]
    joint_SI: Floats
    tempered_SI: Floats


class PerDomainTopology:
    """One network a domain; network d holds the intents and tags of domain d."""

    def __init__(
        self, labels: Labels, routing: Routing, networks: Networks, calibration: Calibration | None = None
    ) -> None:
        if not labels.domains:
            raise ConfigError(
                "topology: found labels without domains, expected some for per-domain, or shared"
            )
        if routing.classifier_classes == "none":
            raise ConfigError("topology: found no domain classifier, expected one for per-domain, or shared")
        self._labels, self._routing, self._networks = labels, routing, networks
        self._calibration = calibration
        self._sizes = [len(labels.intents_of(domain)) for domain in range(len(labels.domains))]

    def score(self, batch: Batch, items: Sequence[Item]) -> Scored:
        """All intents of an item's likeliest domain, then those of the next, until it has its `n_best`."""
        classified_BX = self._networks.classify(batch)
        if classified_BX is None:
            raise ModelRunFailed("domain classifier: found no answer, expected log probabilities")
        domains_BD = domain_log_probs(classified_BX, self._labels, self._routing)
        temperatures = _temperatures(self._calibration, items)
        tempered_BD = domains_BD
        if temperatures is not None:
            tempered_BD = log_normalise(domains_BD / temperatures.domain_B1)
        domains_of = [self._likeliest(domains_BD[b], item.n_best) for b, item in enumerate(items)]
        scored = {
            domain: self._score_domain(domain, members, batch, items, temperatures)
            for domain, members in _members(domains_of).items()
        }
        for b, domains in enumerate(domains_of):
            first_rank = 0
            for domain in domains:
                part = scored[domain]
                position = part.members.index(b)
                routes = self._routes(domain, float(tempered_BD[b, domain]), part.tempered_SI[position])
                part.hypotheses.add(
                    position=position,
                    item=b,
                    first_rank=first_rank,
                    routes=routes[: items[b].n_best - first_rank],
                )
                first_rank += len(routes)

        def evidence() -> Evidence:
            log_probs_BI = self._of_classifier(domains_BD, classified_BX)
            for b, (domain, *_) in enumerate(domains_of):
                part = scored[domain]
                joint_I = part.joint_SI[part.members.index(b)]
                log_probs_BI[b, self._labels.intents_of(domain)] = domains_BD[b, domain] + joint_I
            return _evidence(log_probs_BI, batch, self._labels)

        return Scored([part.hypotheses for _, part in sorted(scored.items())], evidence)

    def _of_classifier(self, domains_BD: Floats, classified_BX: Floats) -> Floats:
        """log P_BI by DC alone, evenly within a domain where it knows no intents.

        It stands for the domains that are not an item's likeliest: networks that only an n-best request asks leave no
        trace in the evidence, which is the utterance's own.
        """
        if self._routing.classifier_classes == "intents":
            return classified_BX.copy()
        owner_I = self._labels.owner_I
        even_BI: Floats = domains_BD[:, owner_I] - np.log(np.array(self._sizes, np.float32))[owner_I]
        return even_BI

    def _likeliest(self, log_probs_D: Floats, n_best: int) -> list[int]:
        """The likeliest domains, no more than hold `n_best` intents together."""
        order: list[int] = np.argsort(-log_probs_D, kind="stable").tolist()
        held = accumulate(self._sizes[domain] for domain in order)
        return order[: 1 + sum(intents < n_best for intents in held)]

    def _score_domain(
        self,
        domain: int,
        members: list[int],
        whole: Batch,
        items: Sequence[Item],
        temperatures: Temperatures | None,
    ) -> SubBatch:
        batch = collate([items[b] for b in members], whole.work)
        joint_SI, emissions_STK = self._networks.score(batch, domain)
        tempered_SI = joint_SI
        if temperatures is not None:
            tempered_SI = log_normalise(joint_SI / temperatures.intent_B1[members])
        return SubBatch(Hypotheses(domain, emissions_STK, batch.lengths_B), members, joint_SI, tempered_SI)

    def _routes(self, domain: int, domain_log_prob: float, joint_I: Floats) -> list[Route]:
        intents = self._labels.intents_of(domain)
        return [
            Route(
                domain=domain,
                intent=intents[i],
                domain_prob=probability(exp(domain_log_prob)),
                intent_prob=probability(exp(domain_log_prob + float(joint_I[i]))),
                log_prob=domain_log_prob + float(joint_I[i]),
            )
            for i in np.argsort(-joint_I, kind="stable").tolist()
        ]


def _members(domains_of: Sequence[Sequence[int]]) -> dict[int, list[int]]:
    """Domain -> the items that its network scores, given the domains of each item."""
    members: defaultdict[int, list[int]] = defaultdict(list)
    for b, domains in enumerate(domains_of):
        for domain in domains:
            members[domain].append(b)
    return members


def _temperatures(calibration: Calibration | None, items: Sequence[Item]) -> Temperatures | None:
    if calibration is None:
        return None
    return calibration.temperatures([item.utterance.locale for item in items])


def _evidence(log_probs_BI: NDArray[np.floating], batch: Batch, labels: Labels) -> Evidence:
    return Evidence(
        log_probs_BI,
        _unknown_words(batch),
        summed_by_domain(log_probs_BI, labels) if labels.domains else None,
    )


def _unknown_words(batch: Batch) -> Floats:
    """The share of each utterance's tokens that the vocabulary lacks; padding is none of them."""
    unknown_BT = batch.word_ids_U[batch.words_BT] == UNKNOWN
    share_B: Floats = (unknown_BT.sum(axis=1) / batch.lengths_B).astype(np.float32)
    return share_B


TOPOLOGIES: dict[str, type[SharedTopology | PerDomainTopology]] = {
    "shared": SharedTopology,
    "per-domain": PerDomainTopology,
}
