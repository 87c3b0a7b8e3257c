"""The console command: a table from subcommand to the function that runs it, imported only when called."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from polyparse.errors import PolyparseError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Command(NamedTuple):
    """`target` is "module:function", the function being main(argv) -> exit status."""

    target: str
    summary: str


COMMANDS: Mapping[str, Command] = {
    "serve": Command("service.cli:main", "answer POST /parse over HTTP"),
    "parse": Command("polyparse.cli.parse:main", "print the frames of utterances"),
    "data": Command("polyparse.cli.data:main", "check a corpus before training on it"),
    "train": Command("train.cli.train:main", "train a model on a corpus"),
    "ood": Command("train.cli.ood:main", "choose the out-of-domain threshold of a trained model"),
    "evaluate": Command("polyparse.cli.evaluate:main", "measure a bundle or a checkpoint on a corpus"),
    "export": Command("model_export.cli:main", "turn a checkpoint into a bundle"),
    "models": Command("polyparse.cli.models:main", "list, verify, promote, roll back and upgrade bundles"),
}

INSTALL: Mapping[str, str] = {
    "fastapi": ".",
    "onnxruntime": ".[cpu]",
    "torch": ".[train]",
    "scipy": ".[train]",
    "onnx": ".[train]",
    "fasttext": ".[train]",
    "jinja2": ".[report]",
    "matplotlib": ".[report]",
    "rich": ".[report]",
}
"""Module that may be absent -> what to install for it; any other absent module is a bug, and is raised."""

REFUSED = 2
"""Exit status when the command line, its input or a file is wrong; the message on stderr says which."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the subcommand named by the first argument on the rest; a refusal is one line on stderr."""
    name, *rest = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if name in {"-h", "--help"}:
        print(usage())
        return 0
    if name not in COMMANDS:
        return refuse(f"found subcommand {name!r}, expected one of {', '.join(COMMANDS)}")
    try:
        return run(COMMANDS[name], rest)
    except PolyparseError as error:
        return refuse(str(error))
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in INSTALL:
            raise
        command = f"pip install -c requirements/constraints.txt -e '{INSTALL[module]}'"
        return refuse(f"{name} needs the package {module!r}, which is not installed: {command}")


def run(command: Command, argv: Sequence[str]) -> int:
    """Import a command's function and call it."""
    module, function = command.target.split(":")
    status: int = getattr(import_module(module), function)(argv)
    return status


def usage() -> str:
    """The help text: the table of subcommands."""
    lines = (f"  {name:<10}{command.summary}" for name, command in COMMANDS.items())
    return "\n".join(("usage: polyparse SUBCOMMAND ... (each explains itself with --help)", "", *lines))


def refuse(message: str) -> int:
    """Print the error on stderr; returns the exit status."""
    print(f"polyparse: {message}", file=sys.stderr)
    return REFUSED
