"""Zero-resource transfer without an adversary: to a language with text, a dictionary or translations, but no labels.

All are STM in the size of studies, with aligned vectors. `stm-sources` learns from other languages alone, in words whose
vectors stay in the space of the target's; the others each add one way by which the target's words are learnt:

    teacher-student    what runs of `stm-sources` make of the target's text (Wu et al. 2020), with --teacher for each of them
    code-switched      the sources with a third of their words in the target's language, by a dictionary (Qin et al. 2020)
    projected          translations of the sources, labelled by them (Yarowsky et al. 2001): supervision by parallel text

A dictionary is induced from translations of what is learnt: --set switch.files takes those of files.
"""

from __future__ import annotations

from dataclasses import replace

from polyparse.corpora.augmentation.code_switching import SwitchConfig
from polyparse.corpora.selection.config import DataConfig, SubsetConfig, UnlabelledConfig
from train.config import DistilConfig, RunConfig
from train.recipes.transfer import stm_study

TARGET = "hi-IN"
TEXT = DataConfig(
    choose_on="held",
    subset=SubsetConfig(size=0.5),
    unlabelled=UnlabelledConfig(locales=(TARGET,)),
    inventory="all",
)
"""Half of the ids with labels, the other half as the target's text alone, so that no text translates another one."""


def stm_sources() -> RunConfig:
    """`stm-study` from source languages alone, of whose space the target's words are; it teaches `teacher-student`."""
    base = stm_study()
    embedder = replace(base.joint.embedder, freeze_words=True)
    return replace(
        base,
        recipe="stm-sources",
        data=TEXT,
        routing="soft",
        classifier=None,
        joint=replace(base.joint, embedder=embedder),
    )


def teacher_student() -> RunConfig:
    """`stm-sources` that learns the target's words too, from what its teachers make of texts: --teacher, runs of sources."""
    return _free(stm_sources(), "teacher-student", distil=DistilConfig(texts="unlabelled"))


def code_switched() -> RunConfig:
    """`stm-sources` that learns the target's words too, a third of each utterance's replaced by translations."""
    return _free(stm_sources(), "code-switched", switch=SwitchConfig(words=1 / 3))


def projected() -> RunConfig:
    """`stm-sources` that learns from translations into the target's language too, onto which labels are projected."""
    data = DataConfig(choose_on="held", projected=(TARGET,), inventory="all")
    return _free(stm_sources(), "projected", data=data)


def _free(base: RunConfig, recipe: str, **changes: object) -> RunConfig:
    """With words that learn."""
    embedder = replace(base.joint.embedder, freeze_words=False)
    return replace(base, recipe=recipe, joint=replace(base.joint, embedder=embedder), **changes)  # type: ignore[arg-type]  # fields of RunConfig
