"""Variables that Kubernetes puts into every container for each Service of its namespace, as Docker's links did before.

For a Service named `polyparse`, at 10.0.0.1 and port 80:

    POLYPARSE_SERVICE_HOST=10.0.0.1    POLYPARSE_PORT=tcp://10.0.0.1:80         POLYPARSE_PORT_80_TCP=tcp://10.0.0.1:80
    POLYPARSE_SERVICE_PORT=80          POLYPARSE_SERVICE_PORT_HTTP=80           POLYPARSE_PORT_80_TCP_PROTO=tcp, _PORT=80,
                                                                                _ADDR=10.0.0.1

and with POLYPARSE_ADMIN_... for one named `polyparse-admin`. They are told from settings by name and value together.
"""

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

PROTOCOLS = frozenset({"tcp", "udp", "sctp"})


class Form(NamedTuple):
    """How the name of a variable ends, behind that of its Service, and the kind of its value."""

    name: re.Pattern[str]
    kind: str


FORMS = (
    Form(re.compile(r"\w+_SERVICE_HOST"), "address"),
    Form(re.compile(r"\w+_SERVICE_PORT(_\w+)?"), "port"),
    Form(re.compile(r"\w+_PORT(_\d+_(TCP|UDP|SCTP))?"), "url"),
    Form(re.compile(r"\w+_PORT_\d+_(TCP|UDP|SCTP)_PROTO"), "protocol"),
    Form(re.compile(r"\w+_PORT_\d+_(TCP|UDP|SCTP)_PORT"), "port"),
    Form(re.compile(r"\w+_PORT_\d+_(TCP|UDP|SCTP)_ADDR"), "address"),
)


def service_links(environ: Mapping[str, str], prefix: str) -> Sequence[str]:
    """The names of all such variables that begin with `prefix`, in order."""
    return sorted(name for name, value in environ.items() if name.startswith(prefix) and is_link(name, value))


def is_link(name: str, value: str) -> bool:
    """Whether a variable has the form of one that tells of a Service."""
    return any(form.name.fullmatch(name) and _is_of_kind(form.kind, value) for form in FORMS)


def _is_of_kind(kind: str, value: str) -> bool:
    match kind:
        case "address":
            return _is_address(value)
        case "port":
            return value.isascii() and value.isdigit()
        case "protocol":
            return value in PROTOCOLS
    return _is_url(value)


def _is_url(value: str) -> bool:
    """Whether it is a protocol, an address and a port, and nothing else: tcp://10.0.0.1:80, tcp://[fd00::1]:80."""
    try:
        url = urlsplit(value)
        has_rest = bool(url.path or url.query or url.fragment or url.username)
        return url.scheme in PROTOCOLS and url.port is not None and not has_rest and _is_address(url.hostname)
    except ValueError:
        return False


def _is_address(value: str | None) -> bool:
    try:
        ip_address(value or "")
    except ValueError:
        return False
    return True
