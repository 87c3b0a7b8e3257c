"""What JSON writes in more than one way: null for an option that is not given, 3.0 for the integer 3."""

from typing import Any, Final

from pydantic import BeforeValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticUseDefault, core_schema


class NullIsDefault:
    """Annotates a field that has a default: null stands for it, in validation and in the JSON schema."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        return core_schema.no_info_before_validator_function(
            _default_if_null, schema, json_schema_input_schema=core_schema.nullable_schema(schema)
        )


def _default_if_null(value: Any) -> Any:
    if value is None:
        raise PydanticUseDefault
    return value


def _integer_if_whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


NULL_IS_DEFAULT: Final = NullIsDefault()
WHOLE_NUMBER: Final = BeforeValidator(_integer_if_whole)
"""Annotates an int: a number without a fraction is one (JSON Schema, 6.1.1), all else stays what it is."""
