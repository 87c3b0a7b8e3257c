"""Precision where a device has no LSTM in bfloat16, and where it has one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from tests.model_export.checkpoints import started
from tests.train.corpus import examples
from tests.train.tiny import SHORT, with_joint
from train.compute import CPU, Compute, lacks_bfloat16_lstm
from train.models.encoders.base import EncoderConfig
from train.models.encoders.bilstm import BiLSTM
from train.progress import Progress
from train.training.fit import fit
from train.training.run import Parents, Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from train.checkpoint import Checkpoint
    from train.config import RunConfig

    Forward = Callable[..., tuple[Any, Any]]

FORWARD: Forward = nn.LSTM.forward
BFLOAT16 = replace(SHORT, optim=replace(SHORT.optim, precision="bfloat16"))
SAID = "LSTMs compute in float32, for this cpu has none in bfloat16 (could not create a primitive)"


def lacking(lstm: nn.LSTM, *arguments: Any) -> tuple[Any, Any]:
    """An LSTM of a device that has none in bfloat16."""
    if torch.is_autocast_enabled("cpu"):
        raise RuntimeError("could not create a primitive. Run with more diagnostics")
    return FORWARD(lstm, *arguments)


def having(lstm: nn.LSTM, inputs: torch.Tensor, *state: Any) -> tuple[Any, Any]:
    """An LSTM of a device that has one in bfloat16: so far as it shows, it rounds what it gives."""
    if not torch.is_autocast_enabled("cpu"):
        return FORWARD(lstm, inputs, *state)
    with torch.autocast("cpu", enabled=False):
        outputs, last = FORWARD(lstm, inputs.float(), *state)
    return outputs.bfloat16(), last


@pytest.fixture(params=[lacking, having])
def device_lstm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forward]:
    """How LSTMs of this device compute."""
    monkeypatch.setattr(nn.LSTM, "forward", request.param)
    lacks_bfloat16_lstm.cache_clear()
    yield request.param
    lacks_bfloat16_lstm.cache_clear()


def finished(folder: Path, config: RunConfig, parents: Parents | None = None) -> Checkpoint:
    checkpoint = started(folder, config)
    fit(checkpoint, config, Texts(examples(), examples()), Progress(quiet=True), parents or Parents())
    return checkpoint


def said(checkpoint: Checkpoint) -> list[str]:
    return [entry["precision"] for entry in checkpoint.run_log.entries() if "precision" in entry]


def test_a_device_is_asked_by_a_small_lstm_and_the_seed_of_the_run_is_kept(device_lstm: Forward) -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    with torch.inference_mode():
        reason = lacks_bfloat16_lstm("cpu")
    assert reason == ("could not create a primitive" if device_lstm is lacking else None)
    assert torch.rand(1).equal(expected)


def test_an_lstm_computes_in_float32_only_where_the_device_has_no_other(device_lstm: Forward) -> None:
    """Also of what another layer gives it in bfloat16, in the packed batch of unequal lengths too; gradients arrive."""
    encoder = BiLSTM(3, EncoderConfig(hidden_size=2, layers=2, dropout=0.0))
    embedded_BTE = torch.rand(2, 4, 3).bfloat16().requires_grad_()
    with Compute(CPU, "bfloat16").autocast():
        encoded_BTH = encoder(embedded_BTE, torch.tensor([4, 4]))
        product = encoded_BTH @ encoded_BTH.mT
    torch.autograd.backward(product.float().sum())
    assert encoded_BTH.dtype == (torch.float32 if device_lstm is lacking else torch.bfloat16)
    assert product.dtype == torch.bfloat16
    assert embedded_BTE.grad is not None
    if device_lstm is lacking:
        exact_BTH = encoder(embedded_BTE.detach().float(), torch.tensor([4, 2]))
        with Compute(CPU, "bfloat16").autocast():
            assert encoder(embedded_BTE, torch.tensor([4, 2])).equal(exact_BTH)


def test_a_device_is_not_asked_in_float32(device_lstm: Forward) -> None:
    encoder = BiLSTM(3, EncoderConfig(hidden_size=2, layers=1))
    with Compute(CPU, "float32").autocast():
        assert encoder(torch.rand(2, 4, 3), torch.tensor([4, 4])).dtype == torch.float32
    assert lacks_bfloat16_lstm.cache_info().misses == 0


def test_a_run_says_once_that_its_lstms_or_its_teachers_compute_in_float32(
    device_lstm: Forward, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = [SAID] if device_lstm is lacking else []
    run = finished(tmp_path / "run", BFLOAT16)
    assert said(run) == expected
    assert capsys.readouterr().out.count(f"precision: {SAID}\n") == len(expected)
    student = with_joint(BFLOAT16, encoder="gated-cnn")
    assert said(finished(tmp_path / "student", student, Parents(teachers=[run]))) == expected


@pytest.mark.parametrize("config", [SHORT, with_joint(BFLOAT16, encoder="gated-cnn")])
def test_a_run_in_float32_or_without_lstms_says_nothing(
    config: RunConfig, device_lstm: Forward, tmp_path: Path
) -> None:
    assert said(finished(tmp_path / "run", config)) == []
