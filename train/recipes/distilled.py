"""The shipped models: an ensemble of teachers, a second generation that learns from it, and a student of both.

Students learn from augmented utterances with soft targets and are too small to overfit them, so that they need less dropout
than the teachers.
"""

from __future__ import annotations

from dataclasses import replace

from polyparse.corpora.augmentation.everyday_words import EverydayConfig
from polyparse.corpora.augmentation.slot_swap import SwapConfig
from polyparse.corpora.augmentation.word_substitution import SubstitutionConfig
from polyparse.corpora.noise import NoiseConfig
from train.config import DistilConfig, MaskedWordsConfig, OptimConfig, ParameterGroup, RunConfig
from train.models.embedder import EmbedderConfig
from train.models.encoders.base import EncoderConfig
from train.models.joint import JointConfig
from train.models.maxent import MaxEntConfig
from train.models.word_bag import WordBagConfig
from train.recipes.stm import stm

NOISE = NoiseConfig(typo=0.06, diacritics=0.04, function_word=0.06, code_mixing=0.1, romanised=0.25)
DISTIL = DistilConfig(draws=4, seed=3, substitution=SubstitutionConfig(words=0.25))


def teacher() -> RunConfig:
    """A larger `stm` with slot values swapped, a member of the teacher ensemble."""
    base = stm()
    embedder = replace(
        base.joint.embedder, word_size=200, character_filters=80, min_word_count=1, word_dropout=0.15
    )
    joint = replace(base.joint, embedder=embedder, encoder=EncoderConfig(hidden_size=320), mlp_size=320)
    return replace(
        base,
        recipe="teacher",
        classifier=None,
        joint=joint,
        swap=SwapConfig(utterances=0.3),
        optim=OptimConfig(epochs=16, patience=16, precision="bfloat16"),
        seed=12,
    )


def teacher_classifier() -> RunConfig:
    """The teacher of `stm`'s own size; it has the ensemble's MaxEnt."""
    return replace(
        teacher(), recipe="teacher-classifier", classifier=MaxEntConfig(), joint=stm().joint, seed=11
    )


def teacher_smoothed() -> RunConfig:
    """`teacher` with label smoothing of intents, more dropout and noise."""
    base = teacher()
    return replace(
        base,
        recipe="teacher-smoothed",
        joint=replace(base.joint, label_smoothing=0.1, embedding_dropout=0.4),
        swap=SwapConfig(utterances=0.4),
        noise=replace(NOISE, romanised=0.1),
        seed=13,
    )


def teacher_swapped() -> RunConfig:
    """`teacher` with slot values swapped in half of the utterances."""
    return replace(teacher(), recipe="teacher-swapped", swap=SwapConfig(utterances=0.5), seed=14)


def teacher_characters() -> RunConfig:
    """`teacher` with more characters and many words replaced by the unknown word, so that it relies on characters."""
    base = teacher()
    embedder = replace(
        base.joint.embedder, word_size=160, character_size=40, character_filters=128, word_dropout=0.4
    )
    joint = replace(
        base.joint, embedder=embedder, encoder=EncoderConfig(hidden_size=288), label_smoothing=0.05
    )
    return replace(
        base,
        recipe="teacher-characters",
        joint=joint,
        swap=SwapConfig(utterances=0.4),
        noise=replace(NOISE, romanised=0.1),
        optim=replace(base.optim, epochs=14),
        seed=15,
    )


def teacher_aligned() -> RunConfig:
    """`teacher-smoothed` with word vectors initialised by alignment."""
    return _aligned(teacher_smoothed(), "teacher-aligned", seed=113)


def teacher_characters_aligned() -> RunConfig:
    """`teacher-characters` with word vectors initialised by alignment, and fewer words replaced by the unknown word."""
    base = teacher_characters()
    joint = replace(base.joint, embedder=replace(base.joint.embedder, word_dropout=0.2))
    return _aligned(replace(base, joint=joint), "teacher-characters-aligned", seed=115)


def _aligned(base: RunConfig, recipe: str, *, seed: int) -> RunConfig:
    embedder = replace(base.joint.embedder, word_vectors="aligned")
    joint, optim = replace(base.joint, embedder=embedder), replace(base.optim, epochs=14)
    return replace(base, recipe=recipe, joint=joint, optim=optim, seed=seed)


def teacher_outside() -> RunConfig:
    """`teacher-smoothed` with a pre-trained sentence encoder's vectors of its words, and of 20,000 words more."""
    base = teacher_smoothed()
    embedder = replace(base.joint.embedder, word_dropout=0.3, outside_size=128, outside_words=20_000)
    joint, optim = replace(base.joint, embedder=embedder), replace(base.optim, epochs=14)
    return replace(base, recipe="teacher-outside", joint=joint, optim=optim, seed=213)


def teacher_pretrained() -> RunConfig:
    """`teacher-outside` with the sentence encoder itself, which learns on, in front of a gated CNN."""
    base = teacher_outside()
    encoder = EncoderConfig(kind="gated-cnn", hidden_size=256, layers=3, dropout=0.2)
    joint = replace(base.joint, pretrained_size=128, encoder=encoder, mlp_size=256)
    layers = ParameterGroup(pattern="pretrained.layers.*", rate=0.25)
    optim = replace(base.optim, epochs=11, groups=(layers,))
    return replace(base, recipe="teacher-pretrained", joint=joint, optim=optim, seed=317)


def first_student() -> RunConfig:
    """A biLSTM-CRF with a third of `stm`'s operations, trained with --teacher; the smallest network of the ensemble."""
    return replace(
        stm(),
        recipe="first-student",
        joint=JointConfig(
            embedder=EmbedderConfig(word_size=128, character_filters=40, word_dropout=0.1),
            encoder=EncoderConfig(hidden_size=160, dropout=0.25),
            mlp_size=160,
            embedding_dropout=0.2,
            mlp_dropout=0.2,
        ),
        noise=NOISE,
        optim=OptimConfig(learning_rate=3e-3, batch_size=128, epochs=16, patience=16, precision="bfloat16"),
        seed=21,
    )


