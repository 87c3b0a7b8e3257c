"""Saying in what precision a run computes, where that is not what its config asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from train.compute import lacks_bfloat16_lstm

if TYPE_CHECKING:
    from train.training.run import RunContext


def say_precision(run: RunContext) -> None:
    """Say and log that LSTMs, the teachers' too, compute in float32 in a run in bfloat16, where the device has no other."""
    if run.config.optim.precision != "bfloat16" or not _has_lstm(run):
        return
    if reason := lacks_bfloat16_lstm(run.device.type):
        found = f"LSTMs compute in float32, for this {run.device.type} has none in bfloat16 ({reason})"
        run.progress.say(f"precision: {found}")
        run.checkpoint.log({"precision": found})


def _has_lstm(run: RunContext) -> bool:
    configs = [run.config, *(teacher.run().config for teacher in run.parents.teachers)]
    encoders = [encoder for one in configs for encoder in (one.joint.encoder, one.joint.auxiliary)]
    kinds = {part.kind for encoder in encoders if encoder is not None for part in encoder.single()}
    return "bilstm" in kinds
