"""Recipes by name; each is a plain function that returns one complete config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from train.recipes.ain import ain_tuned, stm_ain, stm_ain_f2o
from train.recipes.distilled import (
    ablation,
    first_student,
    second_gated,
    second_large,
    second_small,
    student,
    student_continued,
    student_continued_twice,
    student_tuned,
    teacher,
    teacher_aligned,
    teacher_characters,
    teacher_characters_aligned,
    teacher_classifier,
    teacher_smoothed,
    teacher_swapped,
)
from train.recipes.stm import (
    per_domain,
    stm,
    stm_fasttext,
    stm_paper,
    stm_small,
    stm_softmax,
    stm_tuned,
    word_cnn,
    word_linear,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from train.config import RunConfig

RECIPES: dict[str, Callable[[], RunConfig]] = {
    "stm": stm,
    "stm-tuned": stm_tuned,
    "stm-fasttext": stm_fasttext,
    "stm-small": stm_small,
    "stm-paper": stm_paper,
    "stm-softmax": stm_softmax,
    "word-cnn": word_cnn,
    "word-linear": word_linear,
    "stm-ain": stm_ain,
    "stm-ain-f2o": stm_ain_f2o,
    "ain-tuned": ain_tuned,
    "per-domain": per_domain,
    "teacher": teacher,
    "teacher-classifier": teacher_classifier,
    "teacher-smoothed": teacher_smoothed,
    "teacher-swapped": teacher_swapped,
    "teacher-characters": teacher_characters,
    "teacher-aligned": teacher_aligned,
    "teacher-characters-aligned": teacher_characters_aligned,
    "first-student": first_student,
    "second-large": second_large,
    "second-small": second_small,
    "second-gated": second_gated,
    "student": student,
    "student-continued": student_continued,
    "student-continued-twice": student_continued_twice,
    "student-tuned": student_tuned,
    "ablation": ablation,
}
