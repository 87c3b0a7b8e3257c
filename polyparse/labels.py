"""The label inventory of a model: domains, their intents and slots, and the tags that a scheme makes of the slots.

Axes: D domains, K tags. A corpus without domains has `domains == ()` and then behaves as one domain that holds everything.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from polyparse.errors import ConfigError
from polyparse.tags import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Labels:
    """Names by index; each intent belongs to one domain, a slot to as many as it was seen in.

    `intent_domains[i]` is the domain of intent i (empty without domains); `domain_slots[d]` the slots of domain d.
    """

    domains: tuple[str, ...]
    intents: tuple[str, ...]
    intent_domains: tuple[int, ...]
    slots: tuple[str, ...]
    domain_slots: tuple[tuple[int, ...], ...]
    scheme: str

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise ConfigError(f"labels.scheme: found {self.scheme!r}, expected one of {', '.join(SCHEMES)}")
        if len(self.intent_domains) != (len(self.intents) if self.domains else 0):
            raise ConfigError(
                f"labels.intent_domains: found {len(self.intent_domains)} entries for {len(self.intents)} intents"
            )
        if len(self.domain_slots) != len(self.domains):
            raise ConfigError(
                f"labels.domain_slots: found {len(self.domain_slots)} entries for {len(self.domains)} domains"
            )

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag, "O" first."""
        return SCHEMES[self.scheme].tags(self.slots)

    def slots_of(self, domain: int | None) -> tuple[str, ...]:
        """The slot names that a domain may hold; all of them when there are no domains."""
        return self.slots if domain is None else tuple(self.slots[slot] for slot in self.domain_slots[domain])

    def intents_of(self, domain: int) -> tuple[int, ...]:
        """Indices of the intents that belong to a domain."""
        return tuple(intent for intent, owner in enumerate(self.intent_domains) if owner == domain)

    def allowed(self, domain: int | None, tags: Sequence[str]) -> NDArray[np.bool_]:
        """allowed_K: whether each of `tags` may stand in an utterance of the domain ("O" always may)."""
        names = set(self.slots_of(domain))
        return np.array([tag == "O" or tag.split("-", 1)[1] in names for tag in tags], dtype=np.bool_)

    def restrict(self, domain: int) -> Labels:
        """The inventory of one domain alone, its names in the same order."""
        own = self.intents_of(domain)
        return Labels(
            domains=(self.domains[domain],),
            intents=tuple(self.intents[intent] for intent in own),
            intent_domains=(0,) * len(own),
            slots=self.slots_of(domain),
            domain_slots=(tuple(range(len(self.domain_slots[domain]))),),
            scheme=self.scheme,
        )

    @classmethod
    def collect(
        cls, frames: Iterable[tuple[str | None, str | None, Iterable[str]]], *, scheme: str = "BIO"
    ) -> Labels:
        """The inventory of a corpus given as (domain, intent, slot names) triples; names in sorted order.

        An intent seen in several domains goes to the one where it is most frequent.
        """
        owners: defaultdict[str, Counter[str]] = defaultdict(Counter)
        slots_by_domain: defaultdict[str | None, set[str]] = defaultdict(set)
        intents: set[str] = set()
        for domain, intent, slots in frames:
            slots_by_domain[domain].update(slots)
            if intent is not None:
                intents.add(intent)
                if domain is not None:
                    owners[intent][domain] += 1
        domains = sorted(domain for domain in slots_by_domain if domain is not None)
        if domains and (None in slots_by_domain or set(owners) != intents or not intents):
            raise ConfigError(
                "the corpus names a domain or an intent for some utterances only; found both kinds"
            )
        names = sorted(set().union(*slots_by_domain.values()))
        index = {name: position for position, name in enumerate(names)}
        ordered = tuple(sorted(intents))
        return cls(
            domains=tuple(domains),
            intents=ordered,
            intent_domains=tuple(domains.index(owners[i].most_common(1)[0][0]) for i in ordered)
            if domains
            else (),
            slots=tuple(names),
            domain_slots=tuple(tuple(sorted(index[slot] for slot in slots_by_domain[d])) for d in domains),
            scheme=scheme,
        )
