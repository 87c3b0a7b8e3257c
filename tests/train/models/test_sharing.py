"""Networks of several tasks: what they share is one module, what they do not is each one's own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from polyparse.errors import ConfigError
from tests.train.corpus import examples
from tests.train.tiny import SHORT, backward, gold, parts
from train.data.task import build_task, collect_labels
from train.models.encoders.base import EncoderConfig
from train.models.sharing import TaskNetworks, share
from train.training.trainer import build_network

if TYPE_CHECKING:
    from train.models.joint import JointNetwork

SMALL = EncoderConfig(hidden_size=4, layers=1, dropout=0.0)
SIDE_BY_SIDE = EncoderConfig(
    kind="parallel", parts={"shared": SMALL, "private": replace(SMALL, kind="bigru")}
)
CONFIG = replace(SHORT, joint=replace(SHORT.joint, encoder=SIDE_BY_SIDE))
TASK, TABLES = parts(CONFIG, examples())


def music() -> JointNetwork:
    """A network of the same words for the labels of one domain."""
    train = [example for example in examples() if example.domain == "music"]
    labels = collect_labels(train, CONFIG.scheme)
    return build_network(build_task(train, (), labels, TABLES.vectorizer()), TABLES, CONFIG)


def pair(*shared: str) -> tuple[JointNetwork, JointNetwork]:
    first, other = build_network(TASK, TABLES, CONFIG), music()
    share(first, other, shared)
    return first, other


def test_a_step_of_one_task_moves_what_is_shared_and_nothing_that_is_only_the_others() -> None:
    first, other = pair("embedder", "encoder.parts.shared")
    networks = TaskNetworks({"first": first, "other": other})
    before = {name: value.clone() for name, value in other.named_parameters()}
    optimiser = torch.optim.AdamW(networks.parameters(), lr=0.1)
    optimiser.zero_grad()
    backward(first, gold(TASK, range(8)))
    optimiser.step()
    moved = {name for name, value in other.named_parameters() if not value.equal(before[name])}
    shared = {name for name in before if name.startswith(("embedder.", "encoder.parts.shared."))}
    assert moved == shared
    assert {name for name, _ in networks.named_parameters() if name.startswith("other.")} == {
        f"other.{name}" for name in before.keys() - shared
    }


def test_each_network_has_all_of_its_weights_under_the_names_it_has_alone() -> None:
    _, other = pair("embedder", "encoder")
    alone = music()
    assert list(other.state_dict()) == list(alone.state_dict())
    alone.load_state_dict(other.state_dict())


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("slots", "slots: found .*output.bias, output.weight of another size or in one task alone"),
        ("encoder.parts.third", "found 'encoder.parts.third', expected some of encoder, encoder.parts"),
    ],
)
def test_what_cannot_be_shared_is_refused(part: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        pair(part)


@pytest.mark.parametrize("name", ["a.b", "", "parameters"])
def test_a_name_that_no_module_can_have_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="found the task"):
        TaskNetworks({name: music()})


def test_parts_stand_beside_a_parallel_encoder_and_no_other() -> None:
    with pytest.raises(ConfigError, match="parts: found 0 in a parallel encoder, expected some"):
        EncoderConfig(kind="parallel")
    with pytest.raises(ConfigError, match="parts: found 1 in a cnn encoder, expected none"):
        EncoderConfig(kind="cnn", parts={"one": SMALL})
    with pytest.raises(ConfigError, match=r"found the name 'a\.b'"):
        EncoderConfig(kind="parallel", parts={"a.b": SMALL})
