"""scikit-learn's logistic regression for intents beside CRFsuite for slots; one pair for each locale, or one for all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn_crfsuite import CRF

from benchmarks.peers.inside import peer_process
from benchmarks.peers.inside.exchange import Answer, Example
from benchmarks.peers.inside.peer_process import Answerer, Task
from benchmarks.peers.inside.tokens import Token, spans, tags, tokens

FILE = "models.joblib"
WORD = r"\S+"
"""White space alone: scikit-learn's own pattern cuts words of Devanagari at their vowel signs."""
AFFIXES = (1, 2, 3, 4)
WINDOW = (-2, -1, 1, 2)


def train(task: Task) -> None:
    """Fit a pair for each of the groups that the settings ask for."""
    groups: dict[str, list[Example]] = {}
    for example in task.train:
        groups.setdefault(_group(example.locale, task.settings["one_for"]), []).append(example)
    models = {group: _fit(examples, task.settings) for group, examples in groups.items()}
    joblib.dump({"one_for": task.settings["one_for"], "models": models}, task.model / FILE, compress=3)


def load(model: Path) -> Answerer:
    """The pairs, and the choice among them by locale."""
    loaded = joblib.load(model / FILE)

    def answer(text: str, locale: str) -> Answer:
        maxent, crf = loaded["models"][_group(locale, loaded["one_for"])]
        actual = tokens(text)
        return Answer(str(maxent.predict([text])[0]), spans(actual, crf.predict_single(features(actual))))

    return answer


def features(actual: Sequence[Token]) -> list[dict[str, str | bool]]:
    """What the CRF sees of each token: the word, its affixes and shape, the words around it."""
    words = [token.text.lower() for token in actual]
    return [_of(words, i) for i in range(len(words))]


def _of(words: Sequence[str], i: int) -> dict[str, str | bool]:
    word = words[i]
    built: dict[str, str | bool] = {
        "word": word,
        "digit": word.isdigit(),
        "has_digit": any(character.isdigit() for character in word),
        "shape": "".join("d" if c.isdigit() else "x" if c.isalpha() else c for c in word)[:8],
    }
    for size in AFFIXES:
        built |= {f"prefix{size}": word[:size], f"suffix{size}": word[-size:]}
    for offset in WINDOW:
        at = i + offset
        built[f"word{offset:+}"] = words[at] if 0 <= at < len(words) else "<edge>"
    built["pair-1"] = f"{built['word-1']} {word}"
    built["pair+1"] = f"{word} {built['word+1']}"
    return built


def _group(locale: str, one_for: str) -> str:
    return locale if one_for == "locale" else "all"


def _fit(examples: Sequence[Example], settings: Mapping[str, Any]) -> tuple[object, object]:
    texts = [example.text for example in examples]
    actual = [tokens(text) for text in texts]
    maxent = make_pipeline(
        make_union(
            TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, dtype=np.float32),
        ),
        LogisticRegression(C=settings["C"], max_iter=settings["max_iter"]),
    ).fit(texts, [example.truth.intent for example in examples])
    crf = CRF(
        algorithm="lbfgs",
        c1=settings["c1"],
        c2=settings["c2"],
        max_iterations=settings["max_iterations"],
        all_possible_transitions=True,
    ).fit(
        [features(one) for one in actual],
        [tags(one, example.truth.spans) for one, example in zip(actual, examples, strict=True)],
    )
    return maxent, crf


if __name__ == "__main__":
    peer_process.main(load, train=train)
