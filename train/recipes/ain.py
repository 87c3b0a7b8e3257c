"""STM with approximate inference in place of the CRF (Wang et al. 2020)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from train.config import OptimConfig
from train.recipes.stm import stm, stm_tuned

if TYPE_CHECKING:
    from train.config import RunConfig


def stm_ain() -> RunConfig:
    """AIN-1O: first-order mean field, three iterations."""
    return replace(stm(), recipe="stm-ain", joint=replace(stm().joint, head="ain"))


def ain_tuned() -> RunConfig:
    """`stm-tuned` gone on with (--start) for two epochs with an annealed AIN-1O in place of the CRF."""
    base = stm_tuned()
    return replace(
        base,
        recipe="ain-tuned",
        joint=replace(base.joint, head="ain-annealed"),
        optim=OptimConfig(learning_rate=2e-4, epochs=2),
    )


def stm_ain_f2o() -> RunConfig:
    """AIN-F2O: factorised second order."""
    return replace(stm(), recipe="stm-ain-f2o", joint=replace(stm().joint, head="ain-f2o"))
