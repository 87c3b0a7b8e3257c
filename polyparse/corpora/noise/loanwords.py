"""English words that Hindi writes in Devanagari, and that its writers in Latin letters spell as English does.

`loanwords.txt` has a word and its spelling on each line.
"""

from collections.abc import Mapping
from importlib.resources import files
from unicodedata import normalize

_TEXT = files(__package__).joinpath("loanwords.txt").read_text(encoding="utf-8")
LOANWORDS: Mapping[str, str] = dict(line.split() for line in normalize("NFC", _TEXT).splitlines())
"""By their form in NFC, which writes a letter and its dot below as two code points."""
