"""Addresses of mail and web, and numbers of telephones: each is one token, whatever marks are in it."""

import re

ADDRESS = re.compile(
    r"""
    (?<![\w.%+-]) [\w.%+-]*\w @ (?:[^\W_](?:[\w-]*[^\W_])?\.)+ [^\W\d_]{2,}  # of mail
  | (?: https?:// | (?<!\w)www\. ) [^\s<>|"]* [\w/]  # of the web
  | (?<![\w.@-]) (?:[^\W_](?:[\w-]*[^\W_])?\.)+ (?:com|net|org|edu|gov|info|io|eu|es|it|in|us|uk|tv|me|app|dev)\b
    (?: /(?:[^\s<>|"]*[\w/])? )? (?![\w@])
  | (?<![\w.-]) \d{2,}(?:[-.]\d{2,})*[-.]\d{4,} (?![\w.-]*\w)  # of a telephone
    """,
    re.VERBOSE | re.IGNORECASE,
)
LINK = re.compile(r"<(?:mailto:|https?:)[^\s|<>]*\|(?=[^\s|<>]+>)")
"""What a chat program puts before the text of a link, which says the same."""
