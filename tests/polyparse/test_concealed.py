"""Secrets are masked wherever a message quotes them; ordinary text stays as it is."""

import pytest

from polyparse.concealed import concealed, names_a_secret

SECRET = "wJalrXUtnFEMI/K7MDENG"  # noqa: S105 - nobody's

SHOWN = {
    f"Authorization: Bearer {SECRET}": "Authorization: ***",
    f"(b'authorization', b'Basic {SECRET}')": "(b'authorization', b'***')",
    f'{{"Authorization": "AWS4-HMAC-SHA256 {SECRET}"}}': '{"Authorization": "***"}',
    f"sent Bearer {SECRET}": "sent Bearer ***",
    f"aws_secret_access_key={SECRET}": "aws_secret_access_key=***",
    f"--admin-token={SECRET} is unknown": "--admin-token=*** is unknown",
    f"'password': '{SECRET}'": "'password': '***'",
    "s3://key:w0rd@nlu/models": "s3://***@nlu/models",
    f"https://h/k?X-Amz-Credential=AK%2Feu&X-Amz-Signature={SECRET}&n=1": (
        "https://h/k?X-Amz-Credential=***&X-Amz-Signature=***&n=1"
    ),
    "https://h/k?sv=2026&sig=ab%2Bcd": "https://h/k?sv=2026&sig=***",
    "found AKIAIOSFODNN7EXAMPLE": "found ***",
    f"pem -----BEGIN EC PRIVATE KEY-----\n{SECRET}\n-----END EC PRIVATE KEY-----.": "pem ***.",
    f"pem -----BEGIN PRIVATE KEY-----\n{SECRET}": "pem ***",
}


@pytest.mark.parametrize("text", SHOWN)
def test_a_secret_is_masked_by_its_name_or_form(text: str) -> None:
    assert concealed(text) == SHOWN[text]
    assert concealed(concealed(text)) == concealed(text)


@pytest.mark.parametrize(
    "text",
    [
        "found 12 tokens waiting, expected at most 8192",
        "--admin-token-file: /run/tokens: found no token, expected a file of tokens, one a line",
        "POLYPARSE_ADMIN_TOKEN: found an unknown variable, expected POLYPARSE_ADMIN_TOKEN_FILE",
        "polyparse running on http://127.0.0.1:8080",
        "s3://nlu/models/massive/state.json: found EndpointConnectionError",
        "basic words, and a signature that is absent",
        "mail ann@example.org",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert concealed(text) == text


@pytest.mark.parametrize(
    "name", ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "password"]
)
def test_a_name_tells_of_a_secret(name: str) -> None:
    assert names_a_secret(name)


@pytest.mark.parametrize("name", ["tokens", "admin_token_file", "PATH", "key"])
def test_a_name_tells_of_none(name: str) -> None:
    assert not names_a_secret(name)
