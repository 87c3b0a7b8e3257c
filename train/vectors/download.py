"""Published files by URL: a download that was cut goes on where it was, and the bytes are those that were pinned.

bytes so far -> ask for the rest, of the same file -> append; a cut is another try
-> size and sha256 as pinned, or pinned now -> flushed to disk -> renamed into its place
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from polyparse.errors import ConfigError
from train.progress import Progress
from train.vectors.errors import DownloadFailed, PinMismatch
from train.vectors.http_source import Interrupted, answer, check_url, name_of
from train.vectors.partial_file import PartialNote, held
from train.vectors.pins import FilePin, Pins

if TYPE_CHECKING:
    from train.vectors.http_source import FileAnswer
    from train.vectors.partial_file import PartialFile

TRIES = 5
"""How often in a row a server may give no byte that had not come before."""
TIMEOUT_S = 30.0
"""How long a server may be silent."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0


@dataclass(frozen=True, kw_only=True)
class Downloader:
    """Downloads files into a folder; `wait` is called with seconds before another try."""

    folder: Path
    pins: Pins
    progress: Progress
    wait: Callable[[float], None] = time.sleep
    timeout_s: float = TIMEOUT_S

    def fetch(self, url: str, *, sha256: str | None = None) -> Path:
        """The file of a URL, which is there afterwards, with the pinned bytes; `sha256` is what the caller expects.

        Raises:
            ConfigError: this is no URL, or a file of that name is there that no pin tells of.
            DownloadFailed: it cannot be had, or not written; what came is kept, and the same call goes on from it.
            DownloadBusy: another process downloads it.
            PinMismatch: it is not what was pinned or expected.
        """
        check_url(url)
        file, pin = self.folder / name_of(url), self.pins.find(url)
        if pin and sha256 and pin.sha256 != sha256:
            raise PinMismatch(f"found sha256 {pin.sha256} in {self.pins.path}, expected {sha256}", place=url)
        if file == self.pins.path:
            raise ConfigError(f"{url}: found the name of the pin file, {file}, expected another one")
        if file.exists():
            self._check_existing(file, url, pin)
            return file
        self.folder.mkdir(parents=True, exist_ok=True)
        with held(file) as partial:
            self._complete(partial, url, pin, sha256)
            found = FilePin(partial.size, partial.sha256)
            if (pin and found != pin) or (sha256 and found.sha256 != sha256):
                partial.discard()
                raise PinMismatch(
                    f"found {found.size} bytes of sha256 {found.sha256}, expected {_said(pin, sha256)}; what came is"
                    " removed; another try begins anew, and if that ends so too, the file was published anew",
                    place=url,
                )
            self.pins.add(url, found)  # before the file is there: a file without a pin is refused
            partial.finish()
        self.progress.say(
            f"{file}: {found.size} bytes, sha256 {found.sha256}{'' if pin else ' (pinned now)'}"
        )
        return file

    def _check_existing(self, file: Path, url: str, pin: FilePin | None) -> None:
        if pin is None:
            raise ConfigError(
                f"{file}: found a file that {self.pins.path} does not tell of, expected none before the first download:"
                " move it away"
            )
        with file.open("rb") as stream:
            found = FilePin(file.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest())
        if found != pin:
            raise PinMismatch(
                f"found {found.size} bytes of sha256 {found.sha256}, expected {_said(pin, None)} from {url};"
                " remove it to download it again",
                place=file,
            )
        self.progress.say(f"{file}: is there, {found.size} bytes, sha256 {found.sha256}")

    def _complete(self, partial: PartialFile, url: str, pin: FilePin | None, sha256: str | None) -> None:
        """Bring all bytes that are missing, in as many tries as it takes while each brings some."""
        note = partial.note()
        is_known = note is not None and note.url == url and bool(note.validator or pin or sha256)
        if not is_known:
            partial.begin(PartialNote(url))
        furthest, failures = partial.size, 0
        while pin is None or partial.size < pin.size:
            try:
                self._attempt(partial, url, pin, is_checked=bool(pin or sha256))
            except Interrupted as error:
                failures = 1 if partial.size > furthest else failures + 1
                furthest = max(furthest, partial.size)
                if failures >= TRIES:
                    raise DownloadFailed(
                        f"found {error} {TRIES} times with {partial.size} bytes here, expected more of them; the same"
                        " command goes on from there",
                        place=url,
                    ) from error
                self.wait(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (failures - 1)))
            else:
                return

    def _attempt(self, partial: PartialFile, url: str, pin: FilePin | None, *, is_checked: bool) -> None:
        """Ask once for what is missing, and take it; raises Interrupted where some still is."""
        note = partial.note() or PartialNote(url)
        with closing(answer(url, partial.size, note.validator, timeout_s=self.timeout_s)) as given:
            if given.body is None:  # nothing is left behind the bytes that came
                if given.size == partial.size and note.size in {None, given.size}:
                    return
                partial.begin(PartialNote(url))
                raise Interrupted("a shorter file than the one begun")
            if pin and given.size not in {None, pin.size}:
                raise PinMismatch(
                    f"found a file of {given.size} bytes, expected {_said(pin, None)}", place=url
                )
            if not (given.is_delimited or given.size is not None or is_checked):
                raise DownloadFailed(
                    "found an answer without a length, which cannot be told from a cut one, expected a length, or --sha256",
                    place=url,
                )
            self._agree(partial, note, given)
            self._take(partial, given, pin, url)

    def _agree(self, partial: PartialFile, note: PartialNote, given: FileAnswer) -> None:
        """Begin anew unless the answer continues the bytes that came."""
        is_same = given.validator in {None, note.validator} and note.size in {None, given.size}
        if given.start == partial.size and partial.size and is_same:
            return
        if given.start:
            partial.begin(PartialNote(note.url))
            raise Interrupted("a part that does not continue the bytes that came")
        if partial.size:
            self.progress.say(
                f"{note.url}: the server gives no part of it, or it was changed; from the beginning"
            )
        partial.begin(PartialNote(note.url, given.validator, given.size))

    def _take(self, partial: PartialFile, given: FileAnswer, pin: FilePin | None, url: str) -> None:
        most = pin.size if pin else given.size
        with self.progress.stage(f"{name_of(url)} (bytes)", most) as step:
            while block := given.read():
                if most is not None and partial.size + len(block) > most:
                    raise PinMismatch(f"found more than {most} bytes, expected no more", place=url)
                partial.append(block)
                step(partial.size)
        if given.size is not None and partial.size < given.size:
            raise Interrupted(f"an end after {partial.size} of {given.size} bytes")


def _said(pin: FilePin | None, sha256: str | None) -> str:
    return f"{pin.size} bytes of sha256 {pin.sha256} as pinned" if pin else f"sha256 {sha256}"
