"""Null is the default of a field that has one; a number without a fraction is an integer; nothing else is either."""

import json
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.api.json_types import NULL_IS_DEFAULT, WHOLE_NUMBER


class Options(BaseModel):
    """A field of each kind."""

    model_config = ConfigDict(strict=True)

    count: Annotated[int, Field(ge=1), WHOLE_NUMBER, NULL_IS_DEFAULT] = 7
    word: Annotated[str, NULL_IS_DEFAULT] = "seven"
    needed: Annotated[int, WHOLE_NUMBER] = 0


def read(given: str) -> list[Options]:
    """The options as read from JSON, and from what Python made of that JSON."""
    return [Options.model_validate_json(given), Options.model_validate(json.loads(given))]


def test_null_is_the_default_where_a_field_is_marked() -> None:
    for options in read('{"count": null, "word": null}'):
        assert options == Options()
    for given in ('{"needed": null}', '{"word": 7}', '{"count": ""}', '{"count": []}'):
        with pytest.raises(ValidationError):
            Options.model_validate_json(given)


@pytest.mark.parametrize(
    ("given", "integer"), [("3", 3), ("3.0", 3), ("3.000", 3), ("1e1", 10), ("30e-1", 3)]
)
def test_a_number_without_a_fraction_is_an_integer(given: str, integer: int) -> None:
    for options in read(f'{{"count": {given}}}'):
        assert (options.count, type(options.count)) == (integer, int)


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ("3.5", "int_type"),
        ('"3"', "int_type"),
        ('"3.0"', "int_type"),
        ("true", "int_type"),
        ("NaN", "int_type"),
        ("1e999", "int_type"),
        ("-3.0", "greater_than_equal"),
    ],
)
def test_nothing_else_is(given: str, cause: str) -> None:
    for value in (json.loads(f'{{"count": {given}}}'), f'{{"count": {given}}}'):
        with pytest.raises(ValidationError) as error:
            Options.model_validate_json(value) if isinstance(value, str) else Options.model_validate(value)
        assert error.value.errors()[0]["type"] == cause


def test_the_schema_says_that_null_is_allowed_and_keeps_the_bounds() -> None:
    properties: dict[str, Any] = Options.model_json_schema()["properties"]
    assert properties["count"]["anyOf"] == [{"minimum": 1, "type": "integer"}, {"type": "null"}]
    assert properties["count"]["default"] == 7
    assert "anyOf" not in properties["needed"]
