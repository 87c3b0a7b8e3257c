"""`polyparse models list|verify|promote|rollback|upgrade`: what a release engineer does with folders of models."""

from __future__ import annotations

from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from polyparse.bundle import manifest as manifests
from polyparse.bundle import release
from polyparse.bundle import state as states
from polyparse.bundle import store as bundles
from polyparse.cli.arguments import ArgumentParser, path
from polyparse.cli.os_errors import in_words
from polyparse.errors import BundleError, BundleNotFound, ConfigError, PolyparseError
from polyparse.outputs import check_folder
from polyparse.visible import visible

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

HEADER = ("NAME", "VERSION", "SERVES", "LOCALES", "EXACT MATCH", "SIZE")


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
    actions = parser.add_subparsers(required=True, metavar="list|verify|promote|rollback|upgrade")
    add = actions.add_parser("list", parents=[common], help="every version, and which one serves")
    add.set_defaults(action=list_models)
    add = actions.add_parser("verify", parents=[common], help="check every byte, then the golden frames")
    add.add_argument("name", nargs="?", help="one model; all of them by default")
    add.add_argument("version", nargs="?", help="one version; all of them by default")
    add.set_defaults(action=verify)
    add = actions.add_parser("promote", parents=[common], help="verify a version, then let it serve")
    add.add_argument("name")
    add.add_argument("version")
    add.set_defaults(action=promote)
    add = actions.add_parser("rollback", parents=[common], help="let the version before serve again")
    add.add_argument("name")
    add.set_defaults(action=rollback)
    add = actions.add_parser(
        "upgrade", parents=[common], help="write a version anew in the schema of today, as a new version"
    )
    add.add_argument("name")
    add.add_argument("version")
    add.add_argument("new_version", metavar="new-version", help="a version that does not exist yet")
    add.set_defaults(action=upgrade)
    return parser


def list_models(options: argparse.Namespace) -> int:
    """Print a table of all versions."""
    rows = [HEADER, *(cells_of(bundle) for bundle in bundles_in(options.models))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        print(visible(line.rstrip()))
    return 0


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
    check_folder(bundle.parent, files=[states.FILE])
    check(bundle)
    state = release.promote(bundle.parent, bundle.name)
    print(f"{options.name}: {state.stable.version} serves, sha256 {state.stable.digest}")
    return 0


def rollback(options: argparse.Namespace) -> int:
    """Let the version before serve again; its files are verified, its golden frames were when it was promoted."""
    state = release.rollback(options.models / options.name)
    print(f"{options.name}: {state.stable.version} serves, sha256 {state.stable.digest}")
    return 0


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


def cells_of(bundle: Path) -> tuple[str, ...]:
    """The table cells of one version, as in HEADER."""
    serves = mark_of(bundle)
    file = bundle / manifests.FILE
    try:
        content = file.read_bytes()
        manifest = manifests.parse(content, file=file)
    except BundleError as error:
        return (bundle.parent.name, bundle.name, serves, f"refused: {error.code}", "", "")
    size = len(content) + sum(record.size for record in manifest.files.values())
    return (
        bundle.parent.name,
        bundle.name,
        serves,
        " ".join(manifest.locales),
        exact_match(manifest),
        f"{size / 1e6:.1f} MB",
    )


def mark_of(bundle: Path) -> str:
    """Whether a version serves, or what is wrong with what should say so."""
    try:
        state = states.read(bundle.parent)
    except BundleError as error:
        return f"refused: {error.code}"
    return "yes" if state is not None and state.stable.version == bundle.name else ""


def exact_match(manifest: manifests.Manifest) -> str:
    """The mean exact match over the locales that were measured; "-" without any."""
    measured = [measures.get("exact_match") for measures in manifest.measures.values()]
    numbers = [value for value in measured if isinstance(value, float | int)]
    return f"{mean(numbers):.3f}" if numbers else "-"
