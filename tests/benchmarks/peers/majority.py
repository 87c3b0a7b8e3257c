"""The simplest system that can be compared: each language's most frequent intent, and the words that were slots in train."""

import json
from collections import Counter
from pathlib import Path

from benchmarks.peers.inside import peer_process
from benchmarks.peers.inside.exchange import Answer
from benchmarks.peers.inside.peer_process import Answerer, Task
from benchmarks.peers.inside.tokens import spans, tags, tokens

FILE = "model.json"


def train(task: Task) -> None:
    """Count; setting `fail` ends as a peer's crash would."""
    if task.settings.get("fail"):
        raise SystemExit("no convergence")
    intents: dict[str, Counter[str]] = {}
    words: dict[str, str] = {}
    for example in task.train:
        intents.setdefault(example.locale, Counter())[example.truth.intent] += 1
        actual = tokens(example.text)
        for token, tag in zip(actual, tags(actual, example.truth.spans), strict=True):
            words[token.text] = tag
    most = {locale: counts.most_common(1)[0][0] for locale, counts in intents.items()}
    (task.model / FILE).write_text(json.dumps({"intents": most, "words": words}), encoding="utf-8")


def load(model: Path) -> Answerer:
    """Look up."""
    loaded = json.loads((model / FILE).read_text(encoding="utf-8"))

    def answer(text: str, locale: str) -> Answer:
        actual = tokens(text)
        return Answer(
            loaded["intents"][locale],
            spans(actual, [loaded["words"].get(token.text, "O") for token in actual]),
        )

    return answer


if __name__ == "__main__":
    peer_process.main(load, train=train)
