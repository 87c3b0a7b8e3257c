"""Rasa: its dual intent and entity transformer (DIET) over sparse features, one model for all locales."""

import asyncio
import json
from pathlib import Path

from rasa.core.agent import Agent
from rasa.model_training import train_nlu

from benchmarks.peers.inside import peer_process
from benchmarks.peers.inside.exchange import Answer, Example, Span
from benchmarks.peers.inside.peer_process import Answerer, Task

NAME = "nlu"


def train(task: Task) -> None:
    """Train by Rasa's own function, on its own format of data; the configuration is that of the settings."""
    data, config = task.model / "data.json", task.model / "config.json"
    examples = [_example(example) for example in task.train]
    data.write_text(json.dumps({"rasa_nlu_data": {"common_examples": examples}}), encoding="utf-8")
    config.write_text(json.dumps(task.settings), encoding="utf-8")  # JSON is YAML
    built = train_nlu(str(config), str(data), str(task.model), fixed_model_name=NAME)
    if built is None:
        raise SystemExit("rasa: trained, and wrote no model")
    data.unlink()
    config.unlink()


def load(model: Path) -> Answerer:
    """Rasa's agent; its answers are awaited one by one."""
    agent = Agent.load(model / f"{NAME}.tar.gz")
    loop = asyncio.new_event_loop()

    def answer(text: str, _: str) -> Answer:
        actual = loop.run_until_complete(agent.parse_message(text))
        spans = [Span(entity["entity"], entity["start"], entity["end"]) for entity in actual["entities"]]
        return Answer(actual["intent"]["name"] or "", tuple(spans))

    return answer


def _example(example: Example) -> dict[str, object]:
    entities = [
        {
            "start": span.start,
            "end": span.end,
            "value": example.text[span.start : span.end],
            "entity": span.name,
        }
        for span in example.truth.spans
    ]
    return {"text": example.text, "intent": example.truth.intent, "entities": entities}


if __name__ == "__main__":
    peer_process.main(load, train=train)
