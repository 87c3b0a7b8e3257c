"""Approximate inference in place of the CRF (Wang et al. 2020): in STM, and in the taggers that the paper compares.

A tagger is one of the paper's encoders with one of its heads; it learns slots alone. The taggers are of the size that trains
on two cores in minutes; those whose name ends in "paper" have the paper's numbers, where they are known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import product
from typing import NamedTuple

from train.config import OptimConfig, RunConfig
from train.models.embedder import EmbedderConfig
from train.models.encoders.base import EncoderConfig
from train.models.joint import JointConfig
from train.recipes.stm import stm

Recipe = Callable[[], RunConfig]


def stm_ain() -> RunConfig:
    """AIN-1O: first-order mean field, three iterations."""
    return replace(stm(), recipe="stm-ain", joint=replace(stm().joint, head="ain"))


def stm_ain_f2o() -> RunConfig:
    """AIN-F2O: factorised second order."""
    return replace(stm(), recipe="stm-ain-f2o", joint=replace(stm().joint, head="ain-f2o"))


class TaggerEncoder(NamedTuple):
    """An encoder of AIN, section 3.2; `characters` is the number of filters of each width, which only the biLSTM has.

    The paper has 50 filters of width 3 where these are of widths 2, 3 and 4.
    """

    title: str
    config: EncoderConfig
    characters: tuple[int, int] = (0, 0)
    learning_rate: float = 1e-2
    epochs: int = 25


ENCODERS: Mapping[str, TaggerEncoder] = {
    "bilstm": TaggerEncoder(
        "biLSTM over words and characters",
        EncoderConfig(hidden_size=256, layers=1, dropout=0.3),
        characters=(10, 17),
        learning_rate=2e-3,
        epochs=20,
    ),
    "cnn": TaggerEncoder(
        "CNN over words", EncoderConfig(kind="projected-cnn", hidden_size=512, layers=1, dropout=0.3)
    ),
    "words": TaggerEncoder("words alone", EncoderConfig(kind="identity")),
}
HEADS: Mapping[str, str] = {
    "softmax": "MaxEnt, each tag by itself",
    "crf": "a CRF",
    "ain": "AIN-1O",
    "ain-f2o": "AIN-F2O",
}


def tagger(name: str, head: str) -> RunConfig:
    """The encoder of that name with the head; potentials start from N(0, 1), as in the code of the paper."""
    encoder = ENCODERS[name]
    return RunConfig(
        recipe=f"{name}-{head}",
        slots_only=True,
        select="slot_f1",
        classifier=None,
        joint=JointConfig(
            embedder=EmbedderConfig(character_filters=encoder.characters[0], word_dropout=0.0),
            encoder=encoder.config,
            head=head,
            start_spread=1.0,
            mlp_size=0,
            embedding_dropout=0.0,
            locked_dropout=0.3,
            token_dropout=0.05,
        ),
        optim=OptimConfig(
            schedule="linear",
            learning_rate=encoder.learning_rate,
            batch_size=32,
            epochs=encoder.epochs,
            patience=encoder.epochs,
            warmup_share=0.0,
            clip_norm=5.0,
            average_decay=0.0,
        ),
    )


def paper_tagger(name: str) -> RunConfig:
    """The encoder of that name with AIN-1O, by AIN, section 3.2; for the other heads: --set joint.head=HEAD."""
    base, encoder = tagger(name, "ain"), ENCODERS[name]
    kind = replace(encoder.config, dropout=0.5, batch_norm=encoder.config.kind == "projected-cnn")
    embedder = replace(base.joint.embedder, character_size=25, character_filters=encoder.characters[1])
    return replace(
        base,
        recipe=f"{name}-paper",
        scheme="BIOES",
        joint=replace(base.joint, embedder=embedder, encoder=kind, locked_dropout=0.5),
        optim=replace(
            base.optim,
            optimiser="sgd",
            schedule="halving",
            learning_rate=0.1,
            weight_decay=0.0,
            epochs=300,
            patience=300,
        ),
    )


def taggers() -> dict[str, Recipe]:
    """Recipes of every encoder with every head, and of each encoder as the paper has it."""
    recipes = {
        f"{encoder}-{head}": _described(partial(tagger, encoder, head), encoder, what)
        for encoder, (head, what) in product(ENCODERS, HEADS.items())
    }
    of_paper = {
        f"{encoder}-paper": _described(
            partial(paper_tagger, encoder), encoder, "AIN-1O, in the paper's numbers"
        )
        for encoder in ENCODERS
    }
    return recipes | of_paper


def _described(recipe: Recipe, encoder: str, what: str) -> Recipe:
    """The recipe with a docstring, which `polyparse train --list` prints."""
    recipe.__doc__ = f"Slots alone: {ENCODERS[encoder].title}; {what}."
    return recipe
