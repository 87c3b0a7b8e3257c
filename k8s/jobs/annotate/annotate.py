"""Write the frame of every line of a file, as JSON lines: python annotate.py TEXTS OUT SHARD SHARDS.

A pod takes each line whose number, from 0, leaves SHARD when divided by SHARDS, and writes OUT/SHARD.jsonl whole or not at
all. A line that cannot be parsed gets an error in place of its frame. The model is the one that serves of ./models.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from polyparse.atomic import replacing
from polyparse.bundle.store import locate
from polyparse.contract.frame import Utterance
from polyparse.errors import InputError
from polyparse.inference.parser import Parser
from polyparse.runtime.load import load
from polyparse.text.tokens import MAX_CHARACTERS, check

AT_ONCE = 1000


def main(texts: Path, out: Path, shard: int, shards: int) -> None:
    """Annotate one shard."""
    located = locate(Path("models"))
    parser = load(located.bundle, digest=located.digest, device="cpu").parser
    with texts.open(encoding="utf-8") as lines, replacing(out / f"{shard}.jsonl") as stream:
        mine = islice(lines, shard, None, shards)
        while some := [line.rstrip("\n") for line in islice(mine, AT_ONCE)]:
            for each in annotated(parser, some):
                stream.write(json.dumps(each, ensure_ascii=False).encode() + b"\n")


def annotated(parser: Parser, texts: Sequence[str]) -> Iterator[dict[str, object]]:
    """A frame or an error for each text, in order."""
    errors = {text: error for text in texts if (error := error_of(text)) is not None}
    frames = iter(parser.parse([Utterance(text, None) for text in texts if text not in errors]))
    for text in texts:
        yield {"text": text, "error": errors[text]} if text in errors else asdict(next(frames))


def error_of(text: str) -> str | None:
    """What keeps a text from being parsed."""
    try:
        check(text, max_chars=MAX_CHARACTERS)
    except InputError as error:
        return error.code
    return None


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
