"""Utterances written for this project: in languages that MASSIVE's four do not cover, and with names and words from such.

UNSERVED has what one might say to an assistant in Portuguese, Catalan, Romanian, Marathi and Nepali, by language. NAMES has
utterances in a served language, by locale, about people, places, titles and things that are called by foreign words; they
are to be answered. One utterance a line.
"""

from collections.abc import Mapping
from importlib.resources import files

_OF_NAMES = "names-"
_TEXTS = {
    file.name.removesuffix(".txt"): tuple(file.read_text(encoding="utf-8").splitlines())
    for file in sorted(files(__name__).iterdir(), key=lambda file: file.name)
    if file.name.endswith(".txt")
}
UNSERVED: Mapping[str, tuple[str, ...]] = {
    language: texts for language, texts in _TEXTS.items() if not language.startswith(_OF_NAMES)
}
NAMES: Mapping[str, tuple[str, ...]] = {
    name.removeprefix(_OF_NAMES): texts for name, texts in _TEXTS.items() if name.startswith(_OF_NAMES)
}
