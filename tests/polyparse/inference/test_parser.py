"""The parser: texts in, frames out, in the order of the texts; which locales it takes, and what it refuses."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyparse.contract.frame import Refusal, Utterance
from polyparse.errors import BlankText, InputError, TextTooLong, UnknownLocale
from polyparse.inference.calibration import Calibration, Scale
from polyparse.inference.ood import Evidence, OodScore
from polyparse.inference.parser import Parser
from polyparse.inference.pipeline import Postprocessing
from polyparse.text.tokens import MAX_CHARACTERS
from tests.networks import vectorizer_of
from tests.polyparse.inference.test_pipeline import KNOWN, LABELS, MODELS, assert_same, hypotheses_of
from tests.strategies import utterances

if TYPE_CHECKING:
    from polyparse.text.vectorizer import Item

SERVED = ("en-US", "es-ES", "es-MX", "zh-Hant-TW")
PARSER = Parser(vectorizer_of(KNOWN), MODELS["soft"].pipeline(), locales=SERVED)
ANY_LOCALE = Parser(PARSER.vectorizer, MODELS["soft"].pipeline())
ALWAYS = OodScore(threshold=0.0, weights={"tempered_domain_entropy": 0.5, "unknown_words": 2.0}, bias=0.0)
TEXTS = (KNOWN, "wake me", "7:30 東京", "wake me at seven", "zxqv")

requests = st.lists(
    st.builds(Utterance, utterances, st.none() | st.sampled_from(SERVED), st.integers(1, 3)), max_size=12
)


def items_of(parser: Parser = PARSER, *, n_best: int = 1) -> list[Item]:
    return [parser.prepare(Utterance(text, None, n_best)) for text in TEXTS]


class TestLocales:
    @pytest.mark.parametrize(
        ("locale", "expected"),
        [
            (None, None),
            ("es-MX", "es-MX"),
            ("en-GB", "en-US"),
            ("en", "en-US"),
            ("es", "es-ES"),
            ("es_mx", "es-MX"),
            ("ES-MX", "es-MX"),
            ("zh-CN", "zh-Hant-TW"),
            ("zh-TW", "zh-Hant-TW"),
            ("zh_hant_tw", "zh-Hant-TW"),
            ("es-Latn-MX", "es-MX"),
            ("es-419", "es-ES"),
            ("es-MX-u-nu-latn", "es-MX"),
            ("en-US-u-ca-gregory-cu-usd-hc-h12-nu-latn", "en-US"),
        ],
    )
    def test_a_locale_is_itself_or_the_likest_of_its_language(
        self, locale: str | None, expected: str | None
    ) -> None:
        assert PARSER.resolve_locale(locale) == expected
        assert PARSER.prepare(Utterance("wake me", locale)).utterance.locale == expected

    @pytest.mark.parametrize("locale", ["de-DE", "e", "english", "", "eng-US"])
    def test_a_language_that_is_not_served_is_refused_with_those_that_are(self, locale: str) -> None:
        expected = rf"^locale: found '{locale}', expected a language of en-US, es-ES, es-MX, zh-Hant-TW$"
        with pytest.raises(UnknownLocale, match=expected):
            PARSER.prepare(Utterance("wake me", locale))

    @pytest.mark.parametrize("locale", [None, "en-US", "de-DE", "xx"])
    def test_without_locales_any_is_taken_as_it_is(self, locale: str | None) -> None:
        assert ANY_LOCALE.locales is None
        assert ANY_LOCALE.resolve_locale(locale) == locale
        (frame,) = ANY_LOCALE.parse([Utterance("wake me", locale)])
        assert frame.locale == locale

    def test_another_locale_changes_nothing_else_of_what_was_asked_for(self) -> None:
        utterance = Utterance("wake me", "en-GB", 3, allow_refusal=False)
        assert PARSER.prepare(utterance).utterance == replace(utterance, locale="en-US")


class TestRefusedTexts:
    @pytest.mark.parametrize("text", ["", "  ", "\u200d"])
    def test_a_text_without_a_token_is_refused(self, text: str) -> None:
        with pytest.raises(BlankText, match=r"^text: found '.*', expected at least one word$"):
            PARSER.prepare(Utterance(text))

    @pytest.mark.parametrize("text", ["", " ", "a\x07b", "\ud800", "x" * (MAX_CHARACTERS + 1)])
    def test_of_several_none_is_parsed_where_one_is_refused(self, text: str) -> None:
        with pytest.raises(InputError):
            PARSER.parse([Utterance("wake me"), Utterance(text)])

    def test_a_text_of_the_greatest_length_is_parsed_and_a_longer_one_is_not(self) -> None:
        longest = "wake ".ljust(MAX_CHARACTERS, "x")
        assert PARSER.parse([Utterance(longest)])[0].text == longest
        with pytest.raises(TextTooLong):
            PARSER.parse([Utterance(longest + "x")])


@settings(max_examples=30)
@given(requests, st.integers(1, 5))
def test_many_items_get_the_frames_that_each_gets_alone_in_their_order(
    batch: list[Utterance], batch_size: int
) -> None:
    items = [PARSER.prepare(utterance) for utterance in batch]
    together = PARSER.run_all(items, batch_size=batch_size)
    for frame, item in zip(together, items, strict=True):
        assert_same(frame, PARSER.run([item]).frames[0])


def test_of_no_items_there_are_no_frames() -> None:
    assert PARSER.run_all([]) == PARSER.parse([]) == []


def test_parsing_is_preparing_and_running() -> None:
    frames = PARSER.parse([Utterance(text, "en-GB", 2) for text in TEXTS])
    assert [(frame.text, frame.locale) for frame in frames] == [(text, "en-US") for text in TEXTS]
    for frame, item in zip(frames, items_of(n_best=2), strict=True):
        assert_same(frame, PARSER.run([item]).frames[0])


@settings(max_examples=30)
@given(st.lists(utterances, min_size=1, max_size=12), st.integers(1, 5))
def test_evidence_comes_in_the_order_of_the_items_whatever_the_batches(
    texts: list[str], batch_size: int
) -> None:
    items = [PARSER.prepare(Utterance(text)) for text in texts]
    together = PARSER.evidence(items, batch_size=batch_size)
    alone = [PARSER.evidence([item]) for item in items]
    assert len(together) == len(items)
    for field in fields(Evidence):
        arrays = [getattr(each, field.name) for each in alone]
        if arrays[0] is None:
            assert getattr(together, field.name) is None
        else:
            np.testing.assert_allclose(getattr(together, field.name), np.concatenate(arrays), atol=1e-5)


def test_evidence_is_what_the_pipeline_gives_of_the_items_in_one_batch() -> None:
    evidence = PARSER.evidence(items_of())
    of_pipeline = MODELS["soft"].pipeline().evidence(items_of())
    assert evidence.intent_log_probs_BI == pytest.approx(of_pipeline.intent_log_probs_BI, abs=1e-5)
    assert evidence.unknown_words_B == pytest.approx(of_pipeline.unknown_words_B)


class TestPostprocessing:
    def test_a_parser_with_postprocessing_is_another_and_leaves_the_first_as_it_was(self) -> None:
        before = PARSER.run_all(items_of())
        refusing = PARSER.with_postprocessing(Postprocessing(ood=ALWAYS))
        assert [frame.refused for frame in refusing.run_all(items_of())] == [Refusal("domain")] * len(TEXTS)
        assert PARSER.run_all(items_of()) == before

    def test_it_keeps_the_vectorizer_the_locales_and_the_labels(self) -> None:
        other = PARSER.with_postprocessing(Postprocessing(ood=ALWAYS))
        assert (other.vectorizer, other.locales, other.labels) == (PARSER.vectorizer, SERVED, LABELS)
        assert ANY_LOCALE.with_postprocessing(Postprocessing()).locales is None

    def test_postprocessing_takes_the_place_of_what_was_there(self) -> None:
        calibration = Calibration(pooled=Scale(intent_temperature=2.0), locales={})
        twice = PARSER.with_postprocessing(Postprocessing(ood=ALWAYS)).with_postprocessing(
            Postprocessing(calibration)
        )
        frames = twice.run_all(items_of())
        assert not any(frame.refused or frame.out_of_domain for frame in frames)
        assert frames != PARSER.run_all(items_of())
        back = twice.with_postprocessing(Postprocessing())
        assert back.run_all(items_of()) == PARSER.run_all(items_of())


def test_an_utterance_that_allows_no_refusal_gets_its_frame_and_the_score_of_the_refused_one() -> None:
    refusing = PARSER.with_postprocessing(Postprocessing(ood=ALWAYS))
    for text in TEXTS:
        asking = Utterance(text, "es-ES", 2)
        refused, frame = refusing.parse([asking, replace(asking, allow_refusal=False)])
        (plain,) = PARSER.parse([asking])
        assert refused.refused == Refusal("domain")
        assert refused.domain is None
        assert frame.refused is None
        assert frame.out_of_domain is not None
        assert frame.out_of_domain == pytest.approx(refused.out_of_domain, abs=1e-6)
        assert_same(frame, plain)
        assert [each.intent and each.intent.name for each in refused.alternatives] == [
            each.intent and each.intent.name for each in hypotheses_of(frame)
        ]
