"""The discriminator of languages: it reads an utterance alone as in company, however short it is."""

from __future__ import annotations

import pytest
import torch

from polyparse.errors import ConfigError
from train.models.discriminator import FILTER_WIDTHS, Discriminator, DiscriminatorConfig

LENGTHS = [1, 2, 4, 5, 6, 9]


@pytest.fixture(scope="module")
def discriminator() -> Discriminator:
    torch.manual_seed(0)
    return Discriminator(4, 3, DiscriminatorConfig(filters=6, hidden_size=5)).eval()


def slow(discriminator: Discriminator, encoded_TH: torch.Tensor) -> torch.Tensor:
    """By its definition, one place of a filter after the other."""
    padded_TH = torch.cat([encoded_TH, torch.zeros(max(0, 5 - len(encoded_TH)), encoded_TH.shape[1])])
    largest = []
    for width, conv in zip(FILTER_WIDTHS, discriminator.filters, strict=True):
        weight, bias = conv.get_parameter("weight"), conv.get_parameter("bias")
        responses = [
            (weight * padded_TH[start : start + width].T).sum(dim=(1, 2)) + bias
            for start in range(len(padded_TH) - width + 1)
        ]
        largest.append(torch.stack(responses).amax(dim=0))
    hidden = discriminator.first(torch.cat(largest)).relu()
    logits_L: torch.Tensor = discriminator.output(discriminator.second(hidden).relu())
    return logits_L


@pytest.mark.parametrize("n_tokens", LENGTHS)
def test_it_reads_an_utterance_alone_as_in_a_padded_batch(
    discriminator: Discriminator, n_tokens: int
) -> None:
    torch.manual_seed(n_tokens)
    encoded_TH = torch.randn(n_tokens, 4)
    expected = slow(discriminator, encoded_TH)
    for longest in {n_tokens, n_tokens + 1, 12}:
        encoded_BTH = torch.zeros(2, longest, 4)
        encoded_BTH[0], encoded_BTH[1, :n_tokens] = torch.randn(longest, 4), encoded_TH
        logits_BL = discriminator(encoded_BTH, torch.tensor([longest, n_tokens]))
        torch.testing.assert_close(logits_BL[1], expected)


@pytest.mark.parametrize(("key", "value"), [("updates", 0), ("weight", -0.1), ("filters", 0)])
def test_a_discriminator_out_of_bounds_is_refused(key: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{key}: found {value}, expected at least"):
        DiscriminatorConfig(**{key: value})  # type: ignore[arg-type]  # of its fields
