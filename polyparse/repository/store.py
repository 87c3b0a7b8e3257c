"""What a repository asks of the place where its objects are: bytes by key, conditional puts, a listing.

A key is a relative path with "/" between its parts, such as massive/state.json.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class Lost(Exception):  # noqa: N818 - it is no error: of several who write at once, others were first
    """A conditional put was refused: the object is not what the condition says."""


class ObjectStore(Protocol):
    """Where objects are. Everything but a refused put raises RepositoryUnreachable or AccessDenied where it fails.

    Each call ends by itself within a bound. Several threads may use a store at once.
    """

    @property
    def url(self) -> str:
        """Where it is, as people name it."""

    def read(self, key: str) -> bytes | None:
        """All bytes of an object, None where there is none."""

    def read_range(self, key: str, start: int, end: int) -> bytes:
        """The bytes from `start` to before `end`, fewer where the object ends; FileMissing where there is none."""

    def tag(self, key: str) -> str | None:
        """What changes with each put of the object, None where there is none."""

    def keys(self, prefix: str) -> list[str]:
        """The keys of all objects below a prefix, which is empty or ends in "/"; in order."""

    def written_s(self, prefix: str) -> dict[str, float | None]:
        """When each object below a prefix was put, by the store's clock, in seconds since 1970; None if it does not say."""

    def put(self, key: str, content: bytes) -> None:
        """Write an object, whatever is there."""

    def put_new(self, key: str, content: bytes) -> None:
        """Write an object that is not there yet; Lost where it is."""

    def put_if(self, key: str, content: bytes, tag: str) -> None:
        """Write an object whose tag is this one; Lost where it is another, or there is no object."""

    def upload(self, file: Path, key: str) -> None:
        """Write a file as an object, whatever is there."""

    def remove(self, key: str) -> None:
        """Remove an object, if it is there."""


def put_after(store: ObjectStore, key: str, content: bytes, tag: str | None) -> None:
    """Write an object after the one of this tag, or the first one; Lost where another came between."""
    if tag is None:
        store.put_new(key, content)
    else:
        store.put_if(key, content, tag)
