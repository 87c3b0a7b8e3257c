"""The label inventory of a model: domains, their intents and slots, and the tags that a scheme makes of the slots.

Axes: D domains, I intents, K tags. A corpus without domains has `domains == ()` and then behaves as one domain that holds
everything.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from polyparse.contract.tags import SCHEMES
from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Labels:
    """Names by index; each intent belongs to one domain, a slot to every domain that it occurs in.

    `intent_domains[i]` is the domain of intent i (empty without domains); `domain_slots[d]` the slots of domain d.
    """

    domains: tuple[str, ...]
    intents: tuple[str, ...]
    intent_domains: tuple[int, ...]
    slots: tuple[str, ...]
    domain_slots: tuple[tuple[int, ...], ...]
    scheme: str

    def __post_init__(self) -> None:
        """Raise ConfigError where the parts contradict each other."""
        for problem in _problems(self):
            raise ConfigError(f"labels.{problem}")

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of all slots under the scheme; "O" comes first."""
        return SCHEMES[self.scheme].tags(self.slots)

    @cached_property
    def tag_ids(self) -> dict[str, int]:
        """Tag -> its place in `tags`."""
        return {tag: index for index, tag in enumerate(self.tags)}

    @cached_property
    def intent_ids(self) -> dict[str, int]:
        """Intent -> its place in `intents`."""
        return {intent: index for index, intent in enumerate(self.intents)}

    @cached_property
    def owner_I(self) -> NDArray[np.intp]:
        """Intent -> its domain: `intent_domains` as an array."""
        return np.array(self.intent_domains, dtype=np.intp)

    @cached_property
    def inside_ID(self) -> NDArray[np.float64]:
        """1 where an intent belongs to a domain, else 0."""
        return np.eye(len(self.domains))[self.owner_I]

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
        intents = self.intents_of(domain)
        return Labels(
            domains=(self.domains[domain],),
            intents=tuple(self.intents[intent] for intent in intents),
            intent_domains=(0,) * len(intents),
            slots=self.slots_of(domain),
            domain_slots=(tuple(range(len(self.domain_slots[domain]))),),
            scheme=self.scheme,
        )

    @classmethod
    def collect(
        cls, frames: Iterable[tuple[str | None, str | None, Iterable[str]]], *, scheme: str = "BIO"
    ) -> Labels:
        """The inventory of a corpus given as (domain, intent, slot names) triples; names in sorted order.

        An intent seen in several domains goes to the one where it is most frequent, and its slots with it.
        """
        owners: defaultdict[str | None, Counter[str | None]] = defaultdict(Counter)
        slots_by_label: defaultdict[tuple[str | None, str | None], set[str]] = defaultdict(set)
        for domain, intent, slots in frames:
            slots_by_label[domain, intent].update(slots)
            if intent is not None:
                owners[intent][domain] += 1
        domains = _names("domains", {domain for domain, _ in slots_by_label})
        intents = _names("intents", {intent for _, intent in slots_by_label})
        if domains and not intents:
            raise ConfigError("corpus: found domains and no intents, expected intents too, or no domains")
        owner = {intent: counts.most_common(1)[0][0] for intent, counts in owners.items()}
        position: dict[str | None, int] = {domain: index for index, domain in enumerate(domains)}
        slots_by_domain: defaultdict[str | None, set[str]] = defaultdict(set)
        for (domain, intent), names in slots_by_label.items():
            slots_by_domain[domain] |= names
            slots_by_domain[owner.get(intent)] |= names
        slots = tuple(sorted(set().union(*slots_by_label.values())))
        return cls(
            domains=domains,
            intents=intents,
            intent_domains=tuple(position[owner[i]] for i in intents) if domains else (),
            slots=slots,
            domain_slots=tuple(
                tuple(index for index, name in enumerate(slots) if name in slots_by_domain[domain])
                for domain in domains
            ),
            scheme=scheme,
        )


def _names(kind: str, labels: set[str | None]) -> tuple[str, ...]:
    """The names in order; none for a corpus that has no such labels."""
    names = tuple(sorted(name for name in labels if name is not None))
    if names and None in labels:
        raise ConfigError(
            f"corpus: found utterances with and without {kind}, expected all to have one or none"
        )
    return names


def _problems(labels: Labels) -> Iterator[str]:
    """Each contradiction in an inventory, as a message."""
    if labels.scheme not in SCHEMES:
        yield f"scheme: found {labels.scheme!r}, expected one of {', '.join(SCHEMES)}"
    for kind in ("domains", "intents", "slots"):
        for name, count in Counter(getattr(labels, kind)).items():
            if count > 1:
                yield f"{kind}: found {name!r} {'twice' if count == 2 else f'{count} times'}, expected it once"
    expected = len(labels.intents) if labels.domains else 0
    if len(labels.intent_domains) != expected:
        yield f"intent_domains: found {len(labels.intent_domains)} entries for {expected} intents with a domain"
    if len(labels.domain_slots) != len(labels.domains):
        yield f"domain_slots: found {len(labels.domain_slots)} entries for {len(labels.domains)} domains"
    slots = [slot for of_domain in labels.domain_slots for slot in of_domain]
    yield from _out_of_range("intent_domains", labels.intent_domains, len(labels.domains))
    yield from _out_of_range("domain_slots", slots, len(labels.slots))
    for index in sorted(set(range(len(labels.domains))) - set(labels.intent_domains)):
        yield f"intent_domains: found no intent of domain {labels.domains[index]!r}, expected at least one"


def _out_of_range(key: str, indices: Iterable[int], size: int) -> Iterator[str]:
    for index in indices:
        if not 0 <= index < size:
            yield f"{key}: found {index}, expected an index below {size}"
