"""The utterances of a corpus that the data options of a run leave: a pure function of the options and the utterances."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from hashlib import sha256
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from polyparse.corpora.readers.splits import divide
from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from polyparse.corpora.example import Example
    from polyparse.corpora.selection.config import (
        DataConfig,
        Size,
        SubsetConfig,
        UnlabelledConfig,
        WithheldConfig,
    )

    Group = tuple[str, str | None]


class Selection(NamedTuple):
    """`train` is learnt from, `dev` chooses; `left_out` are the ids of training utterances of which none is learnt from.

    The run has the labels of `inventory`. Of `unlabelled` the texts are read; they have neither domain, intent nor slots.
    """

    train: list[Example]
    dev: list[Example]
    left_out: frozenset[str]
    inventory: list[Example]
    unlabelled: Sequence[Example] = ()

    def translations(self, examples: Iterable[Example]) -> list[Example]:
        """Utterances in other locales, without the ids that were left out: those would tell of what is not to be known."""
        return [example for example in examples if example.id not in self.left_out]


def select(train: Sequence[Example], dev: Sequence[Example], config: DataConfig, *, path: Path) -> Selection:
    """What the config leaves of the utterances of a corpus, which messages call `path`; their order stays.

    Raises:
        ConfigError: it names what the corpus does not have, asks for more than there is, or leaves nothing to learn.
        CorpusError: there are not enough utterances to hold some out.
    """
    present = dict.fromkeys(example.locale for example in (*train, *dev))
    learnt, evaluated = _locales(config, present)
    _check_names("subset.sizes", config.subset.sizes, present)
    of_roles = [example for example in train if example.locale in {*learnt, *evaluated}]
    fit, held = of_roles, dev
    if config.choose_on == "held":
        fit, held = (divide(of_roles, partition, path=path) for partition in ("train", "dev"))
    held_ids = {example.id for example in held}
    fit = [example for example in fit if example.locale in learnt]
    held = [example for example in held if example.locale in evaluated]
    withheld = _withheld_from(fit, config)
    for key, names in (("domain", config.domains), ("intent", config.intents)):
        label_of = attrgetter(key)
        if names:
            _check_names(f"{key}s", names, set(map(label_of, fit)))
            fit, held = ([one for one in part if label_of(one) in names] for part in (fit, held))
    chosen = [example for example in _subset(fit, config.subset) if not withheld(example)]
    if train and not chosen:
        raise ConfigError(f"data: found no utterance of {path} left to learn from, expected some")
    inventory = chosen if config.inventory == "learnt" else [one for one in fit if not withheld(one)]
    chosen_ids = {example.id for example in chosen}
    others = [example for example in train if example.id not in chosen_ids and example.id not in held_ids]
    unlabelled = _unlabelled(others, config.unlabelled)
    left_out = frozenset({one.id for one in train} - chosen_ids)
    return Selection(chosen, held, left_out, inventory, unlabelled)


def ranked(names: Iterable[str], salt: str) -> list[str]:
    """The distinct names in the order of their salted hashes, which depends neither on theirs nor on how many they are."""
    return sorted(set(names), key=lambda name: sha256(f"{salt}\0{name}".encode()).digest())


def _locales(config: DataConfig, present: Collection[str]) -> tuple[Collection[str], Collection[str]]:
    """The locales that are learnt from, and those that choose."""
    roles, unlabelled = config.locales, config.unlabelled.locales
    for role in ("source", "target", "evaluation"):
        _check_names(f"locales.{role}", getattr(roles, role), present)
    _check_names("unlabelled.locales", unlabelled, present)
    learnt = {*roles.source, *roles.target} or set(present) - set(unlabelled)
    if both := sorted(learnt & set(unlabelled)):
        raise ConfigError(
            f"data.unlabelled.locales: found {', '.join(both)}, expected none that is learnt from"
        )
    return learnt, set(roles.evaluation) or learnt


def _unlabelled(others: Sequence[Example], config: UnlabelledConfig) -> list[Example]:
    """The texts of each locale, without what was said of them."""
    taken: set[tuple[str, str]] = set()
    for locale in config.locales:
        ids = ranked((one.id for one in others if one.locale == locale), f"unlabelled {config.seed}")
        if not ids:
            raise ConfigError(
                f"data.unlabelled: found no id of {locale} that no utterance learnt from has, expected some"
                " (data.subset says how many of them are learnt from)"
            )
        taken |= {(locale, one) for one in _up_to(config.size, ids, "unlabelled", locale)}
    return [
        replace(one, domain=None, intent=None, slots=()) for one in others if (one.locale, one.id) in taken
    ]


def _check_names(key: str, names: Iterable[str], expected: Collection[str | None]) -> None:
    for name in names:
        if name not in expected:
            listed = ", ".join(sorted(map(str, filter(None, expected)))) or "none"
            raise ConfigError(f"data.{key}: found {name!r}, expected some of {listed}")


def _subset(fit: Sequence[Example], config: SubsetConfig) -> list[Example]:
    """The first ids of each locale, or of each intent in it."""

    def group_of(example: Example) -> Group:
        return example.locale, example.intent if config.of_each_intent else None

    ids: defaultdict[Group, list[str]] = defaultdict(list)
    for example in fit:
        ids[group_of(example)].append(example.id)
    taken = {group: _first(ids_of_group, config, group) for group, ids_of_group in ids.items()}
    return [example for example in fit if example.id in taken[group_of(example)]]


def _first(ids: Iterable[str], config: SubsetConfig, group: Group) -> set[str]:
    """The first ids of a group; a salt that is not that of the cut keeps subsets from leaning on what was held out."""
    place = " in ".join(filter(None, (group[1], group[0])))
    return _up_to(config.of(group[0]), ranked(ids, f"subset {config.seed}"), "subset", place)


def _up_to(size: Size | None, order: Sequence[str], key: str, place: str) -> set[str]:
    """So many of the first ids, all with None."""
    if size is None:
        return set(order)
    number = size if isinstance(size, int) else max(1, round(size * len(order)))
    if number > len(order):
        raise ConfigError(f"data.{key}: found {number} ids of {place}, expected at most {len(order)}")
    return set(order[:number])


def _withheld_from(fit: Sequence[Example], config: DataConfig) -> Callable[[Example], bool]:
    """Whether an utterance has a label that is withheld from its locale's role."""
    withheld, roles = config.withheld, config.locales
    if not (withheld.intents or withheld.slots or withheld.drawn_intents or withheld.drawn_slots):
        return lambda _example: False
    locales = {"source": roles.source, "target": roles.target}[withheld.role]
    if not locales and (withheld.role == "target" or roles.target):
        raise ConfigError(
            f"data.withheld.role: found {withheld.role!r}, expected a role that has locales in data.locales"
        )
    of_role = [example for example in fit if not locales or example.locale in locales]
    ids_of_intent: defaultdict[str, set[str]] = defaultdict(set)
    ids_of_slot: defaultdict[str, set[str]] = defaultdict(set)
    for example in of_role:
        if example.intent is not None:
            ids_of_intent[example.intent].add(example.id)
        for span in example.slots:
            ids_of_slot[span.name].add(example.id)
    intents = _labels(ids_of_intent, withheld, "intents")
    slots = _labels(ids_of_slot, withheld, "slots")
    return lambda example: (
        (not locales or example.locale in locales)
        and (example.intent in intents or any(span.name in slots for span in example.slots))
    )


def _labels(ids: dict[str, set[str]], withheld: WithheldConfig, kind: str) -> set[str]:
    """The labels of a kind that are withheld, named or drawn."""
    named: tuple[str, ...] = getattr(withheld, kind)
    number: int = getattr(withheld, f"drawn_{kind}")
    _check_names(f"withheld.{kind}", named, ids)
    usable = [
        name for name in ids if withheld.fewest <= len(ids[name]) <= withheld.most and name not in named
    ]
    if number > len(usable):
        raise ConfigError(
            f"data.withheld.drawn_{kind}: found {number}, expected at most {len(usable)}, the {kind} that"
            f" {withheld.fewest} to {withheld.most} training utterances have"
        )
    return {*named, *ranked(usable, f"withheld {kind} {withheld.seed}")[:number]}
