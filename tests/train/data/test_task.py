"""What a run learns from: gold tags of partly covered tokens, targets, and the examples of a domain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from polyparse.contract.frame import Utterance
from polyparse.contract.labels import Labels
from polyparse.contract.tags import SCHEMES
from polyparse.corpora.example import Example, TextSpan
from polyparse.errors import ConfigError
from polyparse.text.features import word_hash
from polyparse.text.vectorizer import Item, Vectorizer
from polyparse.text.vocabulary import Vocabulary
from tests.train.corpus import examples
from tests.train.tiny import TINY, parts
from train.data.task import TextTables, build_task, collect_labels, gold_tags, of_domain
from train.models.maxent import MaxEntConfig

TEXT = "dell'ufficio alle 7:30"
"""Tokens: dell' [0, 5), ufficio [5, 12), alle [13, 17), 7:30 [18, 22)."""


def item(text: str = TEXT) -> Item:
    return Vectorizer(Vocabulary((), ""), None).item(Utterance(text))


def example(intent: str, domain: str, *slots: str) -> Example:
    spans = tuple(TextSpan(name, 2 * at, 2 * at + 1) for at, name in enumerate(slots))
    return Example("1", "a b c d", "en-US", "train", domain, intent, spans)


@pytest.mark.parametrize(
    ("spans", "tags"),
    [
        pytest.param([("x", 5, 12)], "O B-x O O", id="a whole token"),
        pytest.param([("x", 5, 17)], "O B-x I-x O", id="two tokens"),
        pytest.param([("x", 7, 9)], "O B-x O O", id="the middle of a token"),
        pytest.param([("x", 4, 6)], "B-x I-x O O", id="the last letter of one and the first of the next"),
        pytest.param([("x", 12, 13)], "O O O O", id="white space alone"),
        pytest.param([("x", 12, 19)], "O O B-x I-x", id="from white space into a token"),
        pytest.param([("x", 0, 22)], "B-x I-x I-x I-x", id="everything"),
        pytest.param([("x", 18, 19), ("y", 20, 22)], "O O O B-x", id="of two in one token, the first has it"),
        pytest.param([("y", 20, 22), ("x", 18, 19)], "O O O B-x", id="whatever order they come in"),
        pytest.param([("x", 0, 7), ("y", 8, 17)], "B-x I-x B-y O", id="the rest of the second stays"),
        pytest.param([("x", 0, 5), ("x", 5, 12)], "B-x B-x O O", id="neighbours of one name"),
        pytest.param([], "O O O O", id="none"),
    ],
)
def test_a_token_that_a_span_touches_has_its_tag(spans: list[tuple[str, int, int]], tags: str) -> None:
    actual = gold_tags(item(), [TextSpan(*span) for span in spans], "BIO")
    assert actual == tags.split()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_gold_tags_of_the_corpus_mark_its_spans(scheme: str) -> None:
    for sample in examples():
        local = item(sample.text)
        decoded = SCHEMES[scheme].decode(gold_tags(local, sample.slots, scheme))
        actual = [TextSpan(name, local.starts[first], local.ends[end - 1]) for name, first, end in decoded]
        assert actual == list(sample.slots)


def test_targets_are_rows_of_the_labels() -> None:
    task, _ = parts(TINY, examples())
    for local, target, sample in zip(task.train, task.targets, examples(), strict=True):
        assert local.utterance == Utterance(sample.text, sample.locale)
        assert task.labels.intents[target.intent] == sample.intent
        tags = [task.labels.tags[row] for row in target.tags_T]
        assert tags == gold_tags(local, sample.slots, "BIO")


def test_without_intents_the_target_is_minus_one() -> None:
    task, _ = parts(TINY, [replace(sample, domain=None, intent=None) for sample in examples()])
    assert {target.intent for target in task.targets} == {-1}


