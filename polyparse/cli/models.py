"""`polyparse models ACTION`: what a release engineer does with folders and repositories of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.cli import models_edit, models_upload
from polyparse.cli.arguments import ArgumentParser, path
from polyparse.cli.models_bundles import check, versions_in
from polyparse.cli.models_history import print_history
from polyparse.cli.models_list import list_models
from polyparse.cli.os_errors import in_words
from polyparse.cli.place import add_place, cache_of, models_of
from polyparse.errors import PolyparseError
from polyparse.repository.signing import check_signature
from polyparse.visible import visible

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Run one of the actions; each raises BundleError or ConfigError where it refuses."""
    options = arguments().parse_args(argv)
    status: int = options.action(options)
    return status


def arguments() -> ArgumentParser:
    """The parser of the command line."""
    parser = ArgumentParser(
        prog="polyparse models", description="Look after folders and repositories of models."
    )
    common = ArgumentParser(add_help=False)
    add_place(
        common, "the folder of models (models), or the URL of a repository: s3://BUCKET/PREFIX, file:///PATH"
    )
    actions = parser.add_subparsers(
        required=True, metavar="list|verify|promote|canary|shadow|rollback|history|push|sign|upgrade|gc"
    )
    listing = ArgumentParser(add_help=False)
    listing.add_argument("--json", action="store_true", help="print JSON")
    add = actions.add_parser(
        "list", parents=[common, listing], help="every version, which one serves, and what each process does"
    )
    add.set_defaults(action=list_models)
    add = actions.add_parser("verify", parents=[common], help="check every byte, then the golden frames")
    add.add_argument("name", nargs="?", help="one model; all of them by default")
    add.add_argument("version", nargs="?", help="one version; all of them by default")
    add.add_argument(
        "--verify-key", type=path, metavar="FILE", help="refuse what the key's owner did not sign"
    )
    add.set_defaults(action=verify)
    models_edit.add_actions(actions, common)
    add = actions.add_parser(
        "history",
        parents=[common, listing],
        help="which versions served, who let them, and when; newest first",
    )
    add.add_argument("name")
    add.set_defaults(action=print_history)
    models_upload.add_actions(actions, common)
    add = actions.add_parser("gc", parents=[common], help="remove bundles from the cache that nobody wants")
    add.add_argument("--dry-run", action="store_true", help="only say what would go")
    add.set_defaults(action=collect)
    return parser


def verify(options: argparse.Namespace) -> int:
    """Print one line a version; the status is 2 if any is refused."""
    refused = 0
    for version in versions_in(models_of(options), options.name, options.version):
        title = visible(f"{version.model.name} {version.name}")
        try:
            bundle = version.bundle()
            if options.verify_key is not None:
                check_signature(version.model, bundle, options.verify_key)
            print(f"{title}: sound, sha256 {check(bundle)}")
        except PolyparseError as error:
            refused += 1
            print(f"{title}: refused ({error.code}): {error}")
        except OSError as error:
            refused += 1
            print(f"{title}: refused (unreadable): {visible(in_words(error))}")
    return 2 if refused else 0


def collect(options: argparse.Namespace) -> int:
    """Print what is removed from the cache, or would be, and how many bytes that gives."""
    verb = "would remove" if options.dry_run else "removed"
    total = 0
    for digest, size, is_bundle in cache_of(options).collect(is_dry_run=options.dry_run):
        total += size
        print(f"{verb} {'bundle' if is_bundle else 'half a bundle'} {digest}: {size} bytes")
    print(f"{verb} {total} bytes in all")
    return 0
