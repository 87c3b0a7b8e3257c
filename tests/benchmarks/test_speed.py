"""Speed is measured on the same utterances in every order, each in exactly one batch."""

import pytest

from benchmarks import speed
from polyparse.contract.frame import Utterance
from polyparse.inference.parser import Parser
from polyparse.runtime.load import load
from service.batching import policy
from service.settings import Settings
from tests.bundles import write_bundle

WORDS = ("wake", "me", "at", "seven", "please")


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Parser:
    return load(write_bundle(tmp_path_factory.mktemp("models") / "words" / "1"), device="cpu").parser


def mixed(n: int) -> list[Utterance]:
    """Utterances of one to 37 words, lengths mixed."""
    return [
        Utterance(" ".join(WORDS[(row + word) % 5] for word in range(1 + row * 23 % 37))) for row in range(n)
    ]


def lengths(parser: Parser, batches: speed.Batches) -> list[list[int]]:
    return [[parser.prepare(utterance).n_tokens for utterance in batch] for batch in batches]


@pytest.mark.parametrize("order", ["random", "sorted", "queue"])
def test_every_utterance_is_in_one_batch(parser: Parser, order: str) -> None:
    utterances = mixed(400)
    batched = [utterance for batch in speed.orders(parser, utterances)[order] for utterance in batch]
    assert sorted(map(id, batched)) == sorted(map(id, utterances))


def test_batches_of_32_are_random_or_sorted(parser: Parser) -> None:
    utterances = mixed(70)
    actual = speed.orders(parser, utterances)
    assert (
        [len(batch) for batch in actual["random"]]
        == [len(batch) for batch in actual["sorted"]]
        == [32, 32, 6]
    )
    assert [utterance for batch in actual["random"] for utterance in batch] == utterances
    ordered = [length for batch in lengths(parser, actual["sorted"]) for length in batch]
    assert ordered == sorted(ordered)


def test_a_queue_is_cut_as_the_service_cuts_it(parser: Parser) -> None:
    for batch in lengths(parser, speed.orders(parser, mixed(400))["queue"]):
        assert sum(batch) <= policy.batch_tokens_of(Settings().batch_tokens)


def test_the_figures_are_positive(parser: Parser) -> None:
    actual = speed.figures(parser, mixed(40), rounds=1, alone=5)
    assert set(actual) == {"parse_p50_ms", "batched_per_s", "batched_random_per_s", "batched_sorted_per_s"}
    assert all(figure > 0 for figure in actual.values())
