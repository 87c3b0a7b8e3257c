"""Addresses of mail and web, and numbers of telephones: each is one token, whatever marks are in it.

To a model, an address of mail is like any other, and so is one of the web: it knows them by a class, not by their spelling.
"""

import re

ADDRESS = re.compile(
    r"""
    (?P<mail> (?<![\w.%+-]) [\w.%+-]*\w @ (?:[^\W_](?:[\w-]*[^\W_])?\.)+ [^\W\d_]{2,} )
  | (?P<web>
      (?: https?:// | (?<!\w)www\. ) [^\s<>|"]* [\w/]
    | (?<![\w.@-]) (?:[^\W_](?:[\w-]*[^\W_])?\.)+ (?:com|net|org|edu|gov|info|io|eu|es|it|in|us|uk|tv|me|app|dev)\b
      (?: /(?:[^\s<>|"]*[\w/])? )? (?![\w@])
    )
  | (?<![\w.-]) \d{2,}(?:[-.]\d{2,})*[-.]\d{4,} (?![\w.-]*\w)  # of a telephone
    """,
    re.VERBOSE | re.IGNORECASE,
)
LINK = re.compile(r"<(?:mailto:|https?:)[^\s|<>]*\|(?=[^\s|<>]+>)")
"""What a chat program puts before the text of a link, which says the same."""
AREA_CODE = re.compile(r"(?:\+?\d{1,3}[ .-]?)?\(\d{1,5}\)[ .-]?\d(?:[ .-]?\d)+")
"""A number of a telephone that has its area code in brackets: several tokens, and one value."""
CLASSES = {"mail": "<mail>", "web": "<web>"}
"""What models know addresses by; no token of a text is written so."""


def class_of(word: str) -> str | None:
    """The class of a token that is an address of mail or web; None for any other."""
    address = ADDRESS.fullmatch(word) if "." in word or "//" in word else None
    return CLASSES.get(address.lastgroup or "") if address else None


def spelling(word: str) -> str:
    """The characters by which a model knows a word: none of a class."""
    return "" if word in CLASSES.values() else word
