"""Encoders: each against a slow twin; what stands beyond a length is zero and depends on nothing.

Axes: B utterances, T tokens, E embedding, H encoder output.
"""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING, TypeVar

import pytest
import torch
from torch import Tensor, nn

from polyparse.errors import ConfigError
from train.models.dropout import EmbeddingDropout, SharedDropout, TokenDropout
from train.models.encoders import ENCODERS, encoder_of
from train.models.encoders.base import EncoderConfig
from train.models.encoders.bisru import RecurrentUnits
from train.models.encoders.gated_cnn import DILATIONS, GatedBlock
from train.models.encoders.linear import TokenLinear
from train.models.encoders.projected_cnn import ProjectedCNN, TokenBatchNorm
from train.models.recurrence import BiGRULayer, last_states

if TYPE_CHECKING:
    from train.models.encoders import AnyEncoder

Part = TypeVar("Part", bound=nn.Module)

LENGTHS_B = torch.tensor([5, 1, 3, 2])
INPUT = 6


def encoder(name: str, layers: int = 2) -> AnyEncoder:
    torch.manual_seed(0)
    return ENCODERS[name](INPUT, EncoderConfig(kind="bilstm", hidden_size=4, layers=layers)).eval()


def embedded(beyond: float = 0.0) -> Tensor:
    """embedded_BTE, with `beyond` in its padding."""
    embedded_BTE = torch.randn(4, 5, INPUT, generator=torch.Generator().manual_seed(1))
    padding_BT = torch.arange(5) >= LENGTHS_B[:, None]
    return embedded_BTE.masked_fill(padding_BT[:, :, None], beyond)


@pytest.mark.parametrize("name", ENCODERS)
def test_alone_equals_in_company(name: str) -> None:
    module = encoder(name)
    together = module(embedded(), LENGTHS_B)
    for b, length in enumerate(LENGTHS_B.tolist()):
        alone = module(embedded()[b : b + 1, :length], LENGTHS_B[b : b + 1])
        assert together[b, :length].allclose(alone[0], atol=1e-6)


@pytest.mark.parametrize("name", ENCODERS)
def test_padding_is_never_read_and_encoded_as_zero(name: str) -> None:
    module = encoder(name)
    actual = module(embedded(beyond=1e3), LENGTHS_B)
    assert actual.equal(module(embedded(), LENGTHS_B))
    assert actual.shape == (4, 5, module.output_size)
    assert not actual[torch.arange(5) >= LENGTHS_B[:, None]].any()


def parts_of(module: nn.Module, kind: type[Part]) -> list[Part]:
    """The layers of a kind, in their order."""
    return [part for part in module.modules() if isinstance(part, kind)]


