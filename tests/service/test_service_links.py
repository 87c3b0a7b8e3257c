"""Variables that Kubernetes makes for a Service are told from settings by their form, and from mistakes in settings."""

import pytest

from service.service_links import is_link, service_links

ADDRESSES = {"10.0.0.1": "10.0.0.1", "fd00::1": "[fd00::1]"}


def injected(service: str, address: str, *, port: int = 80, name: str = "HTTP") -> dict[str, str]:
    """What a container gets for a Service with one port."""
    prefix, url = service.upper().replace("-", "_"), f"tcp://{ADDRESSES[address]}:{port}"
    link = f"{prefix}_PORT_{port}_TCP"
    return {
        f"{prefix}_SERVICE_HOST": address,
        f"{prefix}_SERVICE_PORT": str(port),
        f"{prefix}_SERVICE_PORT_{name}": str(port),
        f"{prefix}_PORT": url,
        link: url,
        f"{link}_PROTO": "tcp",
        f"{link}_PORT": str(port),
        f"{link}_ADDR": address,
    }


@pytest.mark.parametrize("service", ["polyparse", "polyparse-admin", "polyparse-2", "polyparse-port"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_every_variable_of_a_service_is_one(service: str, address: str) -> None:
    environ = injected(service, address)
    assert service_links(
        {**environ, "PATH": "/bin", "OTHER_PORT": "tcp://10.0.0.1:80"}, "POLYPARSE_"
    ) == sorted(environ)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POLYPARSE_PORT", "8080"),
        ("POLYPARSE_PORT", "eighty"),
        ("POLYPARSE_PORT", "tcp://10.0.0.1"),
        ("POLYPARSE_PORT", "tcp://10.0.0.1:80/x"),
        ("POLYPARSE_PORT", "tcp://10.0.0.1:99999"),
        ("POLYPARSE_PORT", "http://10.0.0.1:80"),
        ("POLYPARSE_PROT", "80"),
        ("POLYPARSE_HOST", "10.0.0.1"),
        ("POLYPARSE_SERVICE_HOST", "example"),
        ("POLYPARSE_SERVICE_PORT", "http"),
        ("POLYPARSE_PORT_80_TCP_PROTO", "http"),
        ("POLYPARSE_ADMIN_PORT", "9000"),
        ("POLYPARSE_MODEL", "tcp://10.0.0.1:80"),
    ],
)
def test_a_setting_or_a_mistake_in_one_is_none(name: str, value: str) -> None:
    assert not is_link(name, value)
