"""The console command: a table from subcommand to the function that runs it, imported only when called."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, NamedTuple

from polyparse.cli.arguments import check_utf8
from polyparse.cli.os_errors import in_words
from polyparse.cli.streams import NAMES, discard, open_streams
from polyparse.concealed import concealed
from polyparse.errors import PolyparseError
from polyparse.visible import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Command(NamedTuple):
    """`target` is "module:function", the function being main(argv) -> exit status.

    One that is a `daemon` ends with 0 on SIGTERM, also while it is imported: as process 1 it would not die of it.
    """

    target: str
    summary: str
    is_daemon: bool = False


COMMANDS: Mapping[str, Command] = {
    "serve": Command("service.launch:main", "answer POST /parse over HTTP", is_daemon=True),
    "parse": Command("polyparse.cli.parse:main", "print the frames of utterances"),
    "data": Command("polyparse.cli.data:main", "check a corpus before training on it"),
    "train": Command("train.cli.train:main", "train a model on a corpus"),
    "ood": Command("train.cli.ood:main", "choose the out-of-domain threshold of a trained model"),
    "language": Command("train.cli.language:main", "teach a trained model to refuse other languages"),
    "evaluate": Command("polyparse.cli.evaluate:main", "measure a bundle or a checkpoint on a corpus"),
    "export": Command("model_export.cli:main", "turn a checkpoint into a bundle"),
    "unpack": Command("train.cli.unpack:main", "turn a bundle into a finished run, to teach or to go on"),
    "coin": Command("model_export.coin:main", "give a bundle words that its training never saw"),
    "screen": Command("model_export.screen:main", "give a bundle a screen that refuses other languages"),
    "vectors": Command("train.cli.vectors.main:main", "train, align, measure, merge and fetch word vectors"),
    "experiments": Command("experiments.cli:main", "carry out studies of training methods, and report them"),
    "models": Command("polyparse.cli.models:main", "list, verify, promote, roll back and upgrade bundles"),
}

INSTALL: Mapping[str, str] = {
    "fastapi": ".",
    "structlog": ".",
    "opentelemetry": ".[tracing]",
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
INTERRUPTED = 130
"""Exit status after Ctrl-C."""
NOBODY_READS = 141
"""Exit status when whoever read the output went away, as of a program that SIGPIPE ends; nothing is said."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the subcommand named by the first argument on the rest; a refusal is one line on stderr."""
    open_streams()
    try:
        try:
            return dispatch(sys.argv[1:] if argv is None else argv)
        finally:
            sys.stdout.flush()
    except PolyparseError as error:
        return refuse(str(error))
    except BrokenPipeError:
        discard(sys.stdout)
        return NOBODY_READS
    except OSError as error:
        if error.filename == NAMES["stdout"].title:
            discard(sys.stdout)
        return refuse(in_words(error))
    except MemoryError as error:
        return refuse(f"found too little memory: {str(error) or 'none is left'}")
    except KeyboardInterrupt:
        return INTERRUPTED


def dispatch(argv: Sequence[str]) -> int:
    """Answer the help and the version, or run a subcommand; a package that it lacks is a refusal."""
    check_utf8(argv)
    name, *rest = argv or ["--help"]
    if name in {"-h", "--help"}:
        print(usage())
        return 0
    if name == "--version":
        print(f"polyparse {release()}")
        return 0
    if name not in COMMANDS:
        return refuse(f"found subcommand {name!r}, expected one of {', '.join(COMMANDS)}")
    try:
        return run(COMMANDS[name], rest)
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module not in INSTALL:
            raise
        command = f"pip install -c requirements/constraints.txt -e '{INSTALL[module]}'"
        return refuse(f"{name} needs the package {module!r}, which is not installed: {command}")


def run(command: Command, argv: Sequence[str]) -> int:
    """Import a command's function and call it."""
    module, function = command.target.split(":")
    handler = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)) if command.is_daemon else None
    try:
        status: int = getattr(import_module(module), function)(argv)
    finally:
        if handler is not None:
            signal.signal(signal.SIGTERM, handler)
    return status


def usage() -> str:
    """The help text: the table of subcommands."""
    lines = (f"  {name:<13}{command.summary}" for name, command in COMMANDS.items())
    first = "usage: polyparse SUBCOMMAND ... (each explains itself with --help), or polyparse --version"
    return "\n".join((first, "", *lines))


def release() -> str:
    """The version that is installed."""
    try:
        return version("polyparse")
    except PackageNotFoundError:
        return "(a clone that is not installed)"


def refuse(message: str) -> int:
    """Print the error on stderr, on one line; returns the exit status."""
    try:
        print(f"polyparse: {visible(concealed(message))}", file=sys.stderr, flush=True)
    except OSError:
        discard(sys.stderr)
    return REFUSED
