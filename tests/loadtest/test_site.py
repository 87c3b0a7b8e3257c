"""The server that tests of callers speak to leaves nothing behind, whatever its callers do."""

from __future__ import annotations

import gc
import socket
import time
from contextlib import ExitStack, closing

from tests.loadtest.site import OK, Said, serving

UNREAD = 10_000_000
LATE = 200


def test_what_nobody_reads_and_who_came_last_leave_no_connection_open() -> None:
    with ExitStack() as callers:
        with serving(lambda _: Said(OK * (UNREAD // len(OK)))) as (address, heard):
            deaf = callers.enter_context(closing(socket.create_connection((address.host, address.port))))
            deaf.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while not heard:
                time.sleep(0.001)
            for _ in range(LATE):
                callers.enter_context(closing(socket.create_connection((address.host, address.port))))
        gc.collect()  # a connection that is still open here is a warning, and so an error
