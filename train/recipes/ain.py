"""STM with approximate inference in place of the CRF (Wang et al. 2020)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from train.recipes.stm import stm

if TYPE_CHECKING:
    from train.config import RunConfig


def stm_ain() -> RunConfig:
    """AIN-1O: first-order mean field, three iterations."""
    return replace(stm(), recipe="stm-ain", joint=replace(stm().joint, head="ain"))


def stm_ain_f2o() -> RunConfig:
    """AIN-F2O: factorised second order."""
    return replace(stm(), recipe="stm-ain-f2o", joint=replace(stm().joint, head="ain-f2o"))
