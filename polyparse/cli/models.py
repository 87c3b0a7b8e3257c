"""`polyparse models list|verify|promote|rollback|history|upgrade`: what a release engineer does with folders of models."""

from __future__ import annotations

import argparse
import getpass
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from polyparse.bundle import manifest as manifests
from polyparse.bundle import release
from polyparse.bundle import state as states
from polyparse.bundle import store as bundles
from polyparse.cli.arguments import ArgumentParser, integer, path
from polyparse.cli.models_history import print_history
from polyparse.cli.models_list import list_models
from polyparse.cli.os_errors import in_words
from polyparse.errors import BundleNotFound, ConfigError, PolyparseError
from polyparse.outputs import check_folder
from polyparse.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def main(argv: Sequence[str]) -> int:
    """Run one of the actions; each raises BundleError or ConfigError where it refuses."""
    options = arguments().parse_args(argv)
    status: int = options.action(options)
    return status


def arguments() -> ArgumentParser:
    """The parser of the command line."""
    parser = ArgumentParser(prog="polyparse models", description="Look after folders of models.")
    common = ArgumentParser(add_help=False)
    common.add_argument("--models", type=path, default=Path("models"), help="the folder of models (models)")
    actions = parser.add_subparsers(required=True, metavar="list|verify|promote|rollback|history|upgrade")
    listing = ArgumentParser(add_help=False)
    listing.add_argument("--json", action="store_true", help="print JSON")
    add = actions.add_parser(
        "list", parents=[common, listing], help="every version, which one serves, and what each process does"
    )
    add.set_defaults(action=list_models)
    add = actions.add_parser("verify", parents=[common], help="check every byte, then the golden frames")
    add.add_argument("name", nargs="?", help="one model; all of them by default")
    add.add_argument("version", nargs="?", help="one version; all of them by default")
    add.set_defaults(action=verify)
    edit = arguments_of_edits()
    add = actions.add_parser("promote", parents=[common, edit], help="verify a version, then let it serve")
    add.add_argument("name")
    add.add_argument("version")
    add.set_defaults(action=promote)
    add = actions.add_parser("rollback", parents=[common, edit], help="let the version before serve again")
    add.add_argument("name")
    add.set_defaults(action=rollback)
    add = actions.add_parser(
        "history",
        parents=[common, listing],
        help="which versions served, who let them, and when; newest first",
    )
    add.add_argument("name")
    add.set_defaults(action=print_history)
    add = actions.add_parser(
        "upgrade", parents=[common], help="write a version anew in the schema of today, as a new version"
    )
    add.add_argument("name")
    add.add_argument("version")
    add.add_argument("new_version", metavar="new-version", help="a version that does not exist yet")
    add.set_defaults(action=upgrade)
    return parser


def arguments_of_edits() -> ArgumentParser:
    """The parser of what all actions take that change which version serves."""
    parser = ArgumentParser(add_help=False)
    parser.add_argument(
        "--if-generation",
        type=integer(0, 2**63 - 1),
        metavar="N",
        help="refuse unless state.json is of this generation; 0 is one that is not there yet",
    )
    parser.add_argument(
        "--by", type=author, default=whoami(), metavar="NAME", help="who the history says did it (USER@HOST)"
    )
    return parser


def author(text: str) -> str:
    """The type of --by."""
    if not states.is_author(text):
        expected = f"a name of at most {states.LONGEST_BY} characters"
        raise argparse.ArgumentTypeError(f"found {text!r}, expected {expected}")
    return text


def whoami() -> str:
    """The user and the host: a user without a name by the number, as containers have them; bytes of no UTF-8 as escapes."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid-{os.getuid()}"
    return visible(f"{user}@{socket.gethostname()}")[: states.LONGEST_BY]


def verify(options: argparse.Namespace) -> int:
    """Print one line a version; the status is 2 if any is refused."""
    refused = 0
    for bundle in bundles_in(options.models, options.name, options.version):
        title = visible(f"{bundle.parent.name} {bundle.name}")
        try:
            print(f"{title}: sound, sha256 {check(bundle)}")
        except PolyparseError as error:
            refused += 1
            print(f"{title}: refused ({error.code}): {error}")
        except OSError as error:
            refused += 1
            print(f"{title}: refused (unreadable): {visible(in_words(error))}")
    return 2 if refused else 0


def promote(options: argparse.Namespace) -> int:
    """Let a version serve, once its golden frames are right too."""
    (bundle,) = bundles_in(options.models, options.name, options.version)
    model = bundle.parent
    check_folder(model, files=[states.FILE])
    current = release.decide_on(model, generation=options.if_generation)
    check(bundle)
    state = release.promote(model, bundle.name, decided_on=current, by=options.by, at=now())
    print(f"{options.name}: {state.stable.version} serves, sha256 {state.stable.digest}")
    return 0


def rollback(options: argparse.Namespace) -> int:
    """Let the version before serve again; its files are verified, its golden frames were when it was promoted."""
    model = options.models / options.name
    current = release.decide_on(model, generation=options.if_generation)
    state = release.rollback(model, decided_on=current, by=options.by, at=now())
    print(f"{options.name}: {state.stable.version} serves, sha256 {state.stable.digest}")
    return 0


def now() -> str:
    """The time of an edit."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def upgrade(options: argparse.Namespace) -> int:
    """Write the upgraded version to a new folder; the old version, and which one serves, stay as they are."""
    from polyparse.runtime.upgrade import upgrade as write_anew  # noqa: PLC0415 - as in `check`

    (bundle,) = bundles_in(options.models, options.name, options.version)
    if not manifests.is_folder_name(options.new_version):
        raise ConfigError(f"new-version: found {options.new_version!r}, expected the name of a folder")
    out = bundle.with_name(options.new_version)
    written = write_anew(bundle, out)
    print(f"{out}: schema {written.schema_version}, sha256 {bundles.digest(out)}")
    return 0


def bundles_in(models: Path, name: str | None = None, version: str | None = None) -> Iterator[Path]:
    """The bundles of a folder of models, or those of one name, or of one version; BundleNotFound where none is."""
    paths = [
        models / model / each
        for model in bundles.models_in(models)
        for each in bundles.versions_in(models / model)
    ]
    matching = [each for each in paths if name in {None, each.parent.name} and version in {None, each.name}]
    if not matching:
        names = bundles.listed([f"{each.parent.name}/{each.name}" for each in paths])
        expected = "/".join(
            part for part in ("a model" if name is None else name, version) if part is not None
        )
        raise BundleNotFound(f"found {names}, expected {expected}", file=models)
    yield from matching


def check(bundle: Path) -> str:
    """Verify a bundle, by its digest too where it serves, and its golden frames; returns the digest."""
    from polyparse.runtime.load import load  # noqa: PLC0415 - the other actions need no runtime

    state = states.read(bundle.parent)
    pinned = state.stable.digest if state is not None and state.stable.version == bundle.name else None
    loaded = load(bundle, digest=pinned, device="cpu")
    bundles.check_names(loaded.manifest, bundle)
    loaded.check_golden()
    return loaded.digest
