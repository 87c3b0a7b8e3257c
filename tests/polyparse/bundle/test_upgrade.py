"""Manifests of schema 1 say the same under the names of schema 2; what is of another schema is left as it is."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle import manifest
from polyparse.bundle.manifest import Manifest, TextFiles
from polyparse.bundle.upgrade import SIGNALS, upgraded
from polyparse.errors import ManifestInvalid
from polyparse.inference import ood
from polyparse.inference.calibration import Calibration, Scale
from polyparse.inference.ood import OodScore
from polyparse.schema import unstructure
from tests.bundles import describe, in_schema_1, write_bundle

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def described(tmp_path: Path) -> Manifest:
    """A manifest that holds whatever schema 1 could say."""
    bundle = write_bundle(tmp_path / "words" / "1")
    bundle.joinpath(manifest.FILE).unlink()
    plain = describe(bundle)
    (network,) = plain.networks
    graphs = {device: replace(each, layout=None) for device, each in network.graphs.items()}
    return replace(
        plain,
        networks=(replace(network, graphs=graphs),),
        calibration=Calibration(pooled=Scale(path_slope=0.8), locales={"es-ES": Scale(path_offset=-0.25)}),
        ood=OodScore(
            threshold=0.75,
            weights={name: 0.25 * n for n, name in enumerate(SIGNALS.values(), start=1)},
            bias=-1.0,
        ),
        text=TextFiles(vocabulary="vocabulary.json", features=None, training_text="golden.jsonl"),
    )


def parse(data: object, folder: Path) -> Manifest:
    return manifest.parse(json.dumps(data).encode(), file=folder / manifest.FILE)


def test_a_manifest_of_schema_1_is_read_as_the_same_of_schema_2(described: Manifest, tmp_path: Path) -> None:
    older = in_schema_1(unstructure(described))
    assert {"rejection", "ood"} & older.keys() == {"rejection"}
    assert parse(older, tmp_path) == described


def test_without_an_out_of_domain_score_it_is_read_too(described: Manifest, tmp_path: Path) -> None:
    plain = replace(described, ood=None, text=replace(described.text, training_text=None))
    older = in_schema_1(unstructure(plain))
    assert parse(older, tmp_path) == plain
    for key in ("rejection", "calibration"):
        older.pop(key)
    older["text"].pop("seen_text")
    assert parse(older, tmp_path) == replace(plain, calibration=None)


def test_every_signal_that_is_left_has_its_name_of_schema_1() -> None:
    assert set(SIGNALS.values()) == set(ood.SIGNALS) - {ood.FOREIGN_WORDS}  # which schema 1 had not
    assert set(SIGNALS).isdisjoint(ood.SIGNALS)


def test_a_signal_that_was_removed_is_refused_by_name(described: Manifest, tmp_path: Path) -> None:
    older = in_schema_1(unstructure(described))
    older["rejection"]["weights"]["length"] = 1.0
    with pytest.raises(ManifestInvalid, match="ood: weights: found signal 'length', expected some of"):
        parse(older, tmp_path)


def test_the_names_of_schema_1_are_refused_in_schema_2(described: Manifest, tmp_path: Path) -> None:
    for key in ("rejection", "routing", "text"):
        mixed = unstructure(described)
        mixed[key] = in_schema_1(mixed)[key]
        with pytest.raises(
            ManifestInvalid, match=r"found the unknown key '(rejection|classifier|seen_text)'"
        ):
            parse(mixed, tmp_path)


def test_what_schema_1_did_not_know_is_refused_in_it_too(described: Manifest, tmp_path: Path) -> None:
    older = in_schema_1(unstructure(described)) | {"colour": "blue"}
    with pytest.raises(ManifestInvalid, match="found the unknown key 'colour'"):
        parse(older, tmp_path)


def test_a_name_of_schema_2_in_schema_1_is_refused_and_hides_nothing(
    described: Manifest, tmp_path: Path
) -> None:
    newer = unstructure(described)
    older = in_schema_1(newer)
    with pytest.raises(ManifestInvalid, match="found key 'ood' in schema 1"):
        parse(older | {"ood": None}, tmp_path)
    for part, name in (("routing", "classifier_classes"), ("text", "training_text")):
        mixed = older | {part: older[part] | {name: newer[part][name]}}
        with pytest.raises(ManifestInvalid, match=f"found key '{name}' in schema 1"):
            parse(mixed, tmp_path)
    older["rejection"]["weights"] |= {"unknown_words": 1.0}
    with pytest.raises(ManifestInvalid, match="found key 'unknown_words' in schema 1"):
        parse(older, tmp_path)


def test_upgrading_leaves_what_it_was_given(described: Manifest) -> None:
    older = in_schema_1(unstructure(described))
    before = copy.deepcopy(older)
    upgraded(older)
    assert older == before


@pytest.mark.parametrize("schema_version", [0, 2, 3, True, "1", None, [1]])
def test_another_schema_is_left_as_it_is(described: Manifest, schema_version: object) -> None:
    data = in_schema_1(unstructure(described)) | {"schema_version": schema_version}
    assert upgraded(data) is data


@pytest.mark.parametrize("data", [None, 1, "manifest", [], [{"schema_version": 1}], {}])
def test_what_is_no_manifest_is_left_as_it_is(data: object) -> None:
    assert upgraded(data) is data


@pytest.mark.parametrize("key", ["rejection", "routing", "text"])
@pytest.mark.parametrize("value", [None, 7, "x", [], {}, {"weights": None}])
def test_a_part_that_is_no_object_is_refused_and_no_reason_to_fail(
    described: Manifest, tmp_path: Path, key: str, value: object
) -> None:
    older = in_schema_1(unstructure(described)) | {key: value}
    if (key, value) == ("rejection", None):
        assert parse(older, tmp_path).ood is None
    else:
        with pytest.raises(ManifestInvalid, match=r"manifest\.json: "):
            parse(older, tmp_path)