def read_with(lstm: nn.LSTM, tokens_TE: Tensor, suffix: str) -> list[Tensor]:
    """One direction of an LSTM, token by token, as Hochreiter's equations say."""
    weights = (
        getattr(lstm, f"{name}_l0{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    input_GE, recurrent_GH, input_bias_G, recurrent_bias_G = weights
    hidden_H = cell_H = torch.zeros(recurrent_GH.shape[1])
    states = []
    for token_E in tokens_TE:
        gates_G = input_GE @ token_E + input_bias_G + recurrent_GH @ hidden_H + recurrent_bias_G
        enter_H, forget_H, new_H, leave_H = gates_G.chunk(4)
        cell_H = forget_H.sigmoid() * cell_H + enter_H.sigmoid() * new_H.tanh()
        hidden_H = leave_H.sigmoid() * cell_H.tanh()
        states.append(hidden_H)
    return states


def test_the_bilstm_reads_from_both_ends_of_each_utterance() -> None:
    module = encoder("bilstm")
    actual = module(embedded(), LENGTHS_B)
    for b, length in enumerate(LENGTHS_B.tolist()):
        tokens_TH = embedded()[b, :length]
        for layer in parts_of(module, nn.LSTM):
            forward = read_with(layer, tokens_TH, "")
            backward = read_with(layer, tokens_TH.flip(0), "_reverse")[::-1]
            tokens_TH = torch.stack([torch.cat(pair) for pair in zip(forward, backward, strict=True)])
        assert actual[b, :length].allclose(tokens_TH, atol=1e-5)


def read_gru(gru: nn.GRU, tokens_TE: Tensor) -> list[Tensor]:
    """A GRU, token by token, by the equations of `train.models.recurrence`."""
    ((input_GE, recurrent_GH, input_bias_G, recurrent_bias_G),) = gru.all_weights
    hidden_H, states = torch.zeros(recurrent_GH.shape[1]), []
    for token_E in tokens_TE:
        reset_H, update_H, new_H = (input_GE @ token_E + input_bias_G).chunk(3)
        past_reset_H, past_update_H, past_new_H = (recurrent_GH @ hidden_H + recurrent_bias_G).chunk(3)
        update_H = (update_H + past_update_H).sigmoid()
        new_H = (new_H + (reset_H + past_reset_H).sigmoid() * past_new_H).tanh()
        hidden_H = (1 - update_H) * new_H + update_H * hidden_H
        states.append(hidden_H)
    return states


def test_the_bigru_reads_from_both_ends_of_each_utterance() -> None:
    module = encoder("bigru")
    for name, parameter in module.named_parameters():
        if "bias" in name:
            nn.init.normal_(parameter)
    actual = module(embedded(), LENGTHS_B)
    for b, length in enumerate(LENGTHS_B.tolist()):
        tokens_TH = embedded()[b, :length]
        for layer in parts_of(module, BiGRULayer):
            forward = read_gru(layer.forwards, tokens_TH)
            backward = read_gru(layer.backwards, tokens_TH.flip(0))[::-1]
            tokens_TH = torch.stack([torch.cat(pair) for pair in zip(forward, backward, strict=True)])
        assert actual[b, :length].allclose(tokens_TH, atol=1e-5)
        ends_H = torch.cat([forward[-1], backward[0]])
        assert last_states(actual, LENGTHS_B)[b].allclose(ends_H, atol=1e-5)


def test_a_parallel_encoder_is_its_parts_end_to_end() -> None:
    kinds = {
        "one": EncoderConfig(kind="bigru", hidden_size=2),
        "two": EncoderConfig(kind="cnn", hidden_size=3),
    }
    module = encoder_of(INPUT, EncoderConfig(kind="parallel", parts=kinds)).eval()
    one, two = (module.get_submodule(f"parts.{name}")(embedded(), LENGTHS_B) for name in kinds)
    assert module.output_size == 7
    assert module(embedded(), LENGTHS_B).equal(torch.cat([one, two], dim=2))


def test_forget_gates_start_open() -> None:
    (lstm,) = parts_of(encoder("bilstm", layers=1), nn.LSTM)
    for name in ("bias_ih_l0", "bias_ih_l0_reverse"):
        bias = lstm.get_parameter(name)
        assert bias.chunk(4)[1].eq(1.0).all()
        assert not bias.chunk(4)[0].any()


def test_the_cnn_weighs_a_token_and_its_two_neighbours() -> None:
    module = encoder("cnn", layers=1)
    (conv,) = parts_of(module, nn.Conv1d)
    assert conv.bias is not None
    actual = module(embedded(), LENGTHS_B)
    for b, length in enumerate(LENGTHS_B.tolist()):
        for t in range(length):
            total_H = conv.bias
            for column, place in enumerate((t - 1, t, t + 1)):
                if 0 <= place < length:
                    total_H = total_H + conv.weight[:, :, column] @ embedded()[b, place]
            assert actual[b, t].allclose(total_H.clamp_min(0.0), atol=1e-6)


def normed(norm: TokenBatchNorm | None, token_H: Tensor) -> Tensor:
    """A token by the running statistics of batch normalisation (Ioffe & Szegedy 2015, eq. of inference)."""
    if norm is None:
        return token_H
    mean_H, variance_H = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
    return norm.weight * (token_H - mean_H) / (variance_H + 1e-5).sqrt() + norm.bias


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_projected_cnn_is_the_word_cnn_of_ncrfpp(batch_norm: bool) -> None:
    torch.manual_seed(0)
    config = EncoderConfig(kind="projected-cnn", hidden_size=4, layers=2, batch_norm=batch_norm)
    module = ProjectedCNN(INPUT, config)
    module.train()(embedded(), LENGTHS_B)  # moves the running statistics from where they start
    module.eval()
    actual = module(embedded(), LENGTHS_B)
    for b, length in enumerate(LENGTHS_B.tolist()):
        tokens_TH = module.projection(embedded()[b, :length]).tanh()
        norms: list[TokenBatchNorm | None] = [*(parts_of(module, TokenBatchNorm) or (None, None))]
        for conv, norm in zip(parts_of(module, nn.Conv1d), norms, strict=True):
            assert conv.bias is not None
            rows = []
            for t in range(length):
                total_H = conv.bias
                for column, place in enumerate((t - 1, t, t + 1)):
                    if 0 <= place < length:
                        total_H = total_H + conv.weight[:, :, column] @ tokens_TH[place]
                rows.append(normed(norm, total_H.clamp_min(0.0)))
            tokens_TH = torch.stack(rows)
        assert actual[b, :length].allclose(tokens_TH, atol=1e-5)


def test_statistics_of_batch_normalisation_know_of_tokens_alone() -> None:
    hidden_BTH = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))
    inside_BT = torch.tensor([[True, True, True], [True, False, False]])
    norm, plain = TokenBatchNorm(4).train(), nn.BatchNorm1d(4).train()
    actual, expected = norm(hidden_BTH, inside_BT), plain(hidden_BTH[inside_BT])
    assert actual[inside_BT].allclose(expected)
    assert not actual[~inside_BT].any()
    assert norm.get_buffer("running_mean").equal(plain.get_buffer("running_mean"))


