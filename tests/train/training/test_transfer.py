"""A network that starts from another one: by name where names tell, block by block, and never in part by accident."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from math import log
from typing import TYPE_CHECKING, Literal

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
from train.recipes.transfer import encdectl
from train.training.fit import fit
from train.training.run import Parents, Texts
from train.training.transfer import LogShares, RowNames, TransferSource, transfer

if TYPE_CHECKING:
    from collections.abc import Sequence
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
    vocabulary, labels, _ = named
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


def moved(
    source: RowNames, target: RowNames, plan: Sequence[BlockStart] = PLAN
) -> tuple[JointNetwork, JointNetwork]:
    before, after = network(source, 1), network(target, 2)
    transfer(after, target, TransferSource(before.state_dict(), source), plan)
    return before, after


@pytest.mark.parametrize("plan", [PLAN, encdectl().init], ids=["by word", "encdectl"])
def test_another_order_of_words_and_labels_changes_no_score(plan: Sequence[BlockStart]) -> None:
    source = names(examples())
    target = backwards(source)
    scores = []
    for one, named in zip(moved(source, target, plan), (source, target), strict=True):
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


def test_new_labels_leave_the_scores_of_utterances_as_they_were() -> None:
    """Intents, emissions and the scores of paths through old tags alone."""
    source = names([example for example in fewer() if example.intent != "music_louder"])
    target = RowNames(source.vocabulary, collect_labels(examples(), "BIO"))
    task = build_task(fewer()[:6], [], target.labels, Vectorizer(target.vocabulary, None))
    batch = BatchTensors.of(collate(task.train))
    with torch.inference_mode():
        (old_BI, old_BTK), (new_BI, new_BTK) = (one(batch) for one in moved(source, target, encdectl().init))
    assert new_BI.shape[1] == old_BI.shape[1] + 1
    intents = [target.labels.intent_ids[intent] for intent in source.labels.intents]
    tags = [target.labels.tag_ids[tag] for tag in source.labels.tags]
    torch.testing.assert_close(new_BI[:, intents], old_BI)
    torch.testing.assert_close(new_BTK[:, :, tags], old_BTK)


def test_a_new_label_s_bias_is_the_log_of_its_share_in_what_is_learnt() -> None:
    source = names([example for example in fewer() if example.intent != "music_louder"])
    target = names(examples())
    task = build_task(examples(), [], target.labels, Vectorizer(target.vocabulary, None))
    shares = LogShares.of(task.targets, target.labels)
    before, after = moved(source, target._replace(log_shares=shares), encdectl().init)
    louder = target.labels.intent_ids["music_louder"]
    share = sum(one.intent == "music_louder" for one in examples()) / len(examples())
    intent_bias_I, slot_bias_K = (
        after.get_parameter(f"{kind}.output.bias").detach() for kind in ("intent", "slots")
    )
    assert float(intent_bias_I[louder]) == pytest.approx(log(share))
    place = target.labels.tag_ids["B-place"]
    tags = [tag for one in task.targets for tag in one.tags_T]
    share = tags.count(place) / len(tags)
    assert float(slot_bias_K[place]) == pytest.approx(log(share))
    old = [target.labels.tag_ids[tag] for tag in source.labels.tags]
    assert slot_bias_K[old].equal(before.get_parameter("slots.output.bias"))
    assert after.get_parameter("slots.output.weight")[place].equal(
        network(target, 2).get_parameter("slots.output.weight")[place]
    )


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


def test_vectors_of_new_words_are_turned_into_the_source_s_space() -> None:
    """Planted: the target's table is the source's, with more words, in a space that was turned."""
    source, target = names(fewer()), names(examples())
    size = SHORT.joint.embedder.word_size
    assert len(source.vocabulary.words) > size
    before, after = network(source, 1), network(target, 2)
    rotation_EE, _ = torch.linalg.qr(torch.randn(size, size, generator=torch.Generator().manual_seed(3)))
    aligned = after.embedder.words.weight.detach().clone()
    known = {
        word: row for word, row in target.vocabulary.word_ids.items() if word in source.vocabulary.word_ids
    }
    new = [row for word, row in target.vocabulary.word_ids.items() if word not in known]
    with torch.no_grad():
        for word, row in known.items():
            before.embedder.words.weight[source.vocabulary.word_ids[word]] = aligned[row]
        after.embedder.words.weight.copy_(aligned @ rotation_EE)
    transfer(after, target, TransferSource(before.state_dict(), source), encdectl().init)
    assert new
    torch.testing.assert_close(after.embedder.words.weight[new], aligned[new], rtol=0, atol=1e-6)
    for word, row in known.items():
        source_row = before.embedder.words.weight[source.vocabulary.word_ids[word]]
        assert after.embedder.words.weight[row].equal(source_row)


@pytest.mark.parametrize(("start", "refused"), [("copy", True), ("fresh", False)])
def test_what_the_source_has_alone_is_refused_unless_a_block_leaves_it(
    start: Literal["copy", "fresh"], refused: bool
) -> None:
    named = names(examples())
    before, after = network(named, 1), network(named, 2)
    weights = {**before.state_dict(), "encoder.adapter.weight": torch.zeros(2)}
    plan = (BlockStart(pattern="encoder.*", start=start), *PLAN)
    expected = pytest.raises(ConfigError, match=r"found encoder\.adapter\.weight in the source alone")
    with expected if refused else nullcontext():
        transfer(after, named, TransferSource(weights, named), plan)


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
            assert after[name].equal(before[name])
    assert not after["slots.hidden.weight"].equal(before["slots.hidden.weight"])


def test_a_plan_without_a_start_is_refused(tmp_path: Path) -> None:
    config = replace(SHORT, init=PLAN)
    with pytest.raises(ConfigError, match="found a transfer plan in a run without --start"):
        fit(opened(tmp_path / "run", config), config, Texts(examples(), examples()), QUIET)
