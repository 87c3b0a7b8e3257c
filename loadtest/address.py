"""Where the service is: a URL, cut once."""

import ssl
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from loadtest.errors import FileInvalid

PORTS = {"http": 80, "https": 443}


class Address(NamedTuple):
    """Scheme, host, port, and the path under which the service's own paths stand ("" or "/nlu")."""

    scheme: str
    host: str
    port: int
    prefix: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Cut a URL such as http://localhost:8080; raises FileInvalid."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise FileInvalid(f"{url!r}: found {error}, expected http://HOST:PORT") from error
        if parts.scheme not in PORTS or not parts.hostname or parts.query or parts.fragment:
            raise FileInvalid(f"{url!r}: found no address, expected http://HOST:PORT or https://HOST:PORT")
        return cls(parts.scheme, parts.hostname, port or PORTS[parts.scheme], parts.path.rstrip("/"))

    @property
    def netloc(self) -> str:
        """As the Host header names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL again."""
        return f"{self.scheme}://{self.netloc}{self.prefix}"

    def tls(self) -> ssl.SSLContext | None:
        """What a connection needs to be encrypted; None where it is not."""
        return ssl.create_default_context() if self.scheme == "https" else None
