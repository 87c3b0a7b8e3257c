"""`polyparse models push|sign|upgrade`: a new version from a folder, its signature, or one made of another version."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from polyparse.bundle import manifest as manifests
from polyparse.bundle import store as bundles
from polyparse.cli.arguments import ArgumentParser, path
from polyparse.cli.models_bundles import versions_in
from polyparse.cli.place import cache_of, models_of
from polyparse.errors import ConfigError, VersionTaken
from polyparse.repository.folder_store import FolderStore
from polyparse.repository.push import push as upload
from polyparse.repository.repository import opened
from polyparse.repository.signing import sign as write_signature

if TYPE_CHECKING:
    import argparse

    from polyparse.repository.store import ObjectStore


def add_actions(actions: Any, common: ArgumentParser) -> None:
    """Add these actions to the parser of `polyparse models`."""
    add = actions.add_parser(
        "push", parents=[common], help="upload a bundle as a version that does not serve yet"
    )
    add.add_argument("name")
    add.add_argument("version")
    add.add_argument("--from", dest="source", type=path, required=True, metavar="FOLDER", help="the bundle")
    add.set_defaults(action=push)
    add = actions.add_parser("sign", parents=[common], help="sign a version with a private key")
    add.add_argument("name")
    add.add_argument("version")
    add.add_argument("--key", type=path, required=True, metavar="FILE", help="PEM, of an elliptic curve")
    add.set_defaults(action=sign)
    add = actions.add_parser(
        "upgrade", parents=[common], help="write a version anew in the schema of today, as a new version"
    )
    add.add_argument("name")
    add.add_argument("version")
    add.add_argument("new_version", metavar="new-version", help="a version that does not exist yet")
    add.set_defaults(action=upgrade)


def push(options: argparse.Namespace) -> int:
    """Upload a bundle; its manifest comes last, and a version that is another bundle stays what it is."""
    digest = upload(_store(options), options.name, options.version, options.source)
    print(f"{options.name} {options.version}: pushed, sha256 {digest}")
    return 0


def sign(options: argparse.Namespace) -> int:
    """Sign a version; the bundle itself stays as it is."""
    (version,) = versions_in(models_of(options), options.name, options.version)
    digest = write_signature(version.model, version.name, options.key)
    print(f"{options.name} {options.version}: signed, sha256 {digest}")
    return 0


def upgrade(options: argparse.Namespace) -> int:
    """Write the upgraded version to a new place; the old version, and which one serves, stay as they are."""
    from polyparse.runtime.upgrade import upgrade as write_anew  # noqa: PLC0415 - the other actions need no runtime

    (version,) = versions_in(models_of(options), options.name, options.version)
    if not manifests.is_folder_name(options.new_version):
        raise ConfigError(f"new-version: found {options.new_version!r}, expected the name of a folder")
    bundle = version.bundle()
    if isinstance(options.models, Path):
        out = bundle.with_name(options.new_version)
        schema = write_anew(bundle, out).schema_version
        print(f"{out}: schema {schema}, sha256 {bundles.digest(out)}")
        return 0
    if options.new_version in version.model.versions():
        raise VersionTaken(f"found {options.new_version}, expected no such version", file=version.model.place)
    with TemporaryDirectory() as temporary:
        out = Path(temporary) / options.name / options.new_version
        out.parent.mkdir()
        schema = write_anew(bundle, out).schema_version
        digest = upload(_store(options), options.name, options.new_version, out)
    print(f"{options.models}/{options.name}/{options.new_version}: schema {schema}, sha256 {digest}")
    return 0


def _store(options: argparse.Namespace) -> ObjectStore:
    if isinstance(options.models, Path):
        return FolderStore(options.models)
    return opened(options.models, cache_of(options)).store
