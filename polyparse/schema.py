"""Schema: plain JSON values to dataclasses and back, strictly: a refusal says where, what was found, what was expected.

A field may be a string, a bool, an int, a float, a Literal, another dataclass, a tuple, a mapping from strings, a union
of these with or without None, or `object` for any value.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import lru_cache
from reprlib import repr as brief
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from polyparse.errors import ConfigError

T = TypeVar("T")


def structure(cls: type[T], data: object, *, where: str) -> T:
    """Return the data as a `cls`; a ConfigError says where they differ: "manifest.json: networks[0].score: ..."."""
    value: T = _read(cls, data, _Place(where))
    return value


def unstructure(value: object) -> Any:
    """Return the value as plain JSON types: the inverse of `structure`."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: unstructure(getattr(value, field.name)) for field in fields(value) if field.init}
    if isinstance(value, Mapping):
        return {key: unstructure(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [unstructure(item) for item in value]
    if isinstance(value, tuple(_SCALARS)):
        return value
    raise TypeError(f"found {brief(value)}, a {type(value).__name__}, expected what JSON can hold")


def override(config: T, assignments: Sequence[str]) -> T:
    """Return the config with assignments such as "optim.epochs=3" made; a value is JSON, or else a string."""
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not (key and equals):
            raise ConfigError(f"found {assignment!r}, expected KEY=VALUE")
        data = _assigned(unstructure(config), key.split("."), _parsed(text), _Place(assignment))
        config = structure(type(config), data, where=assignment)
    return config


def _assigned(data: object, path: Sequence[str], value: object, place: "_Place") -> object:
    if not path:
        return value
    key, *rest = path
    if not isinstance(data, dict):
        raise place.refusal(brief(data), f"an object with a key {key!r}")
    return data | {key: _assigned(data.get(key, {}), rest, value, place.key(key))}


def _parsed(text: str) -> object:
    with suppress(json.JSONDecodeError):
        return json.loads(text)
    return text


class _Place(NamedTuple):
    where: str
    path: str = ""

    def key(self, name: str) -> "_Place":
        return self._replace(path=f"{self.path}.{name}" if self.path else name)

    def item(self, index: int) -> "_Place":
        return self._replace(path=f"{self.path}[{index}]")

    def refusal(self, found: str, expected: str) -> ConfigError:
        return ConfigError(f"{self}: found {found}, expected {expected}")

    def __str__(self) -> str:
        return f"{self.where}: {self.path}" if self.path else self.where


_SCALARS: Mapping[Any, str] = {
    str: "a string",
    bool: "true or false",
    int: "an integer",
    float: "a number",
    NoneType: "null",
}


def _read(kind: Any, data: object, place: _Place) -> Any:
    if kind in _SCALARS:
        return _read_scalar(kind, data, place)
    if is_dataclass(kind):
        return _read_dataclass(kind, data, place)
    if kind in (object, Any):
        return data
    if reader := _READERS.get(get_origin(kind)):
        return reader(get_args(kind), data, place)
    raise TypeError(f"{place}: found a field of type {kind}, expected one that the schema can read")


def _read_scalar(kind: Any, data: object, place: _Place) -> object:
    if type(data) is int and kind is float:
        return float(data)
    if type(data) is not kind:
        raise place.refusal(brief(data), _SCALARS[kind])
    return data


def _read_dataclass(cls: Any, data: object, place: _Place) -> object:
    known = {field.name: field for field in fields(cls) if field.init}
    if not isinstance(data, Mapping):
        raise place.refusal(brief(data), f"an object with the keys {', '.join(known)}")
    for key in data:
        if key not in known:
            raise place.refusal(f"the unknown key {key!r}", f"one of {', '.join(known)}")
    for name, field in known.items():
        if name not in data and _is_required(field):
            raise place.refusal(f"no key {name!r}", "a value for it")
    kinds = _kinds(cls)
    values = {name: _read(kinds[name], value, place.key(name)) for name, value in data.items()}
    try:
        return cls(**values)
    except (ConfigError, ValueError) as error:  # the dataclass checks more than types
        raise ConfigError(f"{place}: {error}") from error


@lru_cache(maxsize=256)
def _kinds(cls: type) -> Mapping[str, Any]:
    return get_type_hints(cls)


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _read_tuple(kinds: tuple[Any, ...], data: object, place: _Place) -> tuple[object, ...]:
    if not isinstance(data, list | tuple):
        raise place.refusal(brief(data), "a list")
    if kinds[-1] is ...:
        kinds = kinds[:1] * len(data)
    if len(kinds) != len(data):
        raise place.refusal(brief(data), f"a list of {len(kinds)}")
    pairs = enumerate(zip(kinds, data, strict=True))
    return tuple(_read(kind, item, place.item(index)) for index, (kind, item) in pairs)


def _read_mapping(kinds: tuple[Any, ...], data: object, place: _Place) -> dict[str, object]:
    if not isinstance(data, Mapping):
        raise place.refusal(brief(data), "an object")
    for key in data:
        if not isinstance(key, str):
            raise place.refusal(f"the key {key!r}", "a string")
    return {key: _read(kinds[1], value, place.key(key)) for key, value in data.items()}


def _read_literal(choices: tuple[Any, ...], data: object, place: _Place) -> object:
    if not any(data == choice and type(data) is type(choice) for choice in choices):
        raise place.refusal(brief(data), f"one of {', '.join(map(repr, choices))}")
    return data


def _read_union(kinds: tuple[Any, ...], data: object, place: _Place) -> object:
    if data is None and NoneType in kinds:
        return None
    choices = [kind for kind in kinds if kind is not NoneType]
    if len(choices) == 1:  # its own refusal says more
        return _read(choices[0], data, place)
    for kind in choices:
        with suppress(ConfigError):
            return _read(kind, data, place)
    raise place.refusal(brief(data), " or ".join(_SCALARS.get(kind, str(kind)) for kind in kinds))


_READERS: Mapping[Any, Callable[[tuple[Any, ...], object, _Place], object]] = {
    tuple: _read_tuple,
    dict: _read_mapping,
    Mapping: _read_mapping,
    Literal: _read_literal,
    Union: _read_union,
    UnionType: _read_union,
}
