"""From a corpus to answers over HTTP, with every kind of system: train, export, evaluate, promote, parse, serve."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from polyparse.contract.frame import Utterance
from polyparse.runtime.load import LoadedBundle, load
from tests.integration.server import Server, serving
from tests.integration.systems import SYSTEMS, System, exported, polyparse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Served(NamedTuple):
    """A system from end to end; `bundle` is the one that serves, loaded in this process."""

    system: System
    corpus: str
    run: Path
    models: Path
    bundle: LoadedBundle
    server: Server

    def utterances(self, *partitions: str, n_best: int = 1) -> list[Utterance]:
        """What its callers ask."""
        examples = [example for partition in partitions for example in self.system.examples(partition)]
        return [Utterance(example.text, self.system.locale(example), n_best) for example in examples]


@pytest.fixture(scope="module", params=SYSTEMS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("system")
    corpus, run, made = exported(tmp_path_factory, request.param)
    models = shutil.copytree(made, folder / "models")
    polyparse("models", "promote", "tiny", "1", "--models", models)
    bundle = load(models / "tiny" / "1", device="cpu")
    with serving(models, folder / "log", "--lanes", "1") as server:
        yield Served(SYSTEMS[request.param], corpus, run, models, bundle, server)
        server.process.terminate()
        assert server.process.wait(30) == 0


def plain(value: object) -> Any:
    """As JSON would give it back."""
    return json.loads(json.dumps(value))


def ask(served: Served, utterance: Utterance) -> dict[str, Any]:
    """The answer of the server, of which everything but the frame is checked and left out."""
    locale = {} if utterance.locale is None else {"locale": utterance.locale}
    status, actual = served.server.parse(utterance.text, n_best=utterance.n_best, **locale)
    assert status == 200, actual
    assert actual.pop("request_id")
    assert actual.pop("model") == {"name": "tiny", "version": "1", "digest": served.bundle.digest}
    frame: dict[str, Any] = actual
    return frame


KEYS = {
    "text",
    "locale",
    "domain",
    "intent",
    "slots",
    "confidence",
    "alternatives",
    "out_of_domain",
    "refused",
}


@pytest.mark.parametrize("n_best", [1, 3, 10])
def test_http_gives_the_frames_of_the_parser(served: Served, n_best: int) -> None:
    for utterance in served.utterances("dev", "test", n_best=n_best):
        (expected,) = served.bundle.parser.parse([utterance])
        assert ask(served, utterance) == plain(asdict(expected))


def test_the_command_line_gives_the_frames_of_the_parser(served: Served) -> None:
    for utterance in served.utterances("dev")[::2]:
        locale = () if utterance.locale is None else ("--locale", utterance.locale)
        printed = polyparse("parse", utterance.text, *locale, "--models", served.models, "--json")
        (expected,) = served.bundle.parser.parse([utterance])
        assert json.loads(printed) == plain(asdict(expected))


def test_what_the_corpus_does_not_have_is_null_and_all_else_is_there(served: Served) -> None:
    for utterance in served.utterances("train"):
        frame = ask(served, utterance)
        assert frame.keys() == KEYS
        assert frame["refused"] is None
        assert (frame["out_of_domain"] is not None) == served.system.has_intents
        assert (frame["domain"] is not None) == served.system.has_domains
        assert (frame["intent"] is not None) == served.system.has_intents
        assert frame["alternatives"] == []
        for choice in filter(None, (frame["domain"], frame["intent"])):
            assert 0.0 < choice["confidence"] <= 1.0


def test_it_has_learnt_its_intents_and_finds_slots(served: Served) -> None:
    """Of the utterances that it was trained on; that it does well is another matter."""
    examples = served.system.examples("train")
    frames = served.bundle.parser.parse(served.utterances("train"))
    right = Counter(
        frame.intent is not None and frame.intent.name == example.intent
        for example, frame in zip(examples, frames, strict=True)
    )
    if served.system.has_intents:
        assert right[True] >= 0.9 * len(examples)
    assert sum(bool(frame.slots) for frame in frames) >= 0.5 * len(examples)


def test_slots_are_slices_of_the_text_and_belong_to_the_domain(served: Served) -> None:
    labels = served.bundle.parser.labels
    for utterance in served.utterances("train", "test", n_best=10):
        frame = ask(served, utterance)
        for hypothesis in (frame, *frame["alternatives"]):
            domain = hypothesis["domain"] and labels.domains.index(hypothesis["domain"]["name"])
            for slot in hypothesis["slots"]:
                assert slot["value"] == utterance.text[slot["start"] : slot["end"]] != ""
                assert slot["name"] in labels.slots_of(domain)


def test_hypotheses_are_all_there_each_once_the_best_first(served: Served) -> None:
    labels = served.bundle.parser.labels
    for utterance in served.utterances("test", n_best=10):
        frame = ask(served, utterance)
        hypotheses = [frame, *frame["alternatives"]]
        if not served.system.has_intents:
            assert len(hypotheses) == 1
            continue
        intents = [hypothesis["intent"]["name"] for hypothesis in hypotheses]
        assert sorted(intents) == sorted(labels.intents)
        if served.bundle.manifest.routing.kind == "soft":
            chances = [hypothesis["intent"]["confidence"] for hypothesis in hypotheses]
            assert chances == sorted(chances, reverse=True)
            assert sum(chances) == pytest.approx(1.0, abs=1e-4)
        else:
            domains = [hypothesis["domain"]["name"] for hypothesis in hypotheses]
            assert domains == [name for name in dict.fromkeys(domains) for other in domains if other == name]


def test_it_is_ready_as_the_version_that_was_promoted(served: Served) -> None:
    identity = {"name": "tiny", "version": "1", "digest": served.bundle.digest}
    assert served.server.get("/health/ready") == (200, {"status": "ready", "model": identity})


def test_the_manifest_says_what_was_trained(served: Served) -> None:
    manifest = served.bundle.manifest
    assert manifest.decode_head == served.system.decode_head
    assert manifest.provenance.recipe == served.system.recipe
    assert bool(manifest.labels.domains) == served.system.has_domains
    assert bool(manifest.labels.intents) == served.system.has_intents
    expected = {locale or "und" for locale in served.system.asked_in}
    assert set(manifest.locales) == expected
    assert set(manifest.measures) == {*expected, "mean"}


def test_evaluating_the_bundle_on_dev_gives_the_measures_of_its_manifest(
    served: Served, tmp_path: Path
) -> None:
    locales = (
        () if served.system.asked_in == (None,) else ("--locales", ",".join(served.bundle.manifest.locales))
    )
    polyparse(
        *("evaluate", "--bundle", served.bundle.folder, "--corpus", served.corpus, *locales),
        *("--partition", "dev", "--report", tmp_path / "report"),
    )
    actual = json.loads((tmp_path / "report" / "metrics.json").read_bytes())
    assert {**actual["locales"], "mean": actual["mean"]} == plain(served.bundle.manifest.measures)


def test_a_float_bundle_measures_as_its_checkpoint_to_the_third_decimal(
    served: Served, tmp_path: Path
) -> None:
    out = tmp_path / "models" / "tiny" / "1"
    polyparse("export", "--checkpoint", served.run, "--out", out, "--precision", "float32")
    expected = json.loads((served.run / "measures.json").read_bytes())
    actual = load(out, device="cpu").manifest.measures
    for locale, measures in {**expected["locales"], "mean": expected["mean"]}.items():
        for name, value in measures.items():
            assert actual[locale][name] == (value if value is None else pytest.approx(value, abs=5e-4))
