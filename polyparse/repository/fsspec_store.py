"""Objects behind any URL that fsspec knows (`s3://`, `gs://`, `memory://`). What it asks may be slow, and ends by itself.

S3 takes its keys, region and endpoint from AWS's variables and files: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN, AWS_PROFILE, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_CA_BUNDLE.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from polyparse.errors import AccessDenied, ConfigError, EditsUnsafe, FileMissing, RepositoryUnreachable
from polyparse.repository import google_storage
from polyparse.repository.store import Lost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Put = Callable[[Any, str, bytes, str | None], None]

CONNECT_S, READ_S = 2, 5
ATTEMPTS = 2
"""Of each request, the first one included. Who asks for what matters asks again."""
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "FSSPEC_S3_ENDPOINT_URL")
EXTRAS: Mapping[str, str] = {
    "s3": "pip install -c requirements/constraints.txt -e '.[s3]'",
    "gs": "pip install -c requirements/constraints.txt gcsfs",
}
"""Protocol -> what installs what it needs; fsspec says so itself of others."""
LOST = ("PreconditionFailed", "412", "ConditionalRequestConflict", "409")
"""S3's codes for a condition that does not hold, and for a put that another one came before."""
WRITTEN = ("LastModified", "last_modified", "mtime", "created")
"""What stores call the time at which an object was put: S3, Azure, Google, fsspec's memory."""
PAST_END = ("InvalidRange", "416")
DENIED = ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "DefaultCredentialsError")
UNAUTHORISED = ("401", "403")
FORBIDDEN = "Forbidden: "
"""How gcsfs begins an OSError that has no code."""


class FsspecStore:
    """The objects below a URL."""

    def __init__(self, url: str) -> None:
        """ConfigError where a package is missing, or the URL is none that fsspec knows."""
        self.url = url.rstrip("/")
        self._protocol = url.partition("://")[0]
        self._fs, self._root = _opened(self.url, self._protocol)

    def read(self, key: str) -> bytes | None:
        """See `ObjectStore`."""
        try:
            with self._asking(key):
                content: bytes = self._fs.cat_file(self._path(key))
        except FileMissing:
            return None
        return content

    def read_range(self, key: str, start: int, end: int) -> bytes:
        """See `ObjectStore`."""
        with self._asking(key):
            try:
                content: bytes = self._fs.cat_file(self._path(key), start=start, end=end)
            except Exception as error:
                if code_of(error) not in PAST_END:
                    raise
                return b""
        return content

    def tag(self, key: str) -> str | None:
        """See `ObjectStore`."""
        try:
            with self._asking(key):
                return TAGS.get(self._protocol, _no_tag)(self._fs, self._path(key))
        except FileMissing:
            return None

    def keys(self, prefix: str) -> list[str]:
        """See `ObjectStore`."""
        return list(self.written_s(prefix))

    def written_s(self, prefix: str) -> dict[str, float | None]:
        """See `ObjectStore`."""
        try:
            with self._asking(prefix):
                found = self._fs.find(self._path(prefix), detail=True)
        except FileMissing:
            return {}
        keys = {path.removeprefix(self._root).lstrip("/"): info for path, info in sorted(found.items())}
        # SeaweedFS lists a folder that is empty by now as an object.
        return {key: _written_s(info) for key, info in keys.items() if key.startswith(prefix)}

    def put(self, key: str, content: bytes) -> None:
        """See `ObjectStore`."""
        with self._asking(key):
            self._fs.pipe_file(self._path(key), content)

    def put_new(self, key: str, content: bytes) -> None:
        """See `ObjectStore`."""
        self._put_after(key, content, None)

    def put_if(self, key: str, content: bytes, tag: str) -> None:
        """See `ObjectStore`."""
        self._put_after(key, content, tag)

    def upload(self, file: Path, key: str) -> None:
        """See `ObjectStore`."""
        with self._asking(key):
            self._fs.put_file(str(file), self._path(key))

    def remove(self, key: str) -> None:
        """See `ObjectStore`."""
        try:
            with self._asking(key):
                self._fs.rm_file(self._path(key))
        except FileMissing:
            pass

    def _put_after(self, key: str, content: bytes, tag: str | None) -> None:
        put = PUTS.get(self._protocol)
        if put is None:
            known = ", ".join(PUTS)
            raise EditsUnsafe(
                f"found {self._protocol}, expected a store whose conditional puts are known here ({known}, file)",
                file=self.url,
            )
        with self._asking(key):
            put(self._fs, self._path(key), content, tag)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}" if key else self._root

    @contextmanager
    def _asking(self, key: str) -> Iterator[None]:
        """Turn whatever is raised by the libraries below, which have a dozen unrelated classes for it, into our errors."""
        place = f"{self.url}/{key}"
        try:
            yield
        except (Lost, FileMissing):
            raise
        except FileNotFoundError as error:
            raise FileMissing("found no such object, expected one", file=place) from error
        except Exception as error:
            found = f"{type(error).__name__}: {error}"
            if _is_denied(error):
                raise AccessDenied(f"found {found}, expected keys that allow this", file=place) from error
            raise RepositoryUnreachable(f"found {found}, expected an answer", file=place) from error