def test_batch_normalisation_is_refused_where_there_is_none() -> None:
    with pytest.raises(
        ConfigError, match="batch_norm: found true with encoder bilstm, expected projected-cnn"
    ):
        EncoderConfig(kind="bilstm", batch_norm=True)


def test_the_identity_has_no_parameters_and_keeps_tokens_as_they_are() -> None:
    module = encoder("identity")
    assert not list(module.parameters())
    assert module(embedded(beyond=1e3), LENGTHS_B).equal(embedded())


def gated(block: GatedBlock, tokens_TH: Tensor, t: int, far: int) -> Tensor:
    """What a block adds to token t: both halves of one product, the second of which gates the first."""
    normed_TH = torch.stack([(x - x.mean()) / (x.var(correction=0) + 1e-5).sqrt() for x in tokens_TH])
    normed_TH = normed_TH * block.norm.weight + block.norm.bias
    outside_H = torch.zeros(tokens_TH.shape[1])
    near = [normed_TH[place] if 0 <= place < len(tokens_TH) else outside_H for place in (t - far, t, t + far)]
    largest_H = torch.stack([normed_TH[:, h].max() for h in range(tokens_TH.shape[1])])
    built = block.near.weight @ torch.cat(near) + block.near.bias + block.whole.weight @ largest_H
    value_H, gate_H = built.chunk(2)
    return value_H * gate_H.sigmoid()


def test_the_gated_cnn_weighs_two_neighbours_and_the_largest_of_all_tokens() -> None:
    module = encoder("gated-cnn", layers=3)
    actual = module(embedded(), LENGTHS_B)
    projection = module.get_submodule("projection")
    for b, length in enumerate(LENGTHS_B.tolist()):
        tokens_TH = projection(embedded()[b, :length])
        for index, block in enumerate(parts_of(module, GatedBlock)):
            far = DILATIONS[index % 2]
            tokens_TH = torch.stack(
                [token_H + gated(block, tokens_TH, t, far) for t, token_H in enumerate(tokens_TH)]
            )
        centred_TH = tokens_TH - tokens_TH.mean(dim=1, keepdim=True)
        expected_TH = centred_TH / (centred_TH.square().mean(dim=1, keepdim=True) + 1e-5).sqrt()
        assert actual[b, :length].allclose(expected_TH, atol=1e-5)


