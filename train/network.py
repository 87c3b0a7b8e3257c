"""The network that a config describes: a joint network, or a CRF over features of tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from train.models.joint import JointNetwork, new_network
from train.models.token_crf import TokenCrf

if TYPE_CHECKING:
    from polyparse.contract.labels import Labels
    from train.config import RunConfig
    from train.data.task import TextTables

AnyNetwork: TypeAlias = JointNetwork | TokenCrf


def network_of(labels: Labels, tables: TextTables, config: RunConfig) -> AnyNetwork:
    """A network for the labels, to load weights into; without an auxiliary encoder."""
    if config.token_crf is None:
        return new_network(labels, tables.vocabulary, replace(config.joint, auxiliary=None), tables.pieces)
    return TokenCrf(labels, n_features=tables.n_token_features)
