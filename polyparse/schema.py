"""JSON to dataclasses and back, strictly, by pydantic; a refusal says where, what was found, what was expected."""

import json
from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import lru_cache
from reprlib import repr as brief
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, to_jsonable_python

from polyparse.errors import ConfigError

T = TypeVar("T")

CONFIG = ConfigDict(strict=True, extra="forbid")
EXPECTED: Mapping[str, str] = {
    "string_type": "a string",
    "string_unicode": "a string in UTF-8",
    "bool_type": "true or false",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "none_required": "null",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "an object",
}
"""pydantic's type of an error -> what was expected; the other types have a branch, or their own words."""
UNION_MEMBERS = frozenset({"str", "int", "float", "bool"})
"""What pydantic puts behind the place of a union, once for each of its members."""


def structure(cls: type[T], data: object, *, where: str) -> T:
    """Return plain data as a `cls`; a ConfigError says where they differ: "manifest.json: networks[0].score: ..."."""
    return read_json(cls, json.dumps(data), where=where)


def read_json(cls: type[T], content: str | bytes, *, where: str) -> T:
    """Return JSON as a `cls`; raises ConfigError as `structure` does."""
    list_of_one = content.encode() if isinstance(content, str) else content
    try:
        value: T = _adapter(cast("Hashable", cls)).validate_json(b"[%b]" % list_of_one)[0]
    except ValidationError as error:
        raise ConfigError(f"{where}: {_refusal(cls, error.errors(include_url=False))}") from error
    return value


def unstructure(value: object) -> Any:
    """Return the value as plain JSON types: the inverse of `structure`."""
    return to_jsonable_python(value)


def override(config: T, assignments: Sequence[str]) -> T:
    """Return the config with assignments such as "optim.epochs=3" made; a value is JSON, or else a string."""
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not (key and equals):
            raise ConfigError(f"found {assignment!r}, expected KEY=VALUE")
        data = _assigned(unstructure(config), key.split("."), _parsed(text), f"{assignment}: ")
        config = structure(type(config), data, where=assignment)
    return config


@lru_cache(maxsize=64)
def _adapter(cls: Hashable) -> TypeAdapter[Any]:
    """In a tuple, for pydantic takes a config beside a dataclass only through what contains it."""
    return TypeAdapter(tuple[cls], config=CONFIG)  # type: ignore[valid-type]


def _assigned(data: object, path: Sequence[str], value: object, place: str) -> object:
    if not path:
        return value
    key, *rest = path
    if not isinstance(data, dict):
        raise ConfigError(f"{place}: found {brief(data)}, expected an object with a key {key!r}")
    below = f"{place}{'' if place.endswith(' ') else '.'}{key}"
    return data | {key: _assigned(data.get(key, {}), rest, value, below)}


def _parsed(text: str) -> object:
    with suppress(ValueError, RecursionError):  # no JSON, a number of too many digits, too many brackets
        return json.loads(text)
    return text


def _refusal(cls: type, errors: list[ErrorDetails]) -> str:
    """The first error in words; a key that is not known comes before the one that is missing instead."""
    unknown = (error for error in errors if error["type"] == "unexpected_keyword_argument")
    error = next(unknown, errors[0])
    _, *place = error["loc"] or (0,)
    match error["type"]:
        case "too_long" if not place:
            return "found more than one JSON value, expected one"
        case "json_invalid":
            return f"found no JSON ({error['msg'].removeprefix('Invalid JSON: ')}), expected an object"
        case "value_error":  # raised by the dataclass itself, which says what it expected
            return _at(place, str(error["ctx"]["error"]))
        case "unexpected_keyword_argument":
            expected = f"one of {', '.join(_keys(cls, place[:-1]))}"
            return _at(place[:-1], f"found the unknown key {place[-1]!r}, expected {expected}")
        case "missing":
            return _missing(place, error)
    if place and place[-1] in UNION_MEMBERS:
        *place, _ = place
    return _at(place, f"found {brief(error['input'])}, expected {_expected(cls, place, errors, error)}")


def _missing(place: list[str | int], error: ErrorDetails) -> str:
    """A key of an object, an item of a list, or, at no place, the whole of it."""
    if not place:
        return "found nothing, expected JSON"
    if isinstance(place[-1], str):
        return _at(place[:-1], f"found no key {place[-1]!r}, expected a value for it")
    return _at(place[:-1], f"found {brief(error['input'])}, expected a longer list")


def _expected(cls: type, place: list[str | int], errors: list[ErrorDetails], error: ErrorDetails) -> str:
    """What a value of another type should have been; for a union, each of its members."""
    match error["type"]:
        case "dataclass_type":
            return f"an object with the keys {', '.join(_keys(cls, place))}"
        case "literal_error":
            return f"one of {error['ctx']['expected'].replace(' or ', ', ')}"
    members = [each for each in errors if list(each["loc"][1 : 1 + len(place)]) == place]
    return " or ".join(dict.fromkeys(EXPECTED.get(each["type"], each["msg"]) for each in members))


def _at(place: Sequence[str | int], problem: str) -> str:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")
    return f"{path}: {problem}" if path else problem


def _keys(cls: Any, place: Sequence[str | int]) -> list[str]:
    """The keys of the dataclass at a place below another."""
    for step in place:
        if is_dataclass(cls):
            cls = get_type_hints(cls)[str(step)]
        else:
            arguments = get_args(cls)
            cls = arguments[min(int(step), len(arguments) - 1)] if isinstance(step, int) else arguments[-1]
            cls = arguments[0] if cls is ... else cls
        if get_origin(cls) in (Union, UnionType):
            cls = next(member for member in get_args(cls) if member is not NoneType)
    return [field.name for field in fields(cls) if field.init]
