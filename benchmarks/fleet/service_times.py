"""What requests are, and what a node spends on them: the input of a simulation, measured on a real server."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from polyparse.text.tokens import tokenise
from service.admission import most_cost
from service.api.admission_gate import BYTES_PER_TOKEN


class Work(NamedTuple):
    """A request as admission counts it, in tokens: by its head, by its text uncut, and as it is."""

    head: int
    most: int
    tokens: int

    @classmethod
    def of(cls, text: str, body_bytes: int) -> "Work":
        """That of a text in a body of so many bytes, one hypothesis asked for."""
        return cls(1 + body_bytes // BYTES_PER_TOKEN, most_cost(text, 1), max(1, len(tokenise(text))))


PARTS = ("read_s", "answer_s", "write_s", "refuse_s", "wake_s", "run_s", "sequence_s", "token_s")
"""What a request takes of the node."""


@dataclass(frozen=True, kw_only=True)
class ServiceTimes:
    """Seconds of one core. A run of n sequences with t tokens takes `run_s + n * sequence_s + t * token_s`.

    The event loop takes `read_s` until a request waits for its run, `answer_s` after it to make its answer and `write_s` to
    write it, `refuse_s` for one that it refuses at its head, and `wake_s` for each time that it is woken. `wire_s` is what a
    caller waits beside: the network, and being woken up.
    A run takes one of `run_factors` times as long, each as likely. What is measured has one, since what keeps a run waiting
    is simulated; queues whose laws are known have others.
    """

    read_s: float
    answer_s: float
    write_s: float
    refuse_s: float
    wake_s: float
    run_s: float
    sequence_s: float
    token_s: float
    wire_s: float
    run_factors: tuple[float, ...] = (1.0,)

    def scaled(self, factor: float, *, alone_s: float) -> "ServiceTimes":
        """All of it so many times as long, but for the wire: it has what is left of the `alone_s` that one caller waits."""
        parts = {part: factor * getattr(self, part) for part in PARTS}
        own_s = alone_s - self.wire_s
        return replace(self, **parts, wire_s=max(0.0, alone_s - factor * own_s))

    def of_run(self, sequences: int, tokens: int) -> float:
        """The seconds of a run, before its factor."""
        return self.run_s + sequences * self.sequence_s + tokens * self.token_s
