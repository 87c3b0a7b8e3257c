"""`polyparse models promote|rollback|canary|shadow`: the edits of a model's state, each verified before it is made."""

from __future__ import annotations

import argparse
import getpass
import os
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from polyparse.bundle import release
from polyparse.bundle import state as states
from polyparse.bundle.release import Edit
from polyparse.cli import models_bundles
from polyparse.cli.arguments import ArgumentParser, integer, number
from polyparse.cli.models_bundles import versions_in
from polyparse.cli.place import models_of
from polyparse.errors import ConfigError
from polyparse.visible import visible

if TYPE_CHECKING:
    from polyparse.bundle.model import Model


def add_actions(actions: Any, common: ArgumentParser) -> None:
    """Add these actions to the parser of `polyparse models`."""
    edit = arguments_of_edits()
    add = actions.add_parser("promote", parents=[common, edit], help="verify a version, then let it serve")
    add.add_argument("name")
    add.add_argument("version")
    add.set_defaults(action=promote)
    add = actions.add_parser("rollback", parents=[common, edit], help="let the version before serve again")
    add.add_argument("name")
    add.set_defaults(action=rollback)
    add = actions.add_parser(
        "canary", parents=[common, edit], help="let a version answer a percentage of the requests"
    )
    how_much = _add_candidate(add)
    how_much.add_argument(
        "--percent", type=number(0, 100), metavar="P", help="of the requests, drawn by X-Canary-Key"
    )
    add.set_defaults(action=canary)
    add = actions.add_parser(
        "shadow", parents=[common, edit], help="let a version parse a share of the requests for comparison"
    )
    how_much = _add_candidate(add)
    how_much.add_argument("--share", type=number(0, 1), metavar="S", help="of the requests, 0 to 1")
    add.set_defaults(action=shadow)


def _add_candidate(add: ArgumentParser) -> Any:
    add.add_argument("name")
    add.add_argument("version", nargs="?", help="the candidate; not with --stop")
    how_much = add.add_mutually_exclusive_group(required=True)
    how_much.add_argument("--stop", action="store_true", help="try no candidate any more")
    return how_much


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
    parser.add_argument("--reason", type=reason, metavar="TEXT", help="why, for the history")
    return parser


def author(text: str) -> str:
    """The type of --by."""
    if not states.is_author(text):
        expected = f"a name of at most {states.LONGEST_BY} characters"
        raise argparse.ArgumentTypeError(f"found {text!r}, expected {expected}")
    return text


def reason(text: str) -> str:
    """The type of --reason."""
    if not states.is_reason(text):
        expected = f"a text of at most {states.LONGEST_REASON} characters"
        raise argparse.ArgumentTypeError(f"found {text!r}, expected {expected}")
    return text


def whoami() -> str:
    """The user and the host: a user without a name by the number, as containers have them; bytes of no UTF-8 as escapes."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid-{os.getuid()}"
    return visible(f"{user}@{socket.gethostname()}")[: states.LONGEST_BY]


def promote(options: argparse.Namespace) -> int:
    """Let a version serve, once its golden frames are right too."""
    model, edit = _checked(options)
    state = release.promote(model, options.version, edit)
    print(f"{options.name}: {state.stable.version} serves, sha256 {state.stable.digest}")
    return 0


def rollback(options: argparse.Namespace) -> int:
    """Let the version before serve again; its files are verified, its golden frames were when it was promoted."""
    model = models_of(options).model(options.name)
    state = release.rollback(model, _edit(model, options))
    print(f"{options.name}: {state.stable.version} serves, sha256 {state.stable.digest}")
    return 0


def canary(options: argparse.Namespace) -> int:
    """Let a version answer a percentage of the requests, once its golden frames are right; or none again."""
    if options.stop:
        model = _model_without_version(options)
        state = release.stop_canary(model, _edit(model, options))
        print(f"{options.name}: {state.stable.version} answers every request")
        return 0
    model, edit = _checked(options)
    state = release.canary(model, options.version, options.percent, edit)
    print(f"{options.name}: {options.version} answers {options.percent:g} % of the requests")
    print(f"{options.name}: {state.stable.version} answers the others")
    return 0


def shadow(options: argparse.Namespace) -> int:
    """Let a version parse a share of the requests besides, once its golden frames are right; or none again."""
    if options.stop:
        model = _model_without_version(options)
        state = release.stop_shadow(model, _edit(model, options))
        print(f"{options.name}: {state.stable.version} is compared with none")
        return 0
    model, edit = _checked(options)
    state = release.shadow(model, options.version, options.share, edit)
    print(
        f"{options.name}: {options.version} parses {options.share:g} of the requests after {state.stable.version}"
    )
    return 0


def _checked(options: argparse.Namespace) -> tuple[Model, Edit]:
    """The model and the edit, once the version's files and golden frames are right."""
    if options.version is None:
        raise ConfigError("version: found none, expected the candidate's, or --stop")
    (version,) = versions_in(models_of(options), options.name, options.version)
    model = version.model
    model.check_editable()
    edit = _edit(model, options)
    models_bundles.check(version.bundle())
    return model, edit


def _model_without_version(options: argparse.Namespace) -> Model:
    if options.version is not None:
        raise ConfigError(f"version: found {options.version!r}, expected none with --stop")
    return models_of(options).model(options.name)


def _edit(model: Model, options: argparse.Namespace) -> Edit:
    decided_on = release.decide_on(model, generation=options.if_generation)
    return Edit(decided_on, options.by, now(), options.reason)


def now() -> str:
    """The time of an edit."""
    return datetime.now(UTC).isoformat(timespec="seconds")
