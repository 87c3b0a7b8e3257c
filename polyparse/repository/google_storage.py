"""What Google's storage needs that gcsfs does not do: puts on a generation, and calls that end by themselves.

gcsfs finds its key by itself (GOOGLE_APPLICATION_CREDENTIALS, gcloud's files, the metadata server); STORAGE_EMULATOR_HOST
names another server. Where nobody answers it tries six times, for half a minute.
"""

from __future__ import annotations

import importlib
import json
import os
import secrets
from typing import TYPE_CHECKING, Any

from polyparse.repository.store import Lost

if TYPE_CHECKING:
    from collections.abc import Mapping

STABLE = "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"
"""gcsfs' variable of what its authors call experimental: it asks over gRPC for the kind of each bucket."""
FIRST = "0"
"""The generation of an object that is not there."""


def options(connect_s: float, read_s: float) -> dict[str, Any]:
    """Of its file system; without them a server that is silent is waited for without an end."""
    os.environ.setdefault(STABLE, "false")
    timeout = importlib.import_module("aiohttp").ClientTimeout(sock_connect=connect_s, sock_read=read_s)
    return {"requests_timeout": timeout}


def put_on_generation(fs: Any, path: str, content: bytes, tag: str | None) -> None:
    """Write an object after the one of this generation, or the first one; Lost where another came between."""
    bucket, key, _ = fs.split_path(path)
    upload = fs.base.removesuffix("storage/v1/") + "upload/storage/v1/b/{}/o"
    content_type, body = _multipart({"name": key}, content)
    try:
        fs.call(
            "POST",
            upload,
            bucket,
            uploadType="multipart",
            ifGenerationMatch=tag or FIRST,
            headers={"Content-Type": content_type},
            data=body,
        )
    except FileExistsError as error:
        raise Lost(path) from error


def _multipart(metadata: Mapping[str, str], content: bytes) -> tuple[str, bytes]:
    """The type and the body of an upload: what is said of the object, and its bytes (RFC 2387)."""
    boundary = secrets.token_hex(16)
    head = (
        f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json.dumps(metadata)}\r\n"
        f"--{boundary}\r\nContent-Type: application/octet-stream\r\n\r\n"
    )
    return f"multipart/related; boundary={boundary}", head.encode() + content + f"\r\n--{boundary}--".encode()


def generation(fs: Any, path: str) -> str:
    """The generation of an object, which changes with each put."""
    return str(fs.info(path)["generation"])
