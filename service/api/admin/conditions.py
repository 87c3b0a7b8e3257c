"""The headers of an edit: `If-Match`, the generation on which it was decided, and `X-Changed-By`, the caller's own name."""

import re
from reprlib import repr as brief

from starlette.datastructures import Headers

from service.errors import InvalidHeader, PreconditionRequired
from service.state_edits import LONGEST_NAME

TAG = re.compile(r'"([0-9]{1,19})"')
"""A generation as an entity tag (RFC 9110, 8.8.3)."""


def etag(generation: int) -> str:
    """The entity tag of a generation; 0 is that of a state that is not there yet."""
    return f'"{generation}"'


def generation_of(headers: Headers) -> int | None:
    """The generation of If-Match; None where there is no such header. InvalidHeader for what is no single tag of ours."""
    value = ", ".join(headers.getlist("if-match")).strip()
    if not value:
        return None
    if (tag := TAG.fullmatch(value)) is None:
        raise InvalidHeader(f'If-Match: found {brief(value)}, expected one generation in quotes, such as "3"')
    return int(tag[1])


def needed_generation_of(headers: Headers) -> int:
    """The generation of If-Match; PreconditionRequired where there is none: nobody may overwrite what he has not seen."""
    generation = generation_of(headers)
    if generation is None:
        raise PreconditionRequired(
            "If-Match: found nothing, expected the ETag of GET /admin/versions on which the edit was decided"
        )
    return generation


def name_of(headers: Headers) -> str | None:
    """The caller's name for the history; InvalidHeader for one that is too long."""
    name = headers.get("x-changed-by", "").encode("latin-1").decode("utf-8", "backslashreplace").strip()
    if len(name) > LONGEST_NAME:
        raise InvalidHeader(
            f"X-Changed-By: found {len(name)} characters, expected a name of at most {LONGEST_NAME}"
        )
    return name or None
