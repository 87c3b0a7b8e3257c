"""TOML to frozen models, strictly: an unknown key or a bad value is refused, with file, key and value named."""

import json
import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from loadtest.errors import FileInvalid


class TomlModel(BaseModel):
    """What files are read into; a key that is not known is an error, and so is a value of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


ModelT = TypeVar("ModelT", bound=TomlModel)


def read(model: type[ModelT], file: Path) -> ModelT:
    """The content of a file; raises FileInvalid."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FileInvalid(f"{file}: found no TOML ({error}), expected a file of it") from error
    try:
        # As JSON, in which a list is a list: strict Python would ask for the tuple that it becomes.
        return model.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        raise FileInvalid(f"{file}: {_in_words(error)}") from error


def _in_words(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"])) or "the whole"
    if first["type"] == "missing":
        return f"{place}: found nothing, expected a value"
    if first["type"] == "extra_forbidden":
        return f"{place}: found an unknown key, expected one that the README names"
    message = first["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    return f"{place}: found {first['input']!r}, {message}"
