"""A CRF over features of tokens scores a token by the rows of its features, and nothing else."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
import torch

from polyparse.contract.labels import Labels
from polyparse.errors import ConfigError
from polyparse.text.token_features import token_features
from polyparse.text.vectorizer import Item, Vectorizer, collate
from polyparse.text.vocabulary import Vocabulary
from tests.train import corpus
from train.models.joint import BatchTensors
from train.models.token_crf import TokenCrf, TokenCrfConfig, build_token_table

if TYPE_CHECKING:
    from torch import Tensor

EXAMPLES = corpus.examples()[:12]
WORDS = [example.text.split() for example in EXAMPLES]
TABLE = build_token_table(WORDS, min_count=2)
LABELS = Labels.collect(
    ((e.domain, e.intent, [span.name for span in e.slots]) for e in EXAMPLES), scheme="IO"
)


def items() -> list[Item]:
    vectorizer = Vectorizer(Vocabulary.build(word for words in WORDS for word in words), None, TABLE)
    return [vectorizer.item(example.utterance) for example in EXAMPLES]


def network() -> TokenCrf:
    built = TokenCrf(LABELS, n_features=len(TABLE.hashes))
    with torch.no_grad():
        built.weights_FK[1:].normal_(generator=torch.Generator().manual_seed(1))
    return built.eval()


def emissions(by: TokenCrf, batch: list[Item]) -> Tensor:
    _, emissions_BTK = by(BatchTensors.of(collate(batch)))
    detached: Tensor = emissions_BTK.detach()
    return detached


def test_an_emission_is_the_sum_of_the_rows_of_a_tokens_features() -> None:
    by, batch = network(), items()
    emissions_BTK = emissions(by, batch)
    for item, emissions_TK in zip(batch, emissions_BTK, strict=True):
        for features, emissions_K in zip(item.token_features, emissions_TK, strict=False):
            expected = sum((by.weights_FK[f].detach() for f in features), torch.zeros(len(LABELS.tags)))
            assert emissions_K.tolist() == pytest.approx(expected.tolist(), abs=1e-5)
        assert emissions_TK[item.n_tokens :].eq(0).all()


def test_alone_equals_in_a_batch() -> None:
    by, batch = network(), items()
    emissions_BTK = emissions(by, batch)
    for item, emissions_TK in zip(batch, emissions_BTK, strict=True):
        (alone_TK,) = emissions(by, [item])
        assert alone_TK.tolist() == emissions_TK[: item.n_tokens].tolist()


def test_it_finds_all_intents_as_likely() -> None:
    logits_BI, _ = network()(BatchTensors.of(collate(items())))
    assert logits_BI.shape == (len(EXAMPLES), len(LABELS.intents))
    assert logits_BI.eq(0).all()


def test_the_table_has_what_occurs_at_enough_tokens() -> None:
    counts: dict[int, int] = {}
    for words in WORDS:
        for features in token_features(words):
            for feature in features:
                counts[feature] = counts.get(feature, 0) + 1
    assert TABLE.hashes.tolist() == sorted(feature for feature, count in counts.items() if count >= 2)


@pytest.mark.parametrize("name", [field.name for field in fields(TokenCrfConfig)])
def test_a_config_out_of_bounds_is_refused_by_its_key(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        TokenCrfConfig(**{name: -1})
