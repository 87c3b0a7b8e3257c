"""Hostile texts are valid ones, and no two are alike."""

import json
import re
from itertools import islice

from benchmarks.hostile import LONGEST_TEXT, SCRIPTS, requests, texts
from polyparse.text.tokens import check
from service.api.schemas import LANGUAGE_TAG, ParseRequest


def test_each_text_is_another_one_that_is_taken() -> None:
    seen = list(islice(texts(1), 1000))
    for text in seen:
        check(text, max_chars=LONGEST_TEXT)
    assert len(set(seen)) == 1000
    assert seen == list(islice(texts(1), 1000))


def test_every_script_comes() -> None:
    characters = set("".join(islice(texts(1), 1000)))
    for ranges in SCRIPTS.values():
        assert any(low <= ord(character) < high for character in characters for low, high in ranges)


def test_a_request_has_headers_of_its_own_and_a_language_that_may_be_one() -> None:
    heads = set()
    for whole in islice(requests(1), 200):
        head, body = whole.split(b"\r\n\r\n")
        heads |= set(head.split(b"\r\n")[4:])
        request = ParseRequest.model_validate_json(body)
        assert request.locale is None or re.match(LANGUAGE_TAG, request.locale)
        assert json.loads(body)["text"] == request.text
    assert len(heads) >= 4 * 200 - 1