def _opened(url: str, protocol: str) -> tuple[Any, str]:
    try:
        import fsspec  # noqa: PLC0415 - an extra: a folder of models needs none of it

        return fsspec.url_to_fs(url, **_options(protocol))  # type: ignore[no-any-return]
    except ImportError as error:
        install = EXTRAS.get(protocol, EXTRAS["s3"])
        raise ConfigError(
            f"{url}: found no package for {protocol}:// ({error}), expected it: {install}"
        ) from error
    except ValueError as error:
        raise ConfigError(
            f"{url}: found {error}, expected a URL that fsspec knows, such as s3://bucket/models"
        ) from error


def _options(protocol: str) -> dict[str, Any]:
    """An own connection that remembers no listings; with an endpoint of one's own, buckets stand in the path."""
    options: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
    if protocol == "s3":
        config: dict[str, Any] = {
            "connect_timeout": CONNECT_S,
            "read_timeout": READ_S,
            "retries": {"total_max_attempts": ATTEMPTS, "mode": "standard"},
        }
        if any(os.environ.get(name) for name in ENDPOINTS):
            config["s3"] = {"addressing_style": "path"}
        options["config_kwargs"] = config
    if protocol == "gs":
        options |= google_storage.options(CONNECT_S, READ_S)
    return options


def _put_s3(fs: Any, path: str, content: bytes, tag: str | None) -> None:
    condition: dict[str, str] = {"mode": "create"} if tag is None else {"IfMatch": tag}
    try:
        fs.pipe_file(path, content, **condition)
    except FileExistsError as error:
        raise Lost(path) from error
    except OSError as error:
        is_gone = tag is not None and isinstance(error, FileNotFoundError)
        if is_gone or code_of(error) in LOST:
            raise Lost(path) from error
        raise


def code_of(error: Exception) -> str:
    """The code by which S3 or Google says what is wrong; "" where it said nothing."""
    response = getattr(error.__cause__, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or getattr(error, "code", ""))


def _is_denied(error: Exception) -> bool:
    """Whether it is for want of a key, or of one that may do it."""
    is_known = isinstance(error, PermissionError) or type(error).__name__ in DENIED
    return is_known or code_of(error) in UNAUTHORISED or str(error).startswith(FORBIDDEN)


_memory = Lock()


def _put_memory(fs: Any, path: str, content: bytes, tag: str | None) -> None:
    with _memory:
        if (_tag_memory(fs, path) if fs.exists(path) else None) != tag:
            raise Lost(path)
        fs.pipe_file(path, content)


def _tag_memory(fs: Any, path: str) -> str:
    return hashlib.sha256(fs.cat_file(path)).hexdigest()


def _tag_s3(fs: Any, path: str) -> str:
    return str(fs.info(path)["ETag"])


def _no_tag(fs: Any, path: str) -> str:
    """For stores without conditional puts, which no tag is given to."""
    return str(fs.info(path).get("etag", ""))


def _written_s(info: Mapping[str, Any]) -> float | None:
    """When an object was put, by what its store says of it."""
    time = next((info[name] for name in WRITTEN if info.get(name) is not None), None)
    if isinstance(time, datetime):
        return time.timestamp()
    return float(time) if isinstance(time, int | float) else None


PUTS: Mapping[str, Put] = {"s3": _put_s3, "gs": google_storage.put_on_generation, "memory": _put_memory}
TAGS: Mapping[str, Callable[[Any, str], str]] = {
    "s3": _tag_s3,
    "gs": google_storage.generation,
    "memory": _tag_memory,
}
