"""A small assistant learns from sixty utterances what they have in common, by the recipe that its owner would take."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, NamedTuple

import pytest

from polyparse.cli.main import main
from polyparse.contract.frame import Refusal, Utterance
from polyparse.corpora.read import read
from polyparse.evaluation.evaluate import measure
from polyparse.runtime.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Assistant(NamedTuple):
    """Templates by intent, values by slot, and what somebody may say to the wrong assistant; `seed` draws what is said."""

    locale: str
    templates: dict[str, tuple[str, ...]]
    values: dict[str, tuple[str, ...]]
    foreign: tuple[str, ...]
    n_dev: int
    seed: str


HOME = Assistant(
    "en-US",
    {
        "light_on": (
            "turn on the <room> light",
            "switch the light in the <room> on",
            "i need light in the <room>",
        ),
        "light_off": (
            "turn off the <room> light",
            "switch the light in the <room> off",
            "lights out in the <room>",
        ),
        "heat": (
            "set the <room> to <temp>",
            "make the <room> <temp>",
            "i want <temp> in the <room> at <time>",
        ),
        "alarm": ("wake me at <time>", "set an alarm for <time>", "get me up at <time> please"),
        "music": ("play <artist>", "put on something by <artist>", "play <artist> in the <room>"),
    },
    {
        "room": ("kitchen", "living room", "bathroom", "bedroom", "garage", "guest room", "attic"),
        "temp": ("twenty degrees", "nineteen degrees", "warmer", "twenty two", "cold"),
        "time": ("six", "half past seven", "eight", "nine thirty", "noon", "quarter to five"),
        "artist": ("madonna", "the beatles", "mozart", "miles davis", "queen", "daft punk"),
    },
    ("why do my knees hurt after running", "which planet has the largest rings"),
    n_dev=15,
    seed="en-home-3",
)
"""Without slot values swapped, slot F1 is 0.98: the article of "the beatles" is learnt as that of a room."""
GHAR = Assistant(
    "hi-IN",
    {
        "alarm": ("मुझे <time> बजे जगाओ", "<day> <time> बजे का अलार्म लगाओ", "<time> बजे उठा देना"),
        "weather": ("<place> में मौसम कैसा है", "क्या <day> <place> में बारिश होगी", "<place> का तापमान बताओ"),
        "music": ("<artist> के गाने बजाओ", "मुझे <day> <artist> सुनना है", "<artist> का नया गाना चलाओ"),
        "lights": ("<room> की बत्ती जलाओ", "<day> <room> में रोशनी करो", "<room> का बल्ब चालू करो"),
    },
    {
        "time": ("छह", "साढ़े सात", "दस", "नौ", "पौने आठ"),
        "day": ("आज", "कल", "सोमवार को", "रात को"),
        "place": ("दिल्ली", "नई मुंबई", "रोम", "पुणे", "जयपुर"),
        "artist": ("लता मंगेशकर", "किशोर", "अरिजीत सिंह", "श्रेया घोषाल", "रफ़ी"),
        "room": ("रसोई", "बड़े कमरे", "छत", "बरामदे", "गैराज"),
    },
    ("दौड़ने से घुटना दुखता रहता", "पासपोर्ट नवीनीकरण किस दफ्तर से होता"),
    n_dev=3,
    seed="hi-ghar-1",
)


def partitions_of(assistant: Assistant) -> dict[str, list[str]]:
    """Lines of a slots: corpus: sixty to train on, each template in its turn, and what else is said with the same values."""
    rng = Random(assistant.seed)
    spoken = [
        (template, Spoken(f"{said.line} <=> {intent}", said.values))
        for intent, templates in assistant.templates.items()
        for template in templates
        for said in _filled(template.split(), assistant.values)
    ]
    left: dict[str, list[Spoken]] = {}
    for template, said in spoken:
        left.setdefault(template, []).append(said)
    for of_template in left.values():
        rng.shuffle(of_template)
    in_turn = list(_in_turn(left, rng))
    train, rest = in_turn[:60], in_turn[60:]
    rng.shuffle(rest)
    known = {value for said in train for value in said.values}
    test = [said.line for said in rest[assistant.n_dev :] if known.issuperset(said.values)]
    dev = [said.line for said in rest[: assistant.n_dev]]
    return {"train": [said.line for said in train], "valid": dev, "test": test}


class Spoken(NamedTuple):
    """An utterance as a line, and its values with the names of their slots."""

    line: str
    values: tuple[tuple[str, str], ...]


def _in_turn(left: dict[str, list[Spoken]], rng: Random) -> Iterator[Spoken]:
    while left:
        templates = list(left)
        rng.shuffle(templates)
        for template in templates:
            yield left[template].pop()
            if not left[template]:
                del left[template]


def _filled(words: list[str], values: dict[str, tuple[str, ...]]) -> list[Spoken]:
    if not words:
        return [Spoken("", ())]
    name = words[0].strip("<>")
    options = [Spoken(f"{words[0]}:O", ())]
    if name != words[0]:
        options = [
            Spoken(
                " ".join(
                    f"{word}:{'I' if place else 'B'}-{name}" for place, word in enumerate(value.split())
                ),
                ((name, value),),
            )
            for value in values[name]
        ]
    rest = _filled(words[1:], values)
    return [
        Spoken(f"{option.line} {more.line}".strip(), option.values + more.values)
        for option in options
        for more in rest
    ]


@pytest.mark.parametrize("assistant", [HOME, GHAR], ids=["home", "ghar"])
def test_sixty_utterances_are_enough_for_an_assistant_that_refuses_what_is_foreign(
    assistant: Assistant, tmp_path: Path
) -> None:
    """Without folds, which take half of the time, and calibrate too."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    partitions = partitions_of(assistant)
    assert len(partitions["test"]) > 40
    for name, part in partitions.items():
        corpus.joinpath(name).write_text("\n".join(part) + "\n", encoding="utf-8")
    spec, run, out = f"slots:{corpus}", tmp_path / "run", tmp_path / "models" / "mine" / "1"
    options = [
        "--locales",
        assistant.locale,
        "--threads",
        "1",
        "--quiet",
        "--set=folds=0",
        "--set=optim.epochs=20",
    ]
    assert main(["train", "stm-small", "--corpus", spec, "--out", str(run), *options]) == 0
    assert main(["export", "--checkpoint", str(run), "--out", str(out)]) == 0
    parser = load(out, device="cpu").parser
    test = read(spec, locales=(assistant.locale,), partition="test")
    frames = parser.parse([example.utterance for example in test])
    measures = measure(test, frames)["mean"]
    assert (measures["slot_f1"], measures["exact_match"]) == (1.0, 1.0)
    confidences = [frame.confidence for frame in frames]
    assert 0.75 < sum(confidences) / len(confidences) < 0.9999
    refused = parser.parse([Utterance(text, assistant.locale) for text in assistant.foreign])
    assert [frame.refused for frame in refused] == [Refusal("domain")] * len(refused)
    assert all(frame.out_of_domain is not None for frame in refused)
