"""The events of a scenario: what is done at moments of the run, by a command or over HTTP, and how it ended."""

import asyncio
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from time import perf_counter
from typing import NamedTuple

from loadtest.address import Address
from loadtest.cores import on
from loadtest.errors import FileInvalid, LoadtestError
from loadtest.plain_http import ask
from loadtest.scenario import Event

SAID_CHARS = 2000
BAD_STATUS = 400

Variables = Mapping[str, str]


class Done(NamedTuple):
    """One event, in seconds from the start of the run; `said` is what the command printed, or the answer."""

    name: str
    began_s: float
    ended_s: float
    is_ok: bool
    said: str


def variables_of(assignments: Sequence[str]) -> dict[str, str]:
    """`name=value` as given on the command line; `name=@FILE` is the content of a file. Raises FileInvalid."""
    found = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not (equals and name.isidentifier()):
            raise FileInvalid(f"--set: found {assignment!r}, expected NAME=VALUE")
        if value.startswith("@"):
            try:
                value = Path(value[1:]).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise FileInvalid(f"--set {name}: found no file to read ({error})") from error
        found[name] = value
    return found


def filled(event: Event, variables: Variables) -> Event:
    """The event with every variable in its place; raises FileInvalid for one that nobody set."""
    texts = ("command", "request", "body", "if_match_of")
    update: dict[str, object] = {
        name: _filled(value, event.name, variables) for name in texts if (value := getattr(event, name))
    }
    update["headers"] = {name: _filled(value, event.name, variables) for name, value in event.headers.items()}
    return event.model_copy(update=update)


async def perform(events: Sequence[Event], start_s: float, cores: frozenset[int], done: list[Done]) -> None:
    """Do every event at its moment, commands on these cores; each is in `done` as it ends, one that fails too."""
    async with asyncio.TaskGroup() as group:
        for event in events:
            group.create_task(_at_its_moment(event, start_s, cores, done))


async def _at_its_moment(event: Event, start_s: float, cores: frozenset[int], done: list[Done]) -> None:
    await asyncio.sleep(start_s + event.at_s - perf_counter())
    began_s = perf_counter() - start_s
    try:
        async with asyncio.timeout(event.timeout_s):
            is_ok, said = await (_run(event, cores) if event.command is not None else _request(event))
    except TimeoutError:
        is_ok, said = False, f"found no end in {event.timeout_s:g} s"
    except (OSError, LoadtestError) as error:
        is_ok, said = False, str(error)
    done.append(Done(event.name, began_s, perf_counter() - start_s, is_ok, said[-SAID_CHARS:].strip()))


async def _run(event: Event, cores: frozenset[int]) -> tuple[bool, str]:
    with on(cores):  # the generator keeps its own for itself
        process = await asyncio.create_subprocess_exec(
            *shlex.split(event.command or ""),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=os.environ | {"ORT_DISABLE_TELEMETRY": "1"},
        )
    try:
        said, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    return process.returncode == 0, said.decode("utf-8", "replace")


async def _request(event: Event) -> tuple[bool, str]:
    """In a thread, which ends with its own time-out."""
    return await asyncio.to_thread(_asked, event)


def _asked(event: Event) -> tuple[bool, str]:
    method, _, url = (event.request or "").partition(" ")
    headers = {"Content-Type": "application/json", **event.headers}
    if event.if_match_of is not None:
        seen = ask("GET", Address.of(event.if_match_of), headers=headers, timeout_s=event.timeout_s)
        headers["If-Match"] = seen.headers.get("etag", "")
    answer = ask(
        method,
        Address.of(url),
        headers=headers,
        body=event.body.encode() if event.body else None,
        timeout_s=event.timeout_s,
    )
    return answer.status < BAD_STATUS, f"{answer.status} {answer.body}"


def _filled(text: str, name: str, variables: Variables) -> str:
    try:
        return Template(text).substitute(variables)
    except KeyError as error:
        raise FileInvalid(
            f"event {name!r}: found no variable {error}, expected --set {error.args[0]}=VALUE"
        ) from None
    except ValueError as error:
        raise FileInvalid(f"event {name!r}: found {text!r} ({error}), expected $name or $$") from None
