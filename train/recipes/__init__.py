"""Recipes by name; each is a function that returns a complete config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from train.recipes import ain, baselines, distilled, few, man_moe, stm, target_text, tasks, transfer

if TYPE_CHECKING:
    from collections.abc import Callable

    from train.config import RunConfig

RECIPES: dict[str, Callable[[], RunConfig]] = {
    "stm": stm.stm,
    "stm-fasttext": stm.stm_fasttext,
    "stm-small": stm.stm_small,
    "few": few.few,
    "stm-paper": stm.stm_paper,
    "stm-softmax": stm.stm_softmax,
    "maxent-crf": baselines.maxent_crf,
    "word-cnn": stm.word_cnn,
    "word-linear": stm.word_linear,
    "stm-ain": ain.stm_ain,
    "stm-ain-f2o": ain.stm_ain_f2o,
    "per-domain": stm.per_domain,
    **ain.taggers(),
    "stm-study": transfer.stm_study,
    "enctl": transfer.enctl,
    "encvlrtl": transfer.encvlrtl,
    "encdectl": transfer.encdectl,
    "t-none": tasks.t_none,
    "t-a": tasks.t_a,
    "t-b": tasks.t_b,
    "t-c": tasks.t_c,
    "man-moe": man_moe.man_moe,
    "man-without-experts": man_moe.man_without_experts,
    "moe-without-man": man_moe.moe_without_man,
    "sources-only": man_moe.sources_only,
    "stm-sources": target_text.stm_sources,
    "teacher-student": target_text.teacher_student,
    "code-switched": target_text.code_switched,
    "projected": target_text.projected,
    "teacher": distilled.teacher,
    "teacher-classifier": distilled.teacher_classifier,
    "teacher-smoothed": distilled.teacher_smoothed,
    "teacher-swapped": distilled.teacher_swapped,
    "teacher-characters": distilled.teacher_characters,
    "teacher-aligned": distilled.teacher_aligned,
    "teacher-characters-aligned": distilled.teacher_characters_aligned,
    "teacher-outside": distilled.teacher_outside,
    "teacher-pretrained": distilled.teacher_pretrained,
    "first-student": distilled.first_student,
    "second-large": distilled.second_large,
    "second-small": distilled.second_small,
    "second-gated": distilled.second_gated,
    "student": distilled.student,
    "student-continued": distilled.student_continued,
    "student-continued-twice": distilled.student_continued_twice,
    "student-outside": distilled.student_outside,
    "second-pretrained": distilled.second_pretrained,
    "ablation": distilled.ablation,
}
