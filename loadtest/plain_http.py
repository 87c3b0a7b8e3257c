"""One request at a time, with a bound, for what is no load: readiness, /metrics, an administrator's request. It blocks."""

import http.client
from collections.abc import Mapping
from typing import NamedTuple

from loadtest.address import Address
from loadtest.errors import ServiceAbsent

NO_HEADERS: Mapping[str, str] = {}


class Document(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: str


def ask(
    method: str,
    address: Address,
    path: str = "",
    *,
    headers: Mapping[str, str] = NO_HEADERS,
    body: bytes | None = None,
    timeout_s: float = 10.0,
) -> Document:
    """Send one request over a connection of its own; raises ServiceAbsent where no answer comes."""
    tls = address.tls()
    connection = (
        http.client.HTTPConnection(address.host, address.port, timeout=timeout_s)
        if tls is None
        else http.client.HTTPSConnection(address.host, address.port, timeout=timeout_s, context=tls)
    )
    try:
        connection.request(method, f"{address.prefix}{path}" or "/", body, dict(headers))
        response = connection.getresponse()
        content = response.read().decode("utf-8", "replace")
        lowered = {name.lower(): value for name, value in response.headers.items()}
        return Document(response.status, lowered, content)
    except (OSError, http.client.HTTPException) as error:
        raise ServiceAbsent(f"{method} {address.url}{path}: found no answer ({error})") from error
    finally:
        connection.close()
