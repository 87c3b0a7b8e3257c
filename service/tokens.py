"""The tokens of administrators: a file of them, one a line, read anew when it changes.

    # ann, until March
    6f1c0a...

Blank lines and those that begin with "#" are skipped. What is kept in memory, and compared, is the sha256 of each. A file
that would be refused at the start admits nobody until it is mended: a file that was emptied must not let old tokens live on.
"""

import hashlib
import hmac
import logging
import re
import stat
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

from polyparse.errors import ConfigError

MAX_BYTES = 65_536
TOKEN = re.compile(rb"[!-~]{1,512}")
"""What can stand in a header behind "Bearer ": visible ASCII."""
LOOK_S = 0.25

Stamp = tuple[int, ...]
"""What changes when the file does."""

logger = logging.getLogger(__name__)


class Tokens:
    """The tokens that are valid now. `admits` is called in the event loop's thread, `look` in another: it reads a file."""

    def __init__(self, file: Path) -> None:
        """Read the file; a ConfigError says why it cannot be used."""
        self._file = file
        self._stamp: Stamp = ()
        self._digests: tuple[bytes, ...] = ()
        self._ended = Event()
        self._problem = ""
        self._read()

    def admits(self, token: bytes) -> bool:
        """Whether this is one of them; it takes as long for any that is not."""
        presented = hashlib.sha256(token).digest()
        return any([hmac.compare_digest(presented, each) for each in self._digests])  # noqa: C419 - all are compared

    def start(self) -> None:
        """Look again and again, in a thread, until `stop`."""
        Thread(target=self._watch, name="token-watcher", daemon=True).start()

    def close(self) -> None:
        """Look no more. Does not wait."""
        self._ended.set()

    def look(self) -> None:
        """Read the file anew if it has changed; why it cannot be used is logged once, without any of its bytes."""
        try:
            if self._read():
                logger.info("tokens read anew", extra={"tokens": len(self._digests)})
            self._problem = ""
        except ConfigError as error:
            self._stamp, self._digests = (), ()
            if str(error) != self._problem:
                logger.error("nobody is admitted: %s", error)  # noqa: TRY400 - the message says all
            self._problem = str(error)

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_S):
            self.look()

    def _read(self) -> bool:
        """Whether the file is another one than before, and could be read."""
        try:
            found = self._file.stat()
            stamp = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode)
            if stamp == self._stamp:
                return False
            self._check(found.st_mode, found.st_size)
            content = self._file.read_bytes()
        except OSError as error:
            raise self._refused(f"no way to read it ({error.strerror or error})") from error
        self._digests = tuple(hashlib.sha256(token).digest() for token in self._tokens(content))
        self._stamp = stamp
        return True

    def _check(self, mode: int, size: int) -> None:
        if not stat.S_ISREG(mode):
            raise self._refused("what is no file")
        if size > MAX_BYTES:
            raise self._refused(f"{size} bytes")
        if mode & stat.S_IWOTH:
            raise self._refused(
                f"mode {stat.S_IMODE(mode):o}, by which every user may write a token into it,"
            )
        if mode & stat.S_IROTH:
            logger.warning(
                "every user of this machine may read the tokens of %s (mode %o); `chmod o-r` withholds them",
                self._file,
                stat.S_IMODE(mode),
            )

    def _tokens(self, content: bytes) -> list[bytes]:
        tokens = list(self._lines(content))
        if not tokens:
            raise self._refused("no token")
        return tokens

    def _lines(self, content: bytes) -> Iterator[bytes]:
        for number, line in enumerate(content.removeprefix(BOM_UTF8).splitlines(), start=1):
            token = line.strip()
            if not token or token.startswith(b"#"):
                continue
            if not TOKEN.fullmatch(token):
                raise self._refused(
                    f"in line {number} something other than 1 to 512 visible characters of ASCII"
                )
            yield token

    def _refused(self, found: str) -> ConfigError:
        return ConfigError(
            f"--admin-token-file: {self._file}: found {found}, expected a file of tokens, one a line"
        )
