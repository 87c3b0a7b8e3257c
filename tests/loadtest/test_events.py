"""Events happen at their moments, and one that fails says so and stops nothing."""

from __future__ import annotations

import asyncio
import sys
from time import perf_counter
from typing import TYPE_CHECKING

import pytest

from loadtest.cores import usable_here
from loadtest.errors import FileInvalid
from loadtest.events import Done, filled, perform, variables_of
from loadtest.scenario import Event
from tests.loadtest.site import Heard, Said, serving

if TYPE_CHECKING:
    from pathlib import Path

DONE = b'HTTP/1.1 200 OK\r\nETag: "7"\r\nContent-Length: 4\r\nConnection: close\r\n\r\ndone'


def performed(*events: Event) -> list[Done]:
    done: list[Done] = []
    asyncio.run(perform(events, perf_counter(), usable_here(), done))
    return sorted(done)


def test_a_command_is_run_at_its_moment_and_heard() -> None:
    event = Event(name="a", at_s=0.1, command=f"{sys.executable} -c 'print(6 * 7)'")
    (done,) = performed(event)
    assert (done.is_ok, done.said) == (True, "42")
    assert done.ended_s >= done.began_s >= 0.1


def test_what_fails_says_so_and_the_others_go_on() -> None:
    done = performed(
        Event(name="1", at_s=0, command=f"{sys.executable} -c 'raise SystemExit(3)'"),
        Event(name="2", at_s=0, command="no-such-program"),
        Event(name="3", at_s=0, command="sleep 60", timeout_s=0.2),
        Event(name="4", at_s=0, request="GET http://127.0.0.1:1/"),
        Event(name="5", at_s=0, command="true"),
    )
    assert [each.is_ok for each in done] == [False, False, False, False, True]
    assert "found no end in 0.2 s" in done[2].said


def test_a_request_is_made_on_the_generation_that_was_seen() -> None:
    with serving(lambda _: Said(DONE)) as (address, heard):
        event = Event(
            name="promote",
            at_s=0,
            request="PUT $admin/admin/state",
            if_match_of="$admin/admin/versions",
            headers={"Authorization": "Bearer $token"},
            body='{"stable": {"version": "$version"}}',
        )
        (done,) = performed(filled(event, {"admin": address.url, "token": "t", "version": "2"}))
    assert (done.is_ok, done.said) == (True, "200 done")
    first, second = heard
    assert first.head.startswith("GET /admin/versions ")
    assert second.head.startswith("PUT /admin/state ")
    assert 'If-Match: "7"' in second.head
    assert "Authorization: Bearer t" in second.head
    assert second.body == b'{"stable": {"version": "2"}}'


def test_a_refusal_is_a_failure() -> None:
    def refuse(_: Heard) -> Said:
        return Said(DONE.replace(b"200 OK", b"412 No"))

    with serving(refuse) as (address, _):
        (done,) = performed(Event(name="a", at_s=0, request=f"POST {address.url}/x"))
    assert (done.is_ok, done.said) == (False, "412 done")


def test_variables_come_from_the_command_line_and_from_files(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("secret\n", encoding="utf-8")
    assert variables_of(["a=b=c", f"token=@{file}", "none="]) == {"a": "b=c", "token": "secret", "none": ""}


@pytest.mark.parametrize("wrong", ["a", "=b", "a-b=c", "a=@/no/such/file"])
def test_a_wrong_variable_is_refused(wrong: str) -> None:
    with pytest.raises(FileInvalid, match="--set"):
        variables_of([wrong])


def test_a_variable_that_nobody_set_is_refused_by_its_name() -> None:
    with pytest.raises(
        FileInvalid, match=r"event 'a': found no variable 'model', expected --set model=VALUE"
    ):
        filled(Event(name="a", at_s=0, command="promote $model"), {})
