"""Lines of a corpus file with path and number, so that every error can name its place."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from unicodedata import category

from polyparse.corpora.example import Origin
from polyparse.errors import CorpusError


class Line(NamedTuple):
    """One line without its end; numbers start at 1."""

    path: Path
    number: int
    text: str

    def error(self, message: str) -> CorpusError:
        """The error to raise when this line does not follow the format."""
        return CorpusError(message, path=self.path, line=self.number)

    def origin(self, *remarks: str) -> Origin:
        """What an example read from this line has as its origin."""
        return Origin(self.path, self.number, remarks)

    def check_name(self, kind: str, name: str) -> None:
        """Raise CorpusError for the name of a slot, intent or domain that shows nothing to the eye."""
        if is_blank(name):
            raise self.error(f"found the {kind} {name!a}, expected a name with a visible character")


def is_blank(text: str) -> bool:
    """Whether the text is empty, or made of spaces, controls, combining marks and other invisible characters alone."""
    return all(char in _INVISIBLE or category(char)[0] in "ZCM" for char in text)


def read_lines(path: Path, *, latin_1: bool = False) -> list[Line]:
    """All lines of a UTF-8 file, blank ones too; `latin_1` lets a file that is not UTF-8 be read as Latin-1.

    Raises CorpusError for a file that cannot be read, is in another encoding, or holds only white space.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CorpusError(
            f"found no readable file ({error.strerror}), expected a corpus", path=path
        ) from error
    text = _decode(raw, path, latin_1=latin_1)
    if not text.strip():
        raise CorpusError("found an empty file, expected utterances", path=path)
    # str.splitlines would also cut at U+0085 and U+2028, which may stand inside an utterance.
    return [
        Line(path, number, line.removesuffix("\r")) for number, line in enumerate(text.split("\n"), start=1)
    ]


class PlacedLine(NamedTuple):
    """A line, and where its bytes stand in the file: `offset` is the first, `size` how many there are."""

    line: Line
    offset: int
    size: int


def stream_lines(path: Path) -> Iterator[PlacedLine]:
    """The lines of a UTF-8 file that are not blank, one after the other: the file is never in memory as a whole.

    Raises CorpusError as `read_lines` does, for a line in another encoding when it is its turn.
    """
    try:
        with path.open("rb") as file:
            offset = 0
            for number, raw in enumerate(file, start=1):
                if raw.strip():
                    yield PlacedLine(line_of(path, number, raw), offset, len(raw))
                offset += len(raw)
    except OSError as error:
        raise CorpusError(
            f"found no readable file ({error.strerror}), expected a corpus", path=path
        ) from error


def line_of(path: Path, number: int, raw: bytes) -> Line:
    """The line that these bytes are."""
    try:
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        invalid = raw[error.start : error.end].hex(" ")
        raise CorpusError(f"found bytes {invalid}, expected UTF-8", path=path, line=number) from error
    return Line(path, number, text.rstrip("\r\n"))


def _decode(raw: bytes, path: Path, *, latin_1: bool) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if latin_1:
            return raw.decode("latin-1").translate(_NOT_TEXT)
        line = raw.count(b"\n", 0, error.start) + 1
        invalid = raw[error.start : error.end].hex(" ")
        raise CorpusError(f"found bytes {invalid}, expected UTF-8", path=path, line=line) from error


# In a Latin-1 text file these come from damage, not from control codes; U+FFFD stands for a lost character.
_NOT_TEXT = dict.fromkeys(range(0x80, 0xA0), "\ufffd")
_INVISIBLE = "\u115f\u1160\u2800\u3164\uffa0"
"""Fillers and the blank of Braille, which Unicode calls letters and a symbol."""
