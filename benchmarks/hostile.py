"""Requests that nobody sends who means well: each text is another one, of the longest words, in any script, and no header
comes twice. All of them are valid, but for a language that is not served.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from random import Random

from benchmarks.client import HOST

SCRIPTS: Mapping[str, Sequence[tuple[int, int]]] = {
    "Latin": ((0x61, 0x7B), (0xE0, 0xF7), (0x100, 0x180)),
    "Greek": ((0x3B1, 0x3CA),),
    "Cyrillic": ((0x430, 0x460),),
    "Hebrew": ((0x5D0, 0x5EB),),
    "Arabic": ((0x620, 0x64B),),
    "Devanagari": ((0x904, 0x93A), (0x93E, 0x94D)),
    "Thai": ((0xE01, 0xE2F),),
    "Georgian": ((0x10D0, 0x10FB),),
    "Hangul": ((0xAC00, 0xD7A4),),
    "Kana": ((0x3041, 0x3097), (0x30A1, 0x30FB)),
    "Han": ((0x4E00, 0x9FA6),),
    "Han of plane 2": ((0x20000, 0x2A6D7),),
    "ligatures": ((0xFB50, 0xFBB2), (0xFDF0, 0xFDFC)),
    "pictograms": ((0x1F300, 0x1F5FF),),
    "marks": ((0x21, 0x2C), (0x2F, 0x30), (0x3A, 0x41)),
}
"""The code points of each, low included, high not. Every text keeps to one, or mixes two."""
JOINTS = " -.'/"
"""What stands between two words, most often a space."""
LONGEST_WORD = 64
LONGEST_TEXT = 512
LANGUAGE_IN = 16
"""One in so many requests asks for a language that no model has."""


def texts(seed: int) -> Iterator[str]:
    """Texts without an end, always the same ones, no two alike."""
    random = Random(seed)  # noqa: S311 - not cryptography
    while True:
        scripts = [SCRIPTS[name] for name in random.choices(list(SCRIPTS), k=2)]
        length = random.randint(LONGEST_TEXT // 8, LONGEST_TEXT)
        text = _word(random, SCRIPTS["Latin"])
        while len(text) < length:
            joint = " " if random.random() < 0.8 else random.choice(JOINTS)
            text += joint + _word(random, random.choice(scripts))
        yield text[:length]


def requests(seed: int) -> Iterator[bytes]:
    """The requests to /parse that ask for the texts."""
    random = Random(seed + 1)  # noqa: S311 - not cryptography
    for number, text in enumerate(texts(seed)):
        unserved = random.randrange(LANGUAGE_IN) == 0
        locale = f"q{'abcdefghij'[number % 10]}-{number:x}" if unserved else None
        yield _request(number, text, locale)


def _word(random: Random, script: Sequence[tuple[int, int]]) -> str:
    low, high = random.choice(script)
    return "".join(chr(random.randrange(low, high)) for _ in range(random.randint(1, LONGEST_WORD)))


def _request(number: int, text: str, locale: str | None) -> bytes:
    body = json.dumps({"text": text, "locale": locale}, ensure_ascii=number % 2 == 0).encode()
    lines = [
        "POST /parse HTTP/1.1",
        f"Host: {HOST}",
        f'Content-Type: application/json; charset=utf-8; number="{number}"',
        f"Content-Length: {len(body)}",
        f"X-Request-Id: hostile-{number:x}",
        f"X-Canary-Key: {number}",
        f"traceparent: 00-{number:032x}-{number:016x}-01",
        f"X-Unknown-{number}: {'v' * (number % 256)}{number}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
