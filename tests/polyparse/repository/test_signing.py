"""A signature says who made a bundle: without one, by another key, or of other bytes it is refused by the bundle's name."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from polyparse.bundle.model import FolderModel, Model
from polyparse.bundle.store import digest
from polyparse.errors import ConfigError, RepositoryUnreachable, SignatureInvalid
from polyparse.repository.cache import Cache
from polyparse.repository.folder_store import FolderStore
from polyparse.repository.push import push
from polyparse.repository.remote_model import RemoteModel
from polyparse.repository.signing import check_signature, sign
from tests.bundles import edit_manifest, write_bundle
from tests.keys import make_keys

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.needs_tools("model_signing")


class Keys:
    """Two pairs of keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("ours", "theirs"):
            make_keys(folder / f"{name}.pem", folder / f"{name}.pub")
        self.ours, self.our_public = folder / "ours.pem", folder / "ours.pub"
        self.theirs, self.their_public = folder / "theirs.pem", folder / "theirs.pub"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(params=["folder", "repository"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Model:
    bundle = write_bundle(tmp_path / "words" / "1")
    if request.param == "folder":
        return FolderModel(tmp_path / "words")
    store = FolderStore(tmp_path / "objects")
    push(store, "words", "1", bundle)
    return RemoteModel(store, "words", Cache(tmp_path / "cache"))


def test_what_the_key_s_owner_signed_passes_and_stays_what_it_is(model: Model, keys: Keys) -> None:
    before = digest(model.bundle("1"))
    assert sign(model, "1", keys.ours) == before
    assert check_signature(model, model.bundle("1"), keys.our_public) == before
    assert model.versions() == ["1"]


def test_what_nobody_or_somebody_else_signed_is_refused_by_its_name(model: Model, keys: Keys) -> None:
    with pytest.raises(SignatureInvalid, match=r"words/1: found no signature, expected one by the owner of"):
        check_signature(model, model.bundle("1"), keys.our_public)
    sign(model, "1", keys.theirs)
    with pytest.raises(SignatureInvalid, match=r"words/1: found that its signature does not hold"):
        check_signature(model, model.bundle("1"), keys.our_public)
    assert check_signature(model, model.bundle("1"), keys.their_public)


def test_a_byte_that_changed_after_the_signature_is_found(tmp_path: Path, keys: Keys) -> None:
    bundle = write_bundle(tmp_path / "words" / "1")
    model = FolderModel(tmp_path / "words")
    sign(model, "1", keys.ours)
    file = bundle / "score.onnx"
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(SignatureInvalid, match="does not hold"):
        check_signature(model, bundle, keys.our_public)
    file.write_bytes(content)
    edit_manifest(bundle, locales=["en-US"])
    with pytest.raises(SignatureInvalid, match="found no signature"):
        check_signature(model, bundle, keys.our_public)


def test_what_is_no_key_is_named(model: Model, keys: Keys, tmp_path: Path) -> None:
    file = tmp_path / "no-key"
    with pytest.raises(ConfigError, match="no-key: found no such file, expected a key"):
        sign(model, "1", file)
    file.write_text("no key")
    with pytest.raises(ConfigError, match=r"no-key: found .*, expected a private key"):
        sign(model, "1", file)
    sign(model, "1", keys.ours)
    with pytest.raises(SignatureInvalid, match="no-key"):
        check_signature(model, model.bundle("1"), file)


def test_a_signature_that_was_seen_holds_when_nobody_can_be_asked(tmp_path: Path, keys: Keys) -> None:
    class Down(FolderStore):
        def read(self, key: str) -> bytes | None:
            raise RepositoryUnreachable("found no answer, expected one", file=key)

    bundle = write_bundle(tmp_path / "words" / "1")
    store, cache = FolderStore(tmp_path / "objects"), Cache(tmp_path / "cache")
    push(store, "words", "1", bundle)
    model = RemoteModel(store, "words", cache)
    sign(model, "1", keys.ours)
    folder = model.bundle("1")
    down = RemoteModel(Down(tmp_path / "objects"), "words", cache)
    with pytest.raises(RepositoryUnreachable):
        check_signature(down, folder, keys.our_public)
    check_signature(model, folder, keys.our_public)
    check_signature(down, folder, keys.our_public)


def test_without_the_package_it_says_what_to_install(
    model: Model, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "model_signing", None)
    with pytest.raises(ConfigError, match=r"pip install -c .* -e '\.\[signing\]'"):
        sign(model, "1", keys.ours)


def test_keys_of_openssl_are_keys(model: Model, tmp_path: Path) -> None:
    private, public = tmp_path / "k.pem", tmp_path / "k.pub"
    try:
        for command in (
            ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(private)],
            ["openssl", "ec", "-in", str(private), "-pubout", "-out", str(public)],
        ):
            subprocess.run(command, check=True, capture_output=True, timeout=30)  # noqa: S603 - fixed commands
    except FileNotFoundError:
        pytest.skip("found no program openssl")
    sign(model, "1", private)
    assert check_signature(model, model.bundle("1"), public)
