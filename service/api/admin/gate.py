"""Who may administer: whoever shows a token of the file; without a file, whoever reaches the port, but no web page."""

from reprlib import repr as brief

from starlette.datastructures import Headers

from service.errors import Unauthorised
from service.tokens import Tokens

SCHEME = "bearer"


class Gate:
    """Lets requests of administrators pass."""

    def __init__(self, tokens: Tokens | None) -> None:
        """`tokens` is None where none is asked for."""
        self._tokens = tokens

    def check(self, headers: Headers) -> None:
        """Raise Unauthorised, which never quotes a token, unless the request may pass."""
        if self._tokens is None:
            _check_no_page(headers)
            return
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != SCHEME:
            raise Unauthorised("Authorization: found no token, expected Bearer and one of --admin-token-file")
        if not self._tokens.admits(token.strip().encode("latin-1")):
            raise Unauthorised(
                "Authorization: found a token that is not known, expected one of --admin-token-file"
            )


def _check_no_page(headers: Headers) -> None:
    """Refuse what a browser sends for a page, even to localhost: its reader may know nothing of the edit."""
    if (origin := headers.get("origin")) is not None:
        raise Unauthorised(
            f"Origin: found {brief(origin)}, a web page's request, expected a token, which --admin-token-file asks for"
        )
