"""The files of a bundle: for every kind of model they load, say what they hold, and answer as the checkpoint does."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import onnx
import onnxruntime
import pytest

from model_export.bundle import coined_words
from model_export.bundle import files as package
from model_export.bundle.coined_words import Coinage, CoinedWord
from model_export.bundle.files import signature_of
from model_export.bundle.request import Request
from model_export.gates import agreement as gates
from model_export.graphs.decode import DECODERS
from polyparse.bundle import manifest
from polyparse.bundle import store as bundle
from polyparse.contract.frame import Frame, Utterance
from polyparse.errors import ConfigError, ManifestInvalid
from polyparse.runtime.load import load
from polyparse.runtime.session import DTYPES
from tests.model_export.checkpoints import CONFIG, SMALL, untrained
from tests.train import corpus
from train.finished import networks_of, parser_of
from train.models.encoders import ENCODERS
from train.models.encoders.base import EncoderConfig
from train.models.heads import HEADS
from train.models.maxent import MaxEntConfig
from train.models.token_crf import TokenCrfConfig
from train.models.word_bag import WordBagConfig

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.corpora.example import Example
    from train.checkpoint import Checkpoint
    from train.config import RunConfig
    from train.models.joint import JointConfig

FLOAT = Request("tiny", "1", precision="float32")
OVER_DOMAINS = MaxEntConfig(classes="domains", min_feature_count=1)
WITH_BAG = MaxEntConfig(
    min_feature_count=2, bag=WordBagConfig(vector_size=6, size=4, hidden_size=8, epochs=2)
)

EMBEDDER = CONFIG.joint.embedder
NO_CHARACTERS = replace(CONFIG.joint, embedder=replace(EMBEDDER, character_filters=0))


NORMALISED = EncoderConfig(kind="projected-cnn", hidden_size=8, batch_norm=True)


def with_case(joint: JointConfig) -> JointConfig:
    return replace(joint, embedder=replace(joint.embedder, case_size=3))


def with_states(joint: JointConfig) -> JointConfig:
    return replace(joint, embedder=replace(joint.embedder, character_gru=3))


def with_parts(encoder: str, head: str) -> RunConfig:
    kind = EncoderConfig(kind=encoder, hidden_size=8)  # type: ignore[arg-type]  # of a table
    return replace(CONFIG, joint=replace(CONFIG.joint, encoder=kind, head=head))


CONFIGS: dict[str, RunConfig] = {
    **{f"{encoder}, {head}": with_parts(encoder, head) for encoder, head in product(ENCODERS, HEADS)},
    "IO": replace(CONFIG, scheme="IO"),
    "BIOES": replace(CONFIG, scheme="BIOES"),
    "hard": replace(CONFIG, routing="hard"),
    "hard over domains": replace(CONFIG, routing="hard", classifier=OVER_DOMAINS),
    "per domain": replace(CONFIG, routing="hard", topology="per-domain"),
    "per domain over domains": replace(
        CONFIG, routing="hard", topology="per-domain", classifier=OVER_DOMAINS
    ),
    "no classifier": replace(CONFIG, classifier=None),
    "a bag of words": replace(CONFIG, classifier=WITH_BAG),
    "no characters": replace(CONFIG, joint=NO_CHARACTERS),
    "case, filters, biGRU": replace(CONFIG, joint=with_states(with_case(CONFIG.joint))),
    "case, no characters": replace(CONFIG, joint=with_case(NO_CHARACTERS)),
    "linear in words": replace(
        CONFIG, joint=replace(NO_CHARACTERS, mlp_size=0, encoder=EncoderConfig(kind="identity"))
    ),
    "batch normalisation": replace(CONFIG, joint=replace(CONFIG.joint, encoder=NORMALISED)),
    "slots only": replace(CONFIG, slots_only=True, classifier=None),
    "features of tokens": replace(CONFIG, joint_weight=0.0, token_crf=TokenCrfConfig()),
}


def unlabelled(partition: str, *, intents: bool) -> list[Example]:
    """The corpus without domains, and without intents if so asked."""
    return [
        replace(example, domain=None, intent=example.intent if intents else None)
        for example in corpus.examples(partition)
    ]


def answers_of(checkpoint: Checkpoint, utterances: list[Utterance]) -> list[Frame]:
    parser = parser_of(checkpoint)
    return parser.run([parser.vectorizer.item(utterance) for utterance in utterances]).frames


def write(checkpoint: Checkpoint, folder: Path, request: Request) -> manifest.Manifest:
    return package.write(checkpoint, networks_of(checkpoint), folder, request)


def assert_answers_as_the_checkpoint(checkpoint: Checkpoint, folder: Path) -> None:
    """For utterances of every partition, alone and in a batch, and for all of their hypotheses."""
    parser = load(folder, device="cpu").parser
    examples = corpus.examples("train") + corpus.examples("test")
    utterances = [Utterance(example.text, example.locale, n_best=3) for example in examples]
    expected = answers_of(checkpoint, utterances)
    items = [parser.prepare(utterance) for utterance in utterances]
    for run in (gates.alone, gates.in_ragged_batches):
        actual = run(parser, items)
        gates.agree("graphs", actual, expected, file=folder)
        for one, other in zip(actual, expected, strict=True):
            assert len(one.alternatives) == len(other.alternatives)
            gates.agree("hypotheses", hypotheses(one), hypotheses(other), file=folder)


def hypotheses(frame: Frame) -> list[Frame]:
    """The alternatives of a frame, as frames."""
    return [
        Frame(frame.text, frame.locale, each.domain, each.intent, each.slots, each.confidence)
        for each in frame.alternatives
    ]


@pytest.mark.parametrize("name", CONFIGS)
def test_every_kind_of_model_answers_as_its_checkpoint(name: str, tmp_path: Path) -> None:
    checkpoint = untrained(tmp_path / "run", CONFIGS[name])
    write(checkpoint, tmp_path / "bundle", FLOAT)
    assert_answers_as_the_checkpoint(checkpoint, tmp_path / "bundle")


@pytest.mark.parametrize("intents", [True, False])
def test_a_corpus_without_domains_answers_as_its_checkpoint(intents: bool, tmp_path: Path) -> None:
    train, dev = (unlabelled(partition, intents=intents) for partition in ("train", "dev"))
    checkpoint = untrained(tmp_path / "run", CONFIG, train=train, dev=dev)
    written = write(checkpoint, tmp_path / "bundle", FLOAT)
    assert (written.labels.domains, bool(written.labels.intents)) == ((), intents)
    assert (written.classifier is not None) == (written.text.features is not None) == intents
    assert_answers_as_the_checkpoint(checkpoint, tmp_path / "bundle")


@pytest.mark.parametrize("head", HEADS)
def test_the_manifest_names_the_decoder_of_the_head(head: str, tmp_path: Path) -> None:
    expected = {
        "crf": "viterbi",
        "margin-crf": "viterbi",
        "softmax": "softmax",
        "ain": "ain",
        "ain-annealed": "ain",
        "ain-f2o": "ain",
    }
    assert {name: DECODERS[kind].decode_head for name, kind in HEADS.items()} == expected
    checkpoint = untrained(tmp_path / "run", with_parts("linear", head))
    assert write(checkpoint, tmp_path / "bundle", FLOAT).decode_head == expected[head]


@pytest.mark.parametrize("name", ["linear, crf", "per domain", "no classifier"])
def test_the_manifest_is_the_one_that_is_written_and_verifies(name: str, tmp_path: Path) -> None:
    written = write(untrained(tmp_path / "run", CONFIGS[name]), tmp_path / "bundle", SMALL)
    assert bundle.verify(tmp_path / "bundle") == written
    assert set(written.files) == {path.name for path in (tmp_path / "bundle").iterdir()} - {manifest.FILE}


def test_the_manifest_describes_the_tensors_of_every_graph(tmp_path: Path) -> None:
    written = write(untrained(tmp_path / "run", CONFIGS["per domain"]), tmp_path / "bundle", SMALL)
    graphs = sorted((tmp_path / "bundle").glob("*.onnx"))
    assert sorted(written.tensors) == [graph.name for graph in graphs]
    for graph in graphs:
        session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        described = written.tensors[graph.name]
        assert described == signature_of(onnx.load(graph))
        for tensors, nodes in (
            (described.inputs, session.get_inputs()),
            (described.outputs, session.get_outputs()),
        ):
            assert [(tensor.name, tensor.dtype, list(tensor.shape)) for tensor in tensors] == [
                (node.name, DTYPES[node.type], node.shape) for node in nodes
            ]


def test_a_network_of_each_domain_holds_its_own_names(tmp_path: Path) -> None:
    checkpoint = untrained(tmp_path / "run", CONFIGS["per domain"])
    written = write(checkpoint, tmp_path / "bundle", SMALL)
    assert [network.name for network in written.networks] == ["alarm", "music", "weather"]
    for network, labels in zip(written.networks, checkpoint.network_labels(), strict=True):
        assert network.domains == (network.name,)
        assert (network.intents, network.tags) == (labels.intents, labels.tags)
        graphs = network.graphs["cpu"]
        assert graphs.embed is not None
        score, decode, embed = (written.tensors[file] for file in (graphs.score, graphs.decode, graphs.embed))
        assert score.inputs[0] == embed.outputs[0]
        assert score.outputs[0].shape[-1] == len(labels.intents)
        assert score.outputs[1].shape[-1] == decode.inputs[0].shape[-1] == len(labels.tags)


class TestFeaturesOfTokens:
    """A bundle whose score graph reads them, and nothing of words."""

    CONFIG = CONFIGS["features of tokens"]

    def test_have_a_table_in_the_bundle_and_no_embed_graph(self, tmp_path: Path) -> None:
        checkpoint = untrained(tmp_path / "run", self.CONFIG)
        written = write(checkpoint, tmp_path / "bundle", SMALL)
        assert written.text.token_features in written.files
        graphs = written.networks[0].graphs["cpu"]
        assert (graphs.embed, graphs.layout) == (None, "padded")
        names = [tensor.name for tensor in written.tensors[graphs.score].inputs]
        assert names == ["token_features_BTL", "lengths_B"]

    def test_are_none_of_a_bundle_that_reads_words(self, tmp_path: Path) -> None:
        written = write(untrained(tmp_path / "run", CONFIG), tmp_path / "bundle", SMALL)
        assert written.text.token_features is None

    @pytest.mark.parametrize("name", ["features of tokens", "linear, crf"])
    def test_a_manifest_that_says_otherwise_than_the_graphs_is_refused(
        self, name: str, tmp_path: Path
    ) -> None:
        written = write(untrained(tmp_path / "run", CONFIGS[name]), tmp_path / "bundle", SMALL)
        table = "features.npy" if written.text.token_features is None else None
        changed = replace(written, text=replace(written.text, token_features=table))
        manifest.write(changed, tmp_path / "bundle")
        with pytest.raises(
            ManifestInvalid, match=r"tensors\['score-all\.onnx'\]\.inputs: found .*, expected .*"
        ):
            load(tmp_path / "bundle", device="cpu")

    def test_words_cannot_be_coined_for_it(self, tmp_path: Path) -> None:
        written = write(untrained(tmp_path / "run", self.CONFIG), tmp_path / "bundle", SMALL)
        word = CoinedWord(word="zzz", meaning="nothing", rows={}, features=())
        with pytest.raises(ConfigError, match=r"found no table 'embedder\.words\.weight'"):
            coined_words.add(Coinage(words=(word,), utterances=()), tmp_path / "bundle", written)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_the_manifest_says_how_the_score_graph_lays_out_tokens(encoder: str, tmp_path: Path) -> None:
    """And the graph itself has no metadata that could say otherwise."""
    checkpoint = untrained(tmp_path / "run", with_parts(encoder, "crf"))
    (network,) = write(checkpoint, tmp_path / "bundle", SMALL).networks
    layout = "packed" if encoder in ("gated-cnn", "linear") else "padded"
    assert {graphs.layout for graphs in network.graphs.values()} == {layout}
    assert not onnx.load(tmp_path / "bundle" / network.graphs["cpu"].score).metadata_props


@pytest.mark.parametrize("name", ["smart home/lights", "..", "a:b\\c", "बत्ती"])
def test_a_domain_may_have_any_name(name: str, tmp_path: Path) -> None:
    """Names of domains come from the corpus; those of files do not."""
    train, dev = (
        [replace(e, domain=name if e.domain == "music" else e.domain) for e in corpus.examples(partition)]
        for partition in ("train", "dev")
    )
    checkpoint = untrained(tmp_path / "run", CONFIGS["per domain"], train=train, dev=dev)
    written = write(checkpoint, tmp_path / "bundle", FLOAT)
    assert name in {network.name for network in written.networks}
    assert_answers_as_the_checkpoint(checkpoint, tmp_path / "bundle")


def test_small_files_are_smaller(tmp_path: Path) -> None:
    checkpoint = untrained(tmp_path / "run", CONFIG)
    small, whole = (
        write(checkpoint, tmp_path / request.precision, request).files for request in (SMALL, FLOAT)
    )
    assert small.keys() == whole.keys()
    assert small["classifier.onnx"].size < whole["classifier.onnx"].size / 2
    assert small["score-all.onnx"].size < whole["score-all.onnx"].size


def test_provenance_carries_the_run(tmp_path: Path) -> None:
    checkpoint = untrained(tmp_path / "run", CONFIG)
    provenance = write(checkpoint, tmp_path / "bundle", SMALL).provenance
    run = checkpoint.run()
    assert (provenance.recipe, provenance.seed, provenance.git_commit) == ("tiny", 1, run.git_commit)
    assert provenance.libraries.keys() == {*run.libraries, "onnx"}
    assert provenance.config["optim"]["learning_rate"] == 0.03  # type: ignore[index]  # plain JSON
