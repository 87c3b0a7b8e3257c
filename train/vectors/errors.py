"""Why a published file cannot be downloaded.

PolyparseError
└── DownloadError               a published file cannot be downloaded
    ├── DownloadFailed          download_failed
    ├── DownloadBusy            download_busy
    └── PinMismatch             pin_mismatch

A message says what was found, what was expected, and where.
"""
# ruff: noqa: N818 - a leaf is named after its cause; the tree already says that it is an error.

from pathlib import Path

from polyparse.errors import PolyparseError


class DownloadError(PolyparseError):
    """A published file cannot be downloaded; the message starts with its URL, or with the file at fault."""

    def __init__(self, message: str, *, place: Path | str) -> None:
        super().__init__(f"{place}: {message}")


class DownloadFailed(DownloadError):
    """The server refuses or fails, the network does, or the disk; what came is kept, to go on from."""

    code = "download_failed"


class DownloadBusy(DownloadError):
    """Another process downloads the file."""

    code = "download_busy"


class PinMismatch(DownloadError):
    """The file is not the one whose size and sha256 were pinned."""

    code = "pin_mismatch"
