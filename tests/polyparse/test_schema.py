"""What is written is read back; what does not fit is refused with its place, what was found and what was expected."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.errors import ConfigError
from polyparse.schema import override, read_json, structure, unstructure


@dataclass(frozen=True)
class Network:
    name: str
    score: float
    head: Literal["crf", "ain"] = "crf"

    def __post_init__(self) -> None:
        if self.score < 0:
            raise ValueError(f"found the score {self.score}, expected none below 0")


@dataclass(frozen=True)
class Manifest:
    version: int
    networks: tuple[Network, ...] = ()
    main: Network | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    span: tuple[str, int] = ("", 0)
    shuffle: bool = False
    limit: int | str | None = None


NETWORK = {"name": "a", "score": 0.5}
networks = st.builds(
    Network, name=st.text(), score=st.floats(0, allow_nan=False), head=st.sampled_from(["crf", "ain"])
)
manifests = st.builds(
    Manifest,
    version=st.integers(),
    networks=st.lists(networks, max_size=3).map(tuple),
    main=st.none() | networks,
    sizes=st.dictionaries(st.text(), st.integers(), max_size=3),
    span=st.tuples(st.text(), st.integers()),
    shuffle=st.booleans(),
    limit=st.none() | st.integers() | st.text(),
)


@given(manifests)
def test_what_is_written_as_json_is_read_back(manifest: Manifest) -> None:
    written = json.dumps(unstructure(manifest))
    assert structure(Manifest, json.loads(written), where="manifest.json") == manifest


@given(manifests, st.integers())
def test_an_override_changes_its_key_and_nothing_else(manifest: Manifest, version: int) -> None:
    changed = override(manifest, [f"version={version}"])
    assert unstructure(changed) == unstructure(manifest) | {"version": version}


def test_an_integer_will_do_for_a_float_and_a_default_for_a_missing_key() -> None:
    network = structure(Network, {"name": "a", "score": 1}, where="here")
    assert network == Network(name="a", score=1.0, head="crf")
    assert isinstance(network.score, float)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "m.json: found [], expected an object with the keys version, networks, main, "),
        ({}, "m.json: found no key 'version', expected a value for it"),
        ({"version": 1, "mian": None}, "m.json: found the unknown key 'mian', expected one of version, networks, main"),
        ({"version": True}, "m.json: version: found True, expected an integer"),
        ({"version": 1.0}, "m.json: version: found 1.0, expected an integer"),
        ({"version": None}, "m.json: version: found None, expected an integer"),
        ({"version": 1, "shuffle": 0}, "m.json: shuffle: found 0, expected true or false"),
        ({"version": 1, "networks": {}}, "m.json: networks: found {}, expected a list"),
        ({"version": 1, "networks": [NETWORK, 3]}, "m.json: networks[1]: found 3, expected an object with the keys"),
        ({"version": 1, "networks": [NETWORK | {"score": "x"}]}, "m.json: networks[0].score: found 'x', expected a number"),
        ({"version": 1, "networks": [NETWORK | {"head": "hmm"}]}, "networks[0].head: found 'hmm', expected one of 'crf'"),
        ({"version": 1, "main": NETWORK | {"score": -1}}, "m.json: main: found the score -1.0, expected none below 0"),
        ({"version": 1, "main": {"name": "a"}}, "m.json: main: found no key 'score'"),
        ({"version": 1, "sizes": {"b": "c"}}, "m.json: sizes.b: found 'c', expected an integer"),
        ({"version": 1, "sizes": []}, "m.json: sizes: found [], expected an object"),
        ({"version": 1, "span": ["a"]}, "m.json: span: found ['a'], expected a longer list"),
        ({"version": 1, "limit": 1.5}, "m.json: limit: found 1.5, expected an integer or a string"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_place(data: object, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        structure(Manifest, data, where="m.json")
    assert message in str(error.value)


def test_overrides_reach_into_nested_values_one_after_the_other() -> None:
    start = Manifest(version=1, main=Network("a", 0.5))
    changed = override(
        start, ["main.score=2", "main.name=b=c", "sizes.x=3", 'networks=[{"name": "d", "score": 1}]']
    )
    assert changed == Manifest(1, (Network("d", 1.0),), Network("b=c", 2.0), {"x": 3})
    assert override(changed, ["main=null"]).main is None


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("version", "found 'version', expected KEY=VALUE"),
        ("=1", "found '=1', expected KEY=VALUE"),
        ("version=x", "version=x: version: found 'x', expected an integer"),
        ("main.size=1", "main.size=1: main: found the unknown key 'size', expected one of name, score, head"),
        ("nets.a=1", "nets.a=1: found the unknown key 'nets', expected one of version, networks"),
        ("version.a=1", "version.a=1: version: found 1, expected an object with a key 'a'"),
    ],
)
def test_an_override_that_does_not_fit_names_key_and_value(assignment: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        override(Manifest(version=1, main=Network("a", 0.5)), [assignment])
    assert str(error.value).startswith(message)


def test_what_json_cannot_hold_is_not_written() -> None:
    with pytest.raises(ValueError, match="Unable to serialize"):
        unstructure({"a": object()})


@pytest.mark.parametrize("content", ["", "{", '{"version": 1}]', '"\\ud800"'])
def test_what_is_no_json_is_refused(content: str) -> None:
    with pytest.raises(ConfigError, match=r"m\.json: found "):
        read_json(Manifest, content, where="m.json")
