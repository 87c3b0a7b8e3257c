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
    from pathlib import Path


class Assistant(NamedTuple):
    """Templates by intent, values by slot, and what somebody may say to the wrong assistant."""

    locale: str
    templates: dict[str, tuple[str, ...]]
    values: dict[str, tuple[str, ...]]
    foreign: tuple[str, ...]
    n_dev: int


BANK = Assistant(
    "en-US",
    {
        "transfer": (
            "send <amount> to <person>",
            "pay <person> <amount>",
            "transfer <amount> to <person> <day>",
        ),
        "balance": ("how much is in <account>", "tell me the balance of <account>"),
        "block_card": ("block my <card> card", "i lost my <card> card <day>"),
        "appointment": ("book a meeting with <person> <day>", "i want to see <person> <day>"),
    },
    {
        "amount": ("ten euros", "fifty dollars", "twenty pounds"),
        "person": ("anna", "mister smith", "my brother"),
        "account": ("savings", "the joint account", "checking"),
        "card": ("credit", "debit", "gold"),
        "day": ("today", "next week", "on tuesday"),
    },
    ("why do my knees hurt after running", "which planet has the largest rings"),
    n_dev=15,
)
HOME = Assistant(
    "hi-IN",
    {
        "alarm": ("मुझे <time> बजे जगाओ", "<day> <time> बजे का अलार्म लगाओ"),
        "weather": ("<place> में मौसम कैसा है", "क्या <day> <place> में बारिश होगी"),
        "music": ("<artist> के गाने बजाओ", "मुझे <day> <artist> सुनना है"),
        "lights": ("<room> की बत्ती जलाओ", "<day> <room> में रोशनी करो"),
    },
    {
        "time": ("छह", "साढ़े सात", "दस", "नौ"),
        "day": ("आज", "कल", "सोमवार को"),
        "place": ("दिल्ली", "नई मुंबई", "रोम", "पुणे"),
        "artist": ("लता मंगेशकर", "किशोर", "अरिजीत सिंह", "श्रेया घोषाल"),
        "room": ("रसोई", "बड़े कमरे", "छत", "बरामदे", "गैराज"),
    },
    ("दौड़ने से घुटना दुखता रहता", "पासपोर्ट नवीनीकरण किस दफ्तर से होता"),
    n_dev=3,
)


def lines(assistant: Assistant) -> list[str]:
    """Every utterance of the templates as a line of a slots: corpus, in an order that a seed draws."""
    actual = [
        line + f" <=> {intent}"
        for intent, templates in assistant.templates.items()
        for template in templates
        for line in _filled(template.split(), assistant.values)
    ]
    Random(1).shuffle(actual)
    return actual


def _filled(words: list[str], values: dict[str, tuple[str, ...]]) -> list[str]:
    if not words:
        return [""]
    name = words[0].strip("<>")
    options = [f"{words[0]}:O"]
    if name != words[0]:
        options = [
            " ".join(f"{word}:{'I' if place else 'B'}-{name}" for place, word in enumerate(value.split()))
            for value in values[name]
        ]
    rest = _filled(words[1:], values)
    return [f"{option} {more}".strip() for option in options for more in rest]


@pytest.mark.parametrize("assistant", [BANK, HOME], ids=["bank", "home"])
def test_sixty_utterances_are_enough_for_an_assistant_that_refuses_what_is_foreign(
    assistant: Assistant, tmp_path: Path
) -> None:
    every, n_dev = lines(assistant), assistant.n_dev
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    partitions = {"train": every[:60], "valid": every[60 : 60 + n_dev], "test": every[60 + n_dev :]}
    for name, part in partitions.items():
        assert part or name != "test"
        corpus.joinpath(name).write_text("\n".join(part) + "\n", encoding="utf-8")
    spec, run, out = f"slots:{corpus}", tmp_path / "run", tmp_path / "models" / "mine" / "1"
    options = ["--locales", assistant.locale, "--threads", "1", "--quiet"]
    assert main(["train", "stm-small", "--corpus", spec, "--out", str(run), *options]) == 0
    assert main(["export", "--checkpoint", str(run), "--out", str(out)]) == 0
    parser = load(out, device="cpu").parser
    test = read(spec, locales=(assistant.locale,), partition="test")
    frames = parser.parse([example.utterance for example in test])
    measures = measure(test, frames)["mean"]
    assert (measures["slot_f1"], measures["exact_match"]) == (1.0, 1.0)
    confidences = sorted(frame.confidence for frame in frames)
    assert 0.6 < confidences[len(confidences) // 2] < 0.98
    refused = parser.parse([Utterance(text, assistant.locale) for text in assistant.foreign])
    assert [frame.refused for frame in refused] == [Refusal("domain")] * len(refused)
    assert all(frame.out_of_domain is not None for frame in refused)
