"""Text for messages, in which whatever is likely a secret is written as ***.

    Authorization: Bearer eyJhb...        what follows the name of a header or a setting that holds one
    s3://key:word@nlu/models              who asks, in a URL
    ?X-Amz-Signature=9f86d081             a value in a query, or an option, whose name says that it is one
    AKIAIOSFODNN7EXAMPLE                  an id of a key, by its form
    -----BEGIN PRIVATE KEY-----           a key in PEM

It is a net below messages that should hold none to begin with: what has neither name nor form is not found.
"""

import re

MASK = "***"
_NAME = (
    r"(?:authorization|password|passwd|passphrase|secret|token|credentials?|signature|sig|cookie"
    r"|(?:api|access|secret|private)[-_]?key(?:[-_]?id)?)"
)
_QUOTES = r"[\\'\"]*"
_BETWEEN = rf"{_QUOTES}(?:\s*[=:]\s*|\s*,\s*(?=b?['\"]))(?:b(?=['\"]))?{_QUOTES}"
"""Between a name and its value, in headers, queries, options, JSON, and Python's own way of showing bytes."""
_OWN_WORDS = r"(?:found|expected|tag)"
"""What follows such a name in messages of ours; "token:tag" is how a corpus is written."""
_SCHEME = r"(?:(?:bearer|basic|aws4-hmac-sha256)\s+)?"
_FORMS = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    r"(?P<user>://)[^\s/@'\"]+(?=@)",
    rf"(?P<name>{_NAME}{_BETWEEN}){_SCHEME}(?!{_OWN_WORDS}\b)[^\s'\"&,;)}}\]]+",
    r"(?P<scheme>\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}",
    r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b",
)
_SECRETS = re.compile("|".join(_FORMS), re.IGNORECASE | re.DOTALL)
_SECRET_NAME = re.compile(rf"{_NAME}\Z", re.IGNORECASE)


def concealed(text: str) -> str:
    """The text without secrets."""
    return _SECRETS.sub(_masked, text)


def names_a_secret(name: str) -> bool:
    """Whether what bears this name, such as a field or a variable, is a secret."""
    return _SECRET_NAME.search(name) is not None


def _masked(found: re.Match[str]) -> str:
    return f"{found['user'] or found['name'] or found['scheme'] or ''}{MASK}"
