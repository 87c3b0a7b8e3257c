"""What each request asks: locale, length and repetition as the mix has them. The same seed gives the same requests."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from random import Random
from typing import NamedTuple

from loadtest.address import Address
from loadtest.errors import FileInvalid
from loadtest.generator import BATCH, Post
from loadtest.scenario import Length, Mix
from loadtest.texts import ANY, Texts

PARSE = "parse"
LENGTHS: Mapping[Length, range] = {"short": range(1, 5), "middle": range(5, 10), "long": range(10, 10_000)}
"""Words between white space."""
TIMED = {"X-Server-Timing": "1"}


class Spoken(NamedTuple):
    """A text, and the locale that its speaker would name."""

    text: str
    locale: str


def utterances(mix: Mix, texts: Texts, random: Random) -> Iterator[Spoken]:
    """What is asked, one after the other, for ever; raises FileInvalid where the texts have nothing of a kind in the mix."""
    groups, weights = _groups(mix, texts)
    few = [_drawn(groups, weights, random) for _ in range(mix.repeated_texts)] if mix.repeated_share else []
    while True:
        is_repeated = random.random() < mix.repeated_share
        yield random.choice(few) if is_repeated else _drawn(groups, weights, random)


def posts(
    mix: Mix, texts: Texts, address: Address, *, seed: int, timing_share: float = 0.0
) -> Iterator[Post]:
    """The requests, for ever; `timing_share` of them ask for the service's times."""
    random = Random(seed)
    spoken = utterances(mix, texts, random)
    while True:
        headers = TIMED if random.random() < timing_share else {}
        if random.random() < mix.batch_share:
            items = [_body(each, mix, random) for each in islice(spoken, mix.batch_items)]
            yield Post(http_post(address, "/parse/batch", {"items": items}), BATCH)
        else:
            yield Post(http_post(address, "/parse", _body(next(spoken), mix, random), headers), PARSE)


def http_post(address: Address, path: str, body: object, headers: Mapping[str, str] | None = None) -> bytes:
    """A request with a JSON body, as bytes."""
    content = json.dumps(body, ensure_ascii=False).encode()
    lines = [
        f"POST {address.prefix}{path} HTTP/1.1",
        f"Host: {address.netloc}",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + content


def _body(spoken: Spoken, mix: Mix, random: Random) -> dict[str, object]:
    body: dict[str, object] = {"text": spoken.text}
    if spoken.locale != ANY and random.random() < mix.named_locale_share:
        body["locale"] = spoken.locale
    if mix.n_best > 1:
        body["n_best"] = mix.n_best
    return body


def _groups(mix: Mix, texts: Texts) -> tuple[list[Sequence[Spoken]], list[float]]:
    """Texts of one locale and length, and how often each such group is drawn."""
    groups: list[Sequence[Spoken]] = []
    weights: list[float] = []
    evenly = dict.fromkeys(texts, 1.0)
    for locale, weight in (mix.locales if ANY not in texts and mix.locales else evenly).items():
        for length, share in _shares(mix, locale, texts[locale]).items():
            groups.append([Spoken(text, locale) for text in length])
            weights.append(weight * share)
    return groups, weights


def _shares(mix: Mix, locale: str, texts: Sequence[str]) -> dict[tuple[str, ...], float]:
    """A locale's texts of each length in the mix -> its share."""
    if not mix.lengths:
        return {tuple(texts): 1.0}
    total = sum(mix.lengths.values())
    shares = {}
    for length, weight in mix.lengths.items():
        found = tuple(text for text in texts if len(text.split()) in LENGTHS[length])
        if not found:
            words = LENGTHS[length]
            raise FileInvalid(
                f"{locale or 'the texts'}: found no text of {words.start} to {words.stop - 1} words, "
                f"expected some, as the mix has {length} ones"
            )
        shares[found] = weight / total
    return shares


def _drawn(groups: Sequence[Sequence[Spoken]], weights: Sequence[float], random: Random) -> Spoken:
    (group,) = random.choices(groups, weights)
    return random.choice(group)
