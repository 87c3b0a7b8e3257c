"""A scenario: who calls, how often, with what, and what else happens meanwhile. It is read from a TOML file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from loadtest.errors import FileInvalid
from loadtest.toml_file import TomlModel, read

SHIPPED = Path(__file__).with_name("scenarios")
"""The scenarios that come with the package: each can be named without its path."""

Positive = Annotated[float, Field(gt=0)]
Times = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Length = Literal["short", "middle", "long"]
SlowKind = Literal["idle", "slow_head", "slow_body", "deaf", "leaver"]


class Bursts(TomlModel):
    """Every `every_s` of a phase, its last `seconds` have `times` the load."""

    every_s: Positive
    seconds: Positive
    times: Times
    judged: bool = False
    """Whether the bursts count too: a promise holds up to its load, and they are beyond it."""


class LoadPhase(TomlModel):
    """A time with one law of arrivals: `times` the scenario's load, or from there evenly up or down to `until`."""

    name: str
    seconds: Positive
    times: Times = 1.0
    until: Times | None = None
    bursts: Bursts | None = None
    judged: bool = True
    """Whether its requests count for the SLO; those of a warm-up and of a ramp beyond capacity do not."""

    @model_validator(mode="after")
    def _one_law(self) -> Self:
        if self.bursts is not None:
            if self.until is not None:
                raise ValueError("expected either until or bursts")
            if self.bursts.seconds >= self.bursts.every_s:
                raise ValueError("expected bursts.seconds below bursts.every_s")
        return self


class Mix(TomlModel):
    """What is asked."""

    locales: Mapping[str, Positive] = {}
    """Weight by locale; none: every locale of the texts as often as any other."""
    named_locale_share: Share = 0.5
    """Requests that name their locale; the others let the service find out."""
    lengths: Mapping[Length, Positive] = {}
    """Weight by length (short: 1 to 4 words, middle: 5 to 9, long: 10 or more); none: as the texts have them."""
    repeated_share: Share = 0.0
    """Requests that ask one of a few texts, as callers repeat themselves."""
    repeated_texts: Annotated[int, Field(ge=1)] = 20
    n_best: Annotated[int, Field(ge=1, le=10)] = 1
    batch_share: Share = 0.0
    batch_items: Annotated[int, Field(ge=1, le=256)] = 32


class SlowCallers(TomlModel):
    """Callers who hold connections and are no use to anybody; `pause_s` is the time between two of their bytes."""

    kind: SlowKind
    count: Annotated[int, Field(ge=1, le=10_000)]
    pause_s: Positive = 1.0


class Event(TomlModel):
    """What is done at a moment of the run: a command, or a request such as "PUT http://localhost:9090/admin/state".

    `$name` stands for a variable of the command line (`--set name=value`).
    """

    name: str
    at_s: Times
    command: str | None = None
    request: str | None = None
    headers: Mapping[str, str] = {}
    body: str = ""
    if_match_of: str | None = None
    """A URL whose ETag the request sends as If-Match: it is asked for right before."""
    timeout_s: Positive = 60.0

    @model_validator(mode="after")
    def _one_deed(self) -> Self:
        if (self.command is None) == (self.request is None):
            raise ValueError("expected either command or request")
        return self


class Scenario(TomlModel):
    """One load test."""

    title: str
    about: str
    rate_per_s: Positive | None = None
    """The load of `times = 1`; none: that of the SLO."""
    arrivals: Literal["poisson", "uniform"] = "poisson"
    timeout_s: Positive = 10.0
    """What has no answer by then, from the moment at which it was meant to be sent, has failed."""
    connections: Annotated[int, Field(ge=1, le=20_000)] = 1000
    server_timing_share: Share = 0.1
    """Requests that ask for `Server-Timing`."""
    seed: int = 7
    mix: Mix = Mix()
    phases: Annotated[tuple[LoadPhase, ...], Field(min_length=1)]
    slow_callers: tuple[SlowCallers, ...] = ()
    events: tuple[Event, ...] = ()

    def faster(self, times: float) -> Self:
        """The same in another time: `times` 0.1 takes a tenth of it."""
        phases = [
            phase.model_copy(
                update={
                    "seconds": phase.seconds * times,
                    "bursts": phase.bursts
                    and phase.bursts.model_copy(
                        update={
                            "every_s": phase.bursts.every_s * times,
                            "seconds": phase.bursts.seconds * times,
                        }
                    ),
                }
            )
            for phase in self.phases
        ]
        events = [event.model_copy(update={"at_s": event.at_s * times}) for event in self.events]
        return self.model_copy(update={"phases": tuple(phases), "events": tuple(events)})


def load(name: str) -> Scenario:
    """A shipped scenario by its name, or any by its path; raises FileInvalid."""
    shipped = SHIPPED / f"{name}.toml"
    file = shipped if shipped.is_file() else Path(name)
    if not file.is_file():
        names = ", ".join(sorted(path.stem for path in SHIPPED.glob("*.toml")))
        raise FileInvalid(f"{name}: found no such scenario, expected one of {names}, or a file")
    return read(Scenario, file)
