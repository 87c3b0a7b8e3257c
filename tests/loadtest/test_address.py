"""A URL is cut once, and what is none is refused."""

from __future__ import annotations

import pytest

from loadtest.address import Address
from loadtest.errors import FileInvalid


@pytest.mark.parametrize(
    ("url", "address", "netloc"),
    [
        ("http://localhost:8080", Address("http", "localhost", 8080, ""), "localhost:8080"),
        ("http://nlu.example/", Address("http", "nlu.example", 80, ""), "nlu.example"),
        ("https://nlu.example/v1/", Address("https", "nlu.example", 443, "/v1"), "nlu.example"),
        ("http://[::1]:9000", Address("http", "::1", 9000, ""), "[::1]:9000"),
    ],
)
def test_a_url_is_cut(url: str, address: Address, netloc: str) -> None:
    assert Address.of(url) == address
    assert address.netloc == netloc
    assert (address.tls() is not None) == url.startswith("https")


@pytest.mark.parametrize(
    "url", ["localhost:8080", "ftp://a", "http://", "http://a:port", "http://a?b=c", "http://[::1"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(FileInvalid, match="expected http://HOST:PORT"):
        Address.of(url)
