"""Whoever writes a line never waits: what the other end does not take is dropped and counted, the rest keeps its order."""

import os
from collections.abc import Iterator
from threading import Event

import pytest

from service.line_writer import LineWriter, to_descriptor
from tests.service.fakes import BOUND_S


class OtherEnd:
    """Takes lines while it is open, and may be broken."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.open = Event()
        self.has_line = Event()
        self.error: Exception | None = None

    def write(self, line: bytes) -> None:
        self.has_line.set()
        assert self.open.wait(BOUND_S)
        if self.error is not None:
            raise self.error
        self.lines.append(line)


@pytest.fixture
def end() -> Iterator[OtherEnd]:
    other = OtherEnd()
    yield other
    other.open.set()


def test_lines_are_written_in_their_order(end: OtherEnd) -> None:
    end.open.set()
    writer = LineWriter(end.write)
    lines = [b"%d\n" % number for number in range(1000)]
    for line in lines:
        writer.put(line)
    assert writer.flush(BOUND_S)
    assert (end.lines, writer.dropped) == (lines, 0)


def test_lines_beyond_the_bound_are_dropped_and_counted_while_the_other_end_takes_none(end: OtherEnd) -> None:
    writer = LineWriter(end.write, max_bytes=10)
    for _ in range(7):
        writer.put(b"abc\n")
    assert writer.dropped == 5
    assert not writer.flush(0)
    end.open.set()
    assert writer.flush(BOUND_S)
    writer.put(b"later\n")
    assert writer.flush(BOUND_S)
    assert end.lines == [b"abc\n", b"abc\n", b"later\n"]


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError("no space"), ValueError("closed")])
def test_lines_that_cannot_be_written_are_counted_and_later_ones_are_tried(
    end: OtherEnd, error: Exception
) -> None:
    end.open.set()
    end.error = error
    writer = LineWriter(end.write)
    writer.put(b"lost\n")
    assert writer.flush(BOUND_S)
    end.error = None
    writer.put(b"kept\n")
    assert writer.flush(BOUND_S)
    assert (end.lines, writer.dropped) == ([b"kept\n"], 1)


def test_what_waits_is_written_after_the_end_and_the_thread_ends(end: OtherEnd) -> None:
    writer = LineWriter(end.write)
    writer.put(b"last\n")
    writer.close()
    end.open.set()
    writer._thread.join(BOUND_S)
    assert not writer._thread.is_alive()
    assert end.lines == [b"last\n"]


def test_a_pipe_that_is_read_late_loses_nothing_within_the_bound() -> None:
    reader, descriptor = os.pipe()
    writer = LineWriter(to_descriptor(descriptor))
    line = b"x" * 999 + b"\n"
    for _ in range(200):
        writer.put(line)
    assert writer.dropped == 0
    read = b""
    while len(read) < 200 * len(line):
        read += os.read(reader, 65_536)
    assert read == line * 200
    writer.close()
    writer._thread.join(BOUND_S)
    os.close(reader)
    os.close(descriptor)


def test_a_pipe_that_others_made_non_blocking_is_waited_for() -> None:
    reader, descriptor = os.pipe()
    os.set_blocking(descriptor, False)
    writer = LineWriter(to_descriptor(descriptor))
    writer.put(b"x" * 200_000)
    read = b""
    while len(read) < 200_000:
        read += os.read(reader, 65_536)
    assert writer.flush(BOUND_S)
    assert writer.dropped == 0
    writer.close()
    writer._thread.join(BOUND_S)
    os.close(reader)
    os.close(descriptor)


def test_a_full_device_and_a_pipe_without_a_reader_drop_lines() -> None:
    reader, closed = os.pipe()
    os.close(reader)
    for descriptor in (os.open("/dev/full", os.O_WRONLY), closed):
        writer = LineWriter(to_descriptor(descriptor))
        writer.put(b"a\n")
        assert writer.flush(BOUND_S)
        assert writer.dropped == 1
        writer.close()
        os.close(descriptor)