def test_what_is_not_among_the_labels_is_no_intent_and_outside() -> None:
    known = [
        one
        for one in examples()
        if one.intent != "music_play" and all(span.name != "date" for span in one.slots)
    ]
    labels = collect_labels(known, "IO")
    unknown = next(one for one in examples() if one.intent == "music_play")
    dated = next(one for one in examples() if {span.name for span in one.slots} == {"date", "time"})
    task = build_task([unknown, dated], [], labels, Vectorizer(Vocabulary((), ""), None))
    assert [target.intent for target in task.targets] == [-1, labels.intent_ids["alarm_set"]]
    assert {labels.tags[tag] for tag in task.targets[0].tags_T} <= {"O", "I-artist"}
    assert {labels.tags[tag] for tag in task.targets[1].tags_T} == {"O", "I-time"}


def test_utterances_without_a_token_are_left_out() -> None:
    blank = replace(examples()[0], text="\u200b ", slots=())
    task, _ = parts(TINY, [blank, *examples()], [blank, *examples("dev")])
    assert len(task.train) == len(task.targets) == len(examples())
    assert task.dev == examples("dev")
    assert len(task.dev_items) == len(task.dev)


def test_a_corpus_of_such_utterances_alone_is_refused() -> None:
    labels = collect_labels(examples(), "BIO")
    blank = replace(examples()[0], text=" ", slots=())
    with pytest.raises(ConfigError, match="found no training utterance with a token"):
        build_task([blank], [], labels, Vectorizer(Vocabulary((), ""), None))


def test_a_domain_has_the_examples_of_its_intents() -> None:
    labels = collect_labels(examples(), "BIO")
    domains = [of_domain(examples(), labels.restrict(index)) for index in range(len(labels.domains))]
    assert [{sample.domain for sample in local} for local in domains] == [{"alarm"}, {"music"}, {"weather"}]
    assert sum(map(len, domains)) == len(examples())


def test_an_intent_of_two_domains_is_learnt_by_the_one_that_owns_it() -> None:
    """Every example is learnt by exactly one network, and that network knows its intent and its slots."""
    corpus = [
        example("set", "alarm", "time"),
        example("set", "alarm"),
        example("set", "timer", "duration"),
        example("pause", "timer"),
    ]
    labels = Labels.collect(((e.domain, e.intent, [s.name for s in e.slots]) for e in corpus), scheme="BIO")
    alarm, timer = (labels.restrict(index) for index in range(2))
    assert of_domain(corpus, alarm) == corpus[:3]
    assert of_domain(corpus, timer) == corpus[3:]
    for local in (alarm, timer):
        task = build_task(of_domain(corpus, local), [], local, Vectorizer(Vocabulary((), ""), None))
        assert all(target.intent >= 0 for target in task.targets)


def test_addresses_of_training_text_are_in_tables_by_their_class() -> None:
    mails = [
        replace(example("send", "mail"), text=f"write to {name}@example.com")
        for name in ("ana", "bob", "eve")
    ]
    tables = TextTables.build(mails, replace(TINY, classifier=MaxEntConfig(min_feature_count=2)))
    assert "<mail>" in tables.vocabulary.words
    assert not any("@" in word for word in tables.vocabulary.words)
    assert "@" not in tables.vocabulary.characters
    item = Vectorizer(tables.vocabulary, tables.features).item(Utterance("write to zoe.new@example.org"))
    assert item.words[2].id == tables.vocabulary.word_ids["<mail>"]
    assert tables.features is not None
    assert item.words[2].feature_ids == (tables.features.ids[word_hash("<mail>")],)


def test_tables_are_built_from_training_text_by_the_configs_counts() -> None:
    embedder = replace(TINY.joint.embedder, min_word_count=2)
    config = replace(TINY, joint=replace(TINY.joint, embedder=embedder))
    tables = TextTables.build(examples(), config)
    assert "rome" not in tables.vocabulary.words
    assert {"alarm", "कल", "domani"} < set(tables.vocabulary.words)
    assert tables.features is not None
    assert TextTables.build(examples(), replace(config, classifier=None)).features is None
