"""spaCy: a text categoriser for intents and an entity recogniser for slots, from scratch; a pipeline a language, or one."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import spacy
from spacy.cli.init_config import init_config
from spacy.cli.train import train as train_pipeline
from spacy.tokens import DocBin
from spacy.util import filter_spans

from benchmarks.peers.inside import peer_process
from benchmarks.peers.inside.exchange import Answer, Example, Span
from benchmarks.peers.inside.peer_process import Answerer, Task

ALL = "xx"
"""spaCy's code for a pipeline of several languages."""


def train(task: Task) -> None:
    """A pipeline for each language by spaCy's own configuration for a CPU; the step that is best on dev is kept."""
    groups = {_language(example.locale, task.settings["one_for"]) for example in task.train}
    for language in sorted(groups):
        train_, dev = (
            [one for one in examples if _language(one.locale, task.settings["one_for"]) == language]
            for examples in (task.train, task.dev)
        )
        _train(language, (train_, dev), task)


def load(model: Path) -> Answerer:
    """The pipelines, and the choice among them by language."""
    pipelines = {folder.name: spacy.load(folder) for folder in model.iterdir() if folder.is_dir()}

    def answer(text: str, locale: str) -> Answer:
        doc = pipelines[ALL if ALL in pipelines else _language(locale, "locale")](text)
        slots = tuple(Span(entity.label_, entity.start_char, entity.end_char) for entity in doc.ents)
        return Answer(max(doc.cats, key=doc.cats.__getitem__), slots)

    return answer


def _language(locale: str, one_for: str) -> str:
    return locale.partition("-")[0] if one_for == "locale" else ALL


def _train(language: str, partitions: tuple[Sequence[Example], Sequence[Example]], task: Task) -> None:
    config = init_config(lang=language, pipeline=["textcat", "ner"], optimize="efficiency")
    intents = sorted({example.truth.intent for example in task.train})
    with TemporaryDirectory() as name:
        folder = Path(name)
        overrides: dict[str, object] = {"training.max_epochs": task.settings["max_epochs"]}
        for partition, examples in zip(("train", "dev"), partitions, strict=True):
            file = folder / f"{partition}.spacy"
            _docs(language, examples, intents).to_disk(file)
            overrides[f"paths.{partition}"] = str(file)
        config.to_disk(folder / "config.cfg")
        train_pipeline(folder / "config.cfg", folder / "trained", overrides=overrides)
        shutil.move(folder / "trained" / "model-best", task.model / language)


def _docs(language: str, examples: Sequence[Example], intents: Sequence[str]) -> DocBin:
    """Texts as the language's tokeniser cuts them; a slot's edge inside a token moves to the token's edge."""
    tokeniser = spacy.blank(language)
    docs = DocBin()
    for example in examples:
        doc = tokeniser.make_doc(example.text)
        doc.cats = {intent: float(intent == example.truth.intent) for intent in intents}
        entities = (
            doc.char_span(span.start, span.end, label=span.name, alignment_mode="expand")
            for span in example.truth.spans
        )
        doc.ents = filter_spans([entity for entity in entities if entity is not None])
        docs.add(doc)
    return docs


if __name__ == "__main__":
    peer_process.main(load, train=train)
