"""What a run learns from: examples as items and targets, made with the labels, vocabulary and features of the corpus.

Axes: I intents, T tokens, K tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from polyparse.contract.labels import Labels
from polyparse.contract.tags import SCHEMES, TokenSpan
from polyparse.corpora.example import Example
from polyparse.errors import ConfigError
from polyparse.text.features import FeatureTable
from polyparse.text.forms import words_of
from polyparse.text.vectorizer import Item, Vectorizer
from polyparse.text.vocabulary import Vocabulary
from train.models.heads.crf import Potentials
from train.models.intent_loss import NO_INTENT
from train.models.maxent import build_table
from train.models.pretrained import WordPieces
from train.models.token_crf import build_token_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from polyparse.corpora.example import TextSpan
    from polyparse.text.language import LanguageTable
    from polyparse.text.tokenised import TokenisedTexts
    from train.config import RunConfig

    WordsOf = Callable[[str], list[str]]


class SoftTarget(NamedTuple):
    """The teachers' prediction for one item: log P(intent), and the CRF's emissions relative to each token's largest."""

    log_probs_I: NDArray[np.float16]
    emissions_TK: NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Target:
    """Ids of an item's true intent (NO_INTENT for none) and tags (empty if it is not labelled); its soft target, if any.

    `intent_weight` is how much the true intent counts.
    """

    intent: int
    tags_T: list[int]
    soft_target: SoftTarget | None = None
    intent_weight: float = 1.0


@dataclass(frozen=True)
class TextTables:
    """The tables that turn text into ids: the vocabulary and the feature table (None without a classifier).

    `token_features` is there for a CRF over features of tokens, `pieces` for a pre-trained sentence encoder.
    """

    vocabulary: Vocabulary
    features: FeatureTable | None
    token_features: FeatureTable | None = None
    pieces: WordPieces | None = None

    @classmethod
    def build(
        cls, examples: Sequence[Example], config: RunConfig, words_of: WordsOf = words_of
    ) -> TextTables:
        """The tables of what occurs often enough in training examples; `words_of` gives the words of a text."""
        words = [words_of(example.text) for example in examples]
        embedder = config.joint.embedder
        return cls(
            vocabulary=Vocabulary.build(
                (word for sentence in words for word in sentence),
                min_word_count=embedder.min_word_count,
                min_character_count=embedder.min_character_count,
                case_marks=embedder.case_size > 0,
            ),
            features=build_table(words, min_count=config.classifier.min_feature_count)
            if config.classifier
            else None,
            token_features=build_token_table(words, min_count=config.token_crf.min_feature_count)
            if config.token_crf
            else None,
        )

    @property
    def n_token_features(self) -> int:
        """How many features of tokens there are."""
        return 0 if self.token_features is None else len(self.token_features.hashes)

    def vectorizer(
        self, tokenised: TokenisedTexts | None = None, languages: LanguageTable | None = None
    ) -> Vectorizer:
        """Items by these tables; with `languages`, of words that say what they say of a language."""
        return Vectorizer(
            self.vocabulary, self.features, self.token_features, tokenised=tokenised, languages=languages
        )


@dataclass(frozen=True)
class Task:
    """Training items with their targets, and dev examples to evaluate on.

    `chain` has the transition, start and end scores of the teachers' CRF, which complete the emissions of soft targets.
    """

    labels: Labels
    train: Sequence[Item]
    targets: Sequence[Target]
    dev: list[Example]
    dev_items: list[Item]
    chain: Potentials | None = None


def collect_labels(examples: Iterable[Example], scheme: str) -> Labels:
    """The label inventory of training examples."""
    return Labels.collect(
        ((e.domain, e.intent, [span.name for span in e.slots]) for e in examples), scheme=scheme
    )


def check_labels(labels: Labels, config: RunConfig) -> None:
    """Raise ConfigError for a config that asks for labels that the corpus does not have."""
    if config.topology == "per-domain" and not labels.domains:
        raise ConfigError("topology: found per-domain for a corpus without domains, expected shared")
    for select, present in (("intent_accuracy", labels.intents), ("slot_f1", labels.slots)):
        if config.select == select and not present:
            raise ConfigError(
                f"select: found {select} for a corpus without such labels, expected exact_match"
            )


def build_task(
    train: Sequence[Example], dev: Sequence[Example], labels: Labels, vectorizer: Vectorizer
) -> Task:
    """Items and targets; utterances without a token are left out."""
    items, targets = build_targets(train, labels, vectorizer)
    paired = [(example, vectorizer.item(example.utterance)) for example in dev]
    usable = [(example, item) for example, item in paired if item.n_tokens]
    return Task(labels, items, targets, [example for example, _ in usable], [item for _, item in usable])


def build_targets(
    train: Sequence[Example], labels: Labels, vectorizer: Vectorizer
) -> tuple[list[Item], list[Target]]:
    """Training items and their targets; utterances without a token are left out."""
    items = [vectorizer.item(example.utterance) for example in train]
    usable = [(item, example) for item, example in zip(items, train, strict=True) if item.n_tokens]
    if not usable:
        raise ConfigError("found no training utterance with a token, expected at least one")
    return [item for item, _ in usable], [gold_target(item, example, labels) for item, example in usable]


def gold_target(item: Item, example: Example, labels: Labels) -> Target:
    """The ids of the true intent and tags of an item, which has the tokens of the example.

    What is not among `labels`, which may be those of another corpus, is no intent, or "O", the first tag.
    """
    tags = gold_tags(item, example.slots, labels.scheme)
    return Target(
        intent=NO_INTENT if example.intent is None else labels.intent_ids.get(example.intent, NO_INTENT),
        tags_T=[labels.tag_ids.get(tag, 0) for tag in tags],
        intent_weight=example.intent_weight,
    )


def gold_tags(item: Item, spans: Sequence[TextSpan], scheme: str) -> list[str]:
    """The tag of each token; a span has all tokens that it overlaps, but a token of two spans belongs to the first."""
    starts, ends = np.array(item.starts), np.array(item.ends)
    token_spans: list[TokenSpan] = []
    first_free = 0
    for span in sorted(spans, key=lambda s: s.start):
        first = max(first_free, int(np.searchsorted(ends, span.start, side="right")))
        end = int(np.searchsorted(starts, span.end, side="left"))
        if first < end:
            token_spans.append(TokenSpan(span.name, first, end))
            first_free = end
    return SCHEMES[scheme].encode(token_spans, item.n_tokens)


def of_domain(examples: Sequence[Example], labels: Labels) -> list[Example]:
    """The examples of one domain: those whose intent is among `labels`, which are the labels of that domain."""
    return [example for example in examples if example.intent in labels.intents]