@torch.no_grad()
def recurrent(layer: RecurrentUnits, tokens_TH: Tensor) -> Tensor:
    """What a layer adds, channel by channel: the first half of them reads forwards, the second backwards."""
    size = tokens_TH.shape[1]
    added_TH = torch.zeros_like(tokens_TH)
    for h in range(size):
        cell = 0.0
        places = range(len(tokens_TH)) if h < size // 2 else reversed(range(len(tokens_TH)))
        for t in places:
            token_H = tokens_TH[t]
            normed_H = (token_H - token_H.mean()) / (token_H.var(correction=0) + 1e-5).sqrt()
            value, forget, leave = (
                (layer.gates.weight[part * size + h] @ normed_H).item() for part in range(3)
            )
            remaining = 1 / (1 + exp(-forget - layer.bias[h].item()))
            cell = remaining * cell + (1 - remaining) * value
            added_TH[t, h] = cell / (1 + exp(-leave - layer.bias[size + h].item()))
    return added_TH


def test_the_bisru_reads_from_both_ends_of_each_utterance() -> None:
    module = encoder("bisru", layers=3)
    for layer in parts_of(module, RecurrentUnits):
        nn.init.normal_(layer.bias)
    actual = module(embedded(), LENGTHS_B)
    for b, length in enumerate(LENGTHS_B.tolist()):
        tokens_TH = module.get_submodule("projection")(embedded()[b, :length])
        for layer in parts_of(module, RecurrentUnits):
            tokens_TH = tokens_TH + recurrent(layer, tokens_TH)
        centred_TH = tokens_TH - tokens_TH.mean(dim=1, keepdim=True)
        expected_TH = centred_TH / (centred_TH.square().mean(dim=1, keepdim=True) + 1e-5).sqrt()
        assert actual[b, :length].allclose(expected_TH, atol=1e-5)


def test_channels_of_a_bisru_remember_longer_and_longer_in_both_directions() -> None:
    (layer,) = parts_of(encoder("bisru", layers=1), RecurrentUnits)
    assert layer.bias.tolist() == pytest.approx([0, 1, 2, 3] * 2 + [0] * 8)


def test_the_linear_layer_sees_no_context() -> None:
    module = encoder("linear")
    assert isinstance(module, TokenLinear)
    actual = module(embedded(), LENGTHS_B)
    expected = embedded()[0, 2] @ module.projection.weight.T + module.projection.bias
    assert actual[0, 2].allclose(expected, atol=1e-6)


def test_dropout_takes_the_same_channels_from_all_tokens_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    dropped = SharedDropout(0.25).train()(torch.ones(200, 3, 50))
    assert dropped[:, 0].equal(dropped[:, 1])
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / 0.75])
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.02)


def test_dropout_is_the_identity_outside_training() -> None:
    assert SharedDropout(0.5).eval()(embedded()).equal(embedded())


def test_token_dropout_takes_whole_tokens_and_leaves_the_others_as_they_are() -> None:
    torch.manual_seed(0)
    dropped = TokenDropout(0.25).train()(torch.ones(200, 5, 7))
    assert dropped.eq(dropped[:, :, :1]).all()
    assert dropped.unique().tolist() == [0.0, 1.0]
    assert dropped.mean().item() == pytest.approx(0.75, abs=0.05)


def test_dropout_of_numbers_alone_draws_as_pytorch_does() -> None:
    torch.manual_seed(0)
    expected = nn.Dropout(0.3).train()(embedded())
    torch.manual_seed(0)
    assert EmbeddingDropout(numbers=0.3, channels=0.0, tokens=0.0).train()(embedded()).equal(expected)


def test_embeddings_lose_tokens_and_shared_channels() -> None:
    torch.manual_seed(0)
    dropout = EmbeddingDropout(numbers=0.0, channels=0.5, tokens=0.3)
    dropped = dropout.train()(torch.ones(50, 5, 40))
    kept = dropped.any(2)
    channels = dropped.amax(1)
    assert 0.5 < kept.float().mean().item() < 0.9
    assert dropped.equal(kept[:, :, None] * channels[:, None, :])
    assert dropout.eval()(embedded()).equal(embedded())
