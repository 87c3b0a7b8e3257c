"""`polyparse parse TEXT...`: the frames of utterances, as a table for people or as JSON for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from polyparse.cli.arguments import ArgumentParser, stated
from polyparse.cli.place import add_place, cache_of
from polyparse.contract.frame import Utterance
from polyparse.errors import InputError
from polyparse.repository.repository import locate
from polyparse.text.tokens import MAX_CHARACTERS, check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.contract.frame import Frame


def main(argv: Sequence[str]) -> int:
    """Parse each TEXT with the model that serves, on the CPU; prints one frame a text, in their order."""
    from polyparse.runtime.load import load  # noqa: PLC0415 - --help needs no runtime

    options = arguments().parse_args(argv)
    check_texts(options.texts)
    located = locate(options.models, options.model, lambda: cache_of(options))
    parser = load(located.bundle, digest=located.digest, device="cpu").parser
    frames = parser.parse([Utterance(text, options.locale) for text in options.texts])
    show = as_json if options.json else as_table
    print("\n".join(show(frame) for frame in frames))
    return 0


def arguments() -> ArgumentParser:
    """The parser of the command line."""
    parser = ArgumentParser(prog="polyparse parse", description="Print the frames of utterances.")
    parser.add_argument("texts", metavar="TEXT", nargs="+", help="an utterance, quoted")
    parser.add_argument("--locale", help="its locale, such as es-ES; without one the model decides unaided")
    add_place(parser, "a folder of models, one model, or one bundle; or the URL of a repository or one model")
    parser.add_argument(
        "--model",
        metavar="NAME",
        type=stated("a name"),
        help="which model of the folder; needed if several serve",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser


def check_texts(texts: Sequence[str]) -> None:
    """Raise an InputError that says which TEXT, counted from 1, cannot be parsed."""
    for position, text in enumerate(texts, start=1):
        try:
            check(text, max_chars=MAX_CHARACTERS)
        except InputError as error:
            raise type(error)(f"TEXT {position} of {len(texts)}: {error}") from None


def as_json(frame: Frame) -> str:
    """The frame on one line, its keys as in the answers of POST /parse."""
    return json.dumps(asdict(frame), ensure_ascii=False)


def as_table(frame: Frame) -> str:
    """The text, then a line for the domain, the intent and each slot, with their confidences; or that it was refused."""
    if frame.refused is not None:
        return f"{frame.text}\n  {_refusal(frame)}"
    rows = [
        *(("domain", choice.name, choice.confidence, "") for choice in (frame.domain,) if choice),
        *(("intent", choice.name, choice.confidence, "") for choice in (frame.intent,) if choice),
        *(
            ("slot", slot.name, slot.confidence, f"  {slot.value}  [{slot.start}:{slot.end}]")
            for slot in frame.slots
        ),
    ]
    width = max((len(name) for _, name, _, _ in rows), default=0)
    lines = (f"  {kind:<6}  {name:<{width}}  {confidence:.2f}{rest}" for kind, name, confidence, rest in rows)
    return "\n".join((frame.text, *lines))


def _refusal(frame: Frame) -> str:
    if frame.refused is not None and frame.refused.reason == "language":
        return "in no language served"
    return f"out of domain  {frame.out_of_domain:.2f}"
