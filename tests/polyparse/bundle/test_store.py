"""Bundles: whatever is not exactly as the manifest lists it is refused, each way by its own error that names the file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from polyparse.bundle import state
from polyparse.bundle.state import Pointer, next_state
from polyparse.bundle.store import MOST_MANIFEST_BYTES, Located, content, digest, locate, verify
from polyparse.errors import (
    BundleError,
    BundleNotFound,
    ChecksumMismatch,
    DigestMismatch,
    FileMissing,
    FileUnlisted,
    ManifestInvalid,
    SchemaTooNew,
    StateInvalid,
)
from tests.bundles import edit_manifest, write_bundle


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def bundle(models: Path) -> Path:
    return write_bundle(models / "words" / "1")


def flip(file: Path, position: int) -> None:
    """Change one bit of a file."""
    content = bytearray(file.read_bytes())
    content[position] ^= 1
    file.write_bytes(content)


def test_a_sound_bundle_gives_its_manifest(bundle: Path) -> None:
    assert verify(bundle, digest=digest(bundle)).name == "words"


def test_the_digest_is_the_sha256_of_the_manifest(bundle: Path) -> None:
    assert digest(bundle) == hashlib.sha256(bundle.joinpath("manifest.json").read_bytes()).hexdigest()


Damage = tuple[Callable[[Path], object], type[BundleError], str]
DAMAGES: dict[str, Damage] = {
    "first byte": (lambda b: flip(b / "score.onnx", 0), ChecksumMismatch, "score.onnx"),
    "last byte": (lambda b: flip(b / "golden.jsonl", -2), ChecksumMismatch, "golden.jsonl"),
    "cut short": (lambda b: os.truncate(b / "decode.onnx", 9), ChecksumMismatch, "decode.onnx"),
    "missing": (lambda b: b.joinpath("vocabulary.json").unlink(), FileMissing, "vocabulary.json"),
    "no manifest": (lambda b: b.joinpath("manifest.json").unlink(), FileMissing, "manifest.json"),
    "unlisted": (lambda b: b.joinpath("notes.txt").touch(), FileUnlisted, "notes.txt"),
    "hidden": (lambda b: b.joinpath(".notes").touch(), FileUnlisted, ".notes"),
    "newer": (lambda b: edit_manifest(b, schema_version=9), SchemaTooNew, "manifest.json"),
    "no JSON": (lambda b: os.truncate(b / "manifest.json", 40), ManifestInvalid, "manifest.json"),
    "unknown key": (lambda b: edit_manifest(b, colour="blue"), ManifestInvalid, "manifest.json"),
}


@pytest.mark.parametrize(("damage", "error", "file"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_bundle_is_refused_by_the_file_at_fault(
    bundle: Path, damage: Callable[[Path], object], error: type[BundleError], file: str
) -> None:
    damage(bundle)
    with pytest.raises(error) as caught:
        verify(bundle)
    assert type(caught.value) is error
    assert caught.value.file == bundle / file
    assert str(caught.value).startswith(f"{bundle / file}: found ")


def test_a_file_replaced_by_a_folder_is_missing(bundle: Path) -> None:
    bundle.joinpath("golden.jsonl").unlink()
    bundle.joinpath("golden.jsonl").mkdir()
    with pytest.raises(FileMissing, match=r"golden\.jsonl"):
        verify(bundle)


@pytest.mark.parametrize("name", ["manifest.json", "score.onnx"])
def test_a_file_that_is_a_link_out_of_the_bundle_is_refused(bundle: Path, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    bundle.joinpath(name).rename(elsewhere)
    bundle.joinpath(name).symlink_to(elsewhere)
    with pytest.raises(FileMissing, match=f"{name}: found a link to {elsewhere}, out of the bundle"):
        verify(bundle)


def test_a_file_in_a_folder_that_is_a_link_out_of_the_bundle_is_refused(bundle: Path, tmp_path: Path) -> None:
    bundle.joinpath("golden.jsonl").rename(tmp_path / "golden.jsonl")
    bundle.joinpath("more").symlink_to(tmp_path)
    data = json.loads(bundle.joinpath("manifest.json").read_bytes())
    data["files"]["more/golden.jsonl"] = data["files"].pop("golden.jsonl")
    edit_manifest(bundle, files=data["files"], golden="more/golden.jsonl")
    with pytest.raises(FileMissing, match=r"more/golden\.jsonl: found a link to"):
        verify(bundle)


def test_links_to_a_bundle_and_inside_of_it_are_followed(bundle: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(bundle)
    bundle.joinpath("golden.jsonl").rename(bundle / "golden-1.jsonl")
    bundle.joinpath("golden.jsonl").symlink_to("golden-1.jsonl")
    data = json.loads(bundle.joinpath("manifest.json").read_bytes())
    files = data["files"] | {"golden-1.jsonl": data["files"]["golden.jsonl"]}
    edit_manifest(bundle, files=files)
    assert verify(link) == verify(bundle)


def test_a_manifest_that_is_a_pipe_is_refused_without_waiting_for_a_writer(bundle: Path) -> None:
    bundle.joinpath("manifest.json").unlink()
    os.mkfifo(bundle / "manifest.json")
    for look in (verify, digest):
        with pytest.raises(FileMissing, match=r"manifest\.json: found no manifest"):
            look(bundle)


def test_a_manifest_larger_than_any_is_refused_before_it_is_read(bundle: Path) -> None:
    with bundle.joinpath("manifest.json").open("r+b") as file:
        file.truncate(MOST_MANIFEST_BYTES + 1)
    with pytest.raises(
        ManifestInvalid, match=r"manifest\.json: found 8388609 bytes, expected 8388608 at most"
    ):
        verify(bundle)


def test_the_bytes_of_a_file_are_checked_as_they_are_read(bundle: Path) -> None:
    record = verify(bundle).files["golden.jsonl"]
    assert content(bundle / "golden.jsonl", record) == bundle.joinpath("golden.jsonl").read_bytes()
    flip(bundle / "golden.jsonl", 5)
    with pytest.raises(ChecksumMismatch, match=r"golden\.jsonl: found sha256"):
        content(bundle / "golden.jsonl", record)


def test_a_file_in_a_folder_that_the_manifest_does_not_list_is_refused(bundle: Path) -> None:
    bundle.joinpath("more").mkdir()
    bundle.joinpath("more", "notes.txt").touch()
    with pytest.raises(FileUnlisted, match=r"more/notes\.txt"):
        verify(bundle)


def test_every_single_byte_of_the_manifest_counts_once_the_digest_is_known(bundle: Path) -> None:
    expected = digest(bundle)
    file = bundle / "manifest.json"
    for position in (0, 1, file.stat().st_size // 2, -1):
        flip(file, position)
        with pytest.raises(
            DigestMismatch, match=f"manifest.json: found a manifest of .* expected {expected}"
        ):
            verify(bundle, digest=expected)
        flip(file, position)
    assert verify(bundle, digest=expected)


def test_a_folder_that_is_not_there_has_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"nowhere/manifest\.json"):
        verify(tmp_path / "nowhere")


class TestLocate:
    def test_a_bundle_is_its_own_answer(self, bundle: Path) -> None:
        assert locate(bundle) == Located(bundle, None)

    def test_a_model_with_one_version_serves_it(self, bundle: Path) -> None:
        assert locate(bundle.parent) == Located(bundle, None)

    def test_a_folder_with_one_model_serves_it(self, models: Path, bundle: Path) -> None:
        assert locate(models) == locate(models, "words") == Located(bundle, None)

    def test_the_state_says_which_version_serves_and_its_digest(self, models: Path, bundle: Path) -> None:
        write_bundle(bundle.parent / "2")
        state.write(bundle.parent, next_state(None, Pointer("2", "abc")))
        assert locate(models) == locate(bundle.parent) == Located(bundle.parent / "2", "abc")

    def test_a_state_of_schema_1_says_so_too(self, models: Path, bundle: Path) -> None:
        write_bundle(bundle.parent / "2")
        bundle.parent.joinpath("state.json").write_text('{"version": "2", "digest": "abc", "previous": null}')
        assert locate(models) == Located(bundle.parent / "2", "abc")

    def test_the_only_model_with_a_state_serves(self, models: Path, bundle: Path) -> None:
        write_bundle(models / "phrases" / "1")
        state.write(bundle.parent, next_state(None, Pointer("1", "abc")))
        assert locate(models) == Located(bundle, "abc")
        assert locate(models, "phrases") == Located(models / "phrases" / "1", None)

    def test_several_versions_without_a_state_are_listed(self, bundle: Path) -> None:
        write_bundle(bundle.parent / "2")
        with pytest.raises(BundleNotFound, match=r"words: found 1, 2, expected state\.json"):
            locate(bundle.parent)

    def test_several_models_without_a_name_are_listed(self, models: Path, bundle: Path) -> None:
        write_bundle(models / "phrases" / "1")
        with pytest.raises(BundleNotFound, match="models: found phrases, words, expected one model"):
            locate(models)

    def test_an_unknown_name_is_refused_with_the_known_ones(self, models: Path, bundle: Path) -> None:
        with pytest.raises(BundleNotFound, match="models: found words, expected a model named 'wards'"):
            locate(models, "wards")

    @pytest.mark.parametrize("name", ["..", "words/1", ""])
    def test_a_name_never_leads_elsewhere(self, models: Path, bundle: Path, name: str) -> None:
        with pytest.raises(BundleNotFound):
            locate(models, name)

    def test_a_folder_that_is_not_there_holds_nothing(self, models: Path) -> None:
        with pytest.raises(BundleNotFound, match="models: found nothing"):
            locate(models)

    @pytest.mark.parametrize("has_state", [False, True])
    @pytest.mark.parametrize("changes", [{"name": "phrases"}, {"version": "2"}])
    def test_a_version_that_says_it_is_another_is_refused(
        self, models: Path, bundle: Path, changes: dict[str, object], has_state: bool
    ) -> None:
        edit_manifest(bundle, **changes)
        if has_state:
            state.write(bundle.parent, next_state(None, Pointer("1", digest(bundle))))
        for folder in (models, bundle.parent):
            with pytest.raises(
                ManifestInvalid, match=r"manifest\.json: found .*, expected its folder's name, words/1"
            ):
                locate(folder)
        assert locate(bundle) == Located(bundle, None)

    @pytest.mark.parametrize("kind", ["folder", "dangling link"])
    def test_a_state_that_is_no_file_is_refused_and_not_passed_over(
        self, models: Path, bundle: Path, kind: str
    ) -> None:
        write_bundle(models / "phrases" / "1")
        file = bundle.parent / "state.json"
        if kind == "folder":
            file.mkdir()
        else:
            file.symlink_to("nowhere")
        for folder in (models, bundle.parent):
            with pytest.raises(StateInvalid, match=r"words/state\.json: found a .*, expected a file"):
                locate(folder)