def second_large() -> RunConfig:
    """The largest network of the second generation, taught by the first."""
    base = first_student()
    embedder = replace(base.joint.embedder, word_size=192, character_filters=80, min_word_count=1)
    encoder = replace(base.joint.encoder, hidden_size=288)
    return replace(
        base,
        recipe="second-large",
        classifier=None,
        joint=replace(base.joint, embedder=embedder, encoder=encoder, mlp_size=288),
        distil=replace(DISTIL, seed=2, joint_weight=0.55),
        optim=replace(base.optim, learning_rate=2.5e-3, epochs=12),
        seed=31,
    )


def second_small() -> RunConfig:
    """`first-student` with little dropout, taught by the first generation and `second-large`."""
    base = first_student()
    encoder = replace(base.joint.encoder, dropout=0.1)
    return replace(
        base,
        recipe="second-small",
        classifier=None,
        joint=replace(base.joint, encoder=encoder, embedding_dropout=0.1, mlp_dropout=0.1),
        distil=DISTIL,
        optim=replace(base.optim, epochs=14, patience=14),
        seed=61,
    )


def second_gated() -> RunConfig:
    """A gated CNN, taught like `second-small`; it makes other errors than a biLSTM."""
    base = second_small()
    return replace(
        base,
        recipe="second-gated",
        joint=replace(
            base.joint,
            embedder=replace(base.joint.embedder, word_size=160, character_filters=50),
            encoder=EncoderConfig(kind="gated-cnn", hidden_size=384, layers=3, dropout=0.05),
            mlp_size=256,
        ),
        seed=53,
    )


def student() -> RunConfig:
    """A gated CNN with an auxiliary biSRU, taught by both generations and the aligned teachers; its DC has a bag of words.

    Soft targets are almost those of the teachers' networks alone (`joint_weight` 0.99): routing adds the student's own DC.
    """
    base = second_small()
    substitution = replace(DISTIL.substitution, coined=0.2)
    return replace(
        base,
        recipe="student",
        classifier=MaxEntConfig(bag=WordBagConfig()),
        intent_bias=0.03,
        joint=replace(
            base.joint,
            embedder=replace(base.joint.embedder, word_size=160, word_vectors="aligned"),
            encoder=EncoderConfig(kind="gated-cnn", hidden_size=224, layers=3, dropout=0.05),
            auxiliary=EncoderConfig(kind="bisru", hidden_size=160, layers=3, dropout=0.05),
            outside_bias=0.2,
        ),
        masked_words=MaskedWordsConfig(epochs=6),
        distil=replace(DISTIL, joint_weight=0.99, substitution=substitution),
        optim=replace(base.optim, epochs=16, patience=16),
        seed=123,
    )


def student_continued() -> RunConfig:
    """`student` continued (--start) on new augmented utterances, without the auxiliary encoder."""
    base = student()
    return replace(
        base,
        recipe="student-continued",
        joint=replace(base.joint, auxiliary=None),
        masked_words=MaskedWordsConfig(),
        distil=replace(base.distil, draws=3, seed=5),
        optim=replace(base.optim, learning_rate=1.5e-3, epochs=6),
        seed=125,
    )


def student_continued_twice() -> RunConfig:
    """What is shipped: `student-continued` continued (--start) on new augmented utterances."""
    base = student_continued()
    return replace(
        base, recipe="student-continued-twice", distil=replace(base.distil, draws=2, seed=6), seed=127
    )


def student_outside() -> RunConfig:
    """`student` that knows 15,000 words more from outside, and reads fillers, typos and Hindi in many spellings."""
    base = student()
    embedder = replace(base.joint.embedder, word_dropout=0.15, outside_size=128, outside_words=15_000)
    return replace(
        base,
        recipe="student-outside",
        data=replace(base.data, contradictions="weigh"),
        joint=replace(base.joint, embedder=embedder),
        everyday=EverydayConfig(utterances=0.3, opposite=0.9),
        noise=NoiseConfig(
            typo=0.12,
            diacritics=0.05,
            function_word=0.06,
            code_mixing=0.08,
            romanised=0.2,
            respelled=0.2,
            filler=0.12,
        ),
        distil=replace(
            base.distil,
            draws=3,
            swap=replace(base.distil.swap, outside=0.3),
            substitution=replace(base.distil.substitution, outside=0.4),
        ),
        seed=323,
    )


def second_pretrained() -> RunConfig:
    """`teacher-pretrained` with little dropout, taught like `student-outside` by a first generation."""
    base, student = teacher_pretrained(), student_outside()
    joint = replace(
        base.joint,
        embedder=replace(base.joint.embedder, word_dropout=0.15),
        encoder=replace(base.joint.encoder, dropout=0.1),
        embedding_dropout=0.15,
        mlp_dropout=0.1,
        label_smoothing=0.0,
    )
    return replace(
        base,
        recipe="second-pretrained",
        data=student.data,
        joint=joint,
        everyday=student.everyday,
        distil=student.distil,
        optim=replace(base.optim, batch_size=128, epochs=9),
        seed=331,
    )


def ablation() -> RunConfig:
    """A small `stm` with few epochs, to compare training methods in minutes."""
    base = stm()
    joint = replace(base.joint, encoder=EncoderConfig(hidden_size=128), mlp_size=128)
    optim = OptimConfig(epochs=5, precision="bfloat16")
    return replace(base, recipe="ablation", classifier=None, joint=joint, optim=optim)
