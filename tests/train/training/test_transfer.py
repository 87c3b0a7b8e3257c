"""A network that starts from another one: by name where names tell, block by block, and never in part by accident."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from polyparse.errors import ConfigError
from polyparse.text.vectorizer import Vectorizer, collate
from polyparse.text.vocabulary import Vocabulary
from tests.train.corpus import examples
from tests.train.tiny import SHORT
from tests.train.training.test_initialisation import QUIET, opened
from train.config import BlockStart, ParameterGroup
from train.data.task import TextTables, build_task, collect_labels
from train.models.joint import BatchTensors, new_network
from train.training.fit import fit
from train.training.run import Parents, Texts
from train.training.transfer import RowNames, TransferSource, transfer

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.corpora.example import Example
    from train.models.joint import JointNetwork

PLAN = (
    BlockStart(pattern="embedder.words.*", start="by word"),
    BlockStart(pattern="embedder.characters.*", start="by character"),
    BlockStart(pattern="*.output.*", start="by label"),
    BlockStart(pattern="head.*", start="by label"),
    BlockStart(pattern="*", start="copy"),
)


def names(corpus: list[Example]) -> RowNames:
    return RowNames(TextTables.build(corpus, SHORT).vocabulary, collect_labels(corpus, "BIO"))


def backwards(named: RowNames) -> RowNames:
    """The same words and labels at other places."""
    vocabulary, labels = named
    n_slots = len(labels.slots)
    return RowNames(
        Vocabulary(vocabulary.words[::-1], vocabulary.characters[::-1]),
        replace(
            labels,
            intents=labels.intents[::-1],
            intent_domains=labels.intent_domains[::-1],
            slots=labels.slots[::-1],
            domain_slots=tuple(
                tuple(sorted(n_slots - 1 - slot for slot in slots)) for slots in labels.domain_slots
            ),
        ),
    )


def network(named: RowNames, seed: int) -> JointNetwork:
    """Initialised at random, the head's scores too."""
    torch.manual_seed(seed)
    made = new_network(named.labels, named.vocabulary, SHORT.joint).eval()
    for parameter in made.head.parameters():
        torch.nn.init.normal_(parameter)
    return made


def fewer() -> list[Example]:
    """Without the utterances that have a place: their slot, and words, are lacking."""
    return [example for example in examples() if all(span.name != "place" for span in example.slots)]


def moved(source: RowNames, target: RowNames) -> tuple[JointNetwork, JointNetwork]:
    before, after = network(source, 1), network(target, 2)
    transfer(after, target, TransferSource(before.state_dict(), source), PLAN)
    return before, after


def test_another_order_of_words_and_labels_changes_no_score() -> None:
    source = names(examples())
    target = backwards(source)
    scores = []
    for one, named in zip(moved(source, target), (source, target), strict=True):
        task = build_task(examples()[:6], [], named.labels, Vectorizer(named.vocabulary, None))
        with torch.inference_mode():
            logits_BI, emissions_BTK = one(BatchTensors.of(collate(task.train)))
        intents = [named.labels.intent_ids[name] for name in source.labels.intents]
        tags = [named.labels.tag_ids[tag] for tag in source.labels.tags]
        scores.append((logits_BI[:, intents], emissions_BTK[:, :, tags]))
    for first, second in zip(*scores, strict=True):
        torch.testing.assert_close(first, second)


def test_new_labels_leave_the_scores_of_old_ones_as_they_were() -> None:
    source, target = names(fewer()), names(examples())
    before, after = moved(source, target)
    new = set(target.labels.tags) - set(source.labels.tags)
    assert new == {"B-place", "I-place"}
    old = [target.labels.tag_ids[tag] for tag in source.labels.tags]
    assert after.get_parameter("slots.output.weight")[old].equal(before.get_parameter("slots.output.weight"))
    scores_KK, scores_JJ = (one.head.get_parameter("transitions_KK") for one in (after, before))
    torch.testing.assert_close(scores_KK[old][:, old], scores_JJ)


def test_a_new_tag_s_path_scores_are_means_over_its_letter() -> None:
    source, target = names(fewer()), names(examples())
    before, after = moved(source, target)
    begins = [place for place, tag in enumerate(source.labels.tags) if tag.startswith("B-")]
    start_K, start_J = (one.head.get_parameter("start_K").detach() for one in (after, before))
    assert float(start_K[target.labels.tag_ids["B-place"]]) == pytest.approx(float(start_J[begins].mean()))


def test_a_word_that_the_source_lacks_keeps_its_own_vector() -> None:
    source, target = names(fewer()), names(examples())
    _, after = moved(source, target)
    fresh = network(target, 2)
    new = [
        target.vocabulary.word_ids[word]
        for word in target.vocabulary.words
        if word not in source.vocabulary.words
    ]
    assert new
    assert after.embedder.words.weight[new].equal(fresh.embedder.words.weight[new])


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (PLAN[:-1], "found no block for encoder.* expected one for every parameter"),
        (
            (BlockStart(pattern="adapter.*", start="copy"), *PLAN),
            "the pattern 'adapter.*', which matches nothing",
        ),
        ((BlockStart(pattern="*", start="copy"),), "found shape .*, expected"),
        ((BlockStart(pattern="*", start="by word"),), "found shape .*, expected"),
    ],
)
def test_a_plan_that_does_not_place_every_parameter_is_refused(
    plan: tuple[BlockStart, ...], message: str
) -> None:
    source, target = names(fewer()), names(examples())
    before, after = network(source, 1), network(target, 2)
    with pytest.raises(ConfigError, match=message):
        transfer(after, target, TransferSource(before.state_dict(), source), plan)


def test_a_run_takes_a_frozen_encoder_from_one_with_fewer_labels(tmp_path: Path) -> None:
    first = opened(tmp_path / "first", SHORT)
    fit(first, SHORT, Texts(fewer(), fewer()), QUIET)
    frozen = replace(SHORT.optim, epochs=1, groups=(ParameterGroup(pattern="encoder.*", rate=0.0),))
    config = replace(SHORT, init=PLAN, optim=frozen)
    second = opened(tmp_path / "second", config)
    fit(second, config, Texts(examples(), examples()), QUIET, Parents(first))
    before, after = first.read("network-0"), second.read("network-0")
    assert second.labels() != first.labels()
    for name in before:
        if name.startswith("encoder."):
            torch.testing.assert_close(after[name], before[name], rtol=0, atol=1e-7)
    assert not after["slots.hidden.weight"].equal(before["slots.hidden.weight"])


def test_a_plan_without_a_start_is_refused(tmp_path: Path) -> None:
    config = replace(SHORT, init=PLAN)
    with pytest.raises(ConfigError, match="found a transfer plan in a run without --start"):
        fit(opened(tmp_path / "run", config), config, Texts(examples(), examples()), QUIET)
