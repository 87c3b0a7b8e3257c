"""One process on one core, as the service is: an event loop that goes first, an inference thread, and admission.

The loop does one thing after another: it reads a request, hears that a run has ended, answers all of its requests.
Whatever it does takes the core from the run. A run starts once the loop has nothing left to do, of the items that the
service's own policy takes, and when its spacing says; who may come in is decided by the service's own admission, on the
simulated clock.

What is not in it: the lane of heavy requests, the pace at which very many refusals are read, and a second core.
"""

from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Literal

from benchmarks.fleet.agenda import Agenda
from benchmarks.fleet.service_times import ServiceTimes, Work
from service.admission import AdmissionControl, Permit
from service.batching import policy
from service.batching.policy import Limits, Size
from service.batching.spacing import Spacing
from service.errors import QueueFull
from service.settings import Settings

End = Literal["answered", "refused", "failed"]
DEFAULTS = Settings()


class Visit:
    """A request at a node, which it could read since `came_s`; `ended` is told how it ended, once."""

    __slots__ = ("came_s", "ended", "permit", "size", "work")

    def __init__(self, work: Work, ended: Callable[[End], object]) -> None:
        self.work = work
        self.ended = ended
        self.size = Size(work.tokens, 1)
        self.permit: Permit | None = None
        self.came_s = 0.0


class Node:
    """`slower` is how many times as long everything takes at present."""

    def __init__(
        self, agenda: Agenda, times: ServiceTimes, random: Random, *, settings: Settings = DEFAULTS
    ) -> None:
        self.slower = 1.0
        self.is_lost = False
        self._agenda = agenda
        self._times = times
        self._random = random
        self._limits = Limits(
            queue_tokens=settings.queue_tokens, batch_tokens=policy.batch_tokens_of(settings.batch_tokens)
        )
        self._admission = AdmissionControl(
            max_wait_s=settings.max_wait_ms / 1000,
            batch_tokens=policy.batch_tokens_of(settings.batch_tokens),
            clock=agenda,
        )
        self._jobs: deque[tuple[_Begin, Any]] = deque()
        self._loop_is_busy = False
        self._queue: list[Visit] = []
        self._waiting_tokens = 0
        self._batch: list[Visit] = []
        self._left_s = self._resumed_s = 0.0
        self._run = self._timer = 0
        self._spacing = Spacing(1, agenda)
        self._began_s = 0.0
        self._inside: dict[Visit, None] = {}

    @property
    def inside(self) -> int:
        """Requests that came and have not ended."""
        return len(self._inside)

    def come(self, visit: Visit) -> None:
        """A request arrives."""
        if self.is_lost:
            visit.ended("failed")
            return
        visit.came_s = self._agenda.now_s
        self._inside[visit] = None
        self._do(self._read, visit)

    def lose(self) -> None:
        """End as a machine does whose power fails: whatever is inside fails, and whatever comes."""
        self.is_lost = True
        for visit in list(self._inside):
            self._end(visit, "failed")

    # The event loop.

    def _do(self, begin: "_Begin", about: Any) -> None:
        self._jobs.append((begin, about))
        if not self._loop_is_busy:
            self._pause()
            self._loop_is_busy = True
            self._agenda.after(self.slower * self._times.wake_s, self._woken)

    def _woken(self) -> None:
        if not self.is_lost:
            self._next()

    def _next(self) -> None:
        if self._jobs:
            begin, about = self._jobs.popleft()
            seconds, end = begin(about)
            self._agenda.after(self.slower * seconds, self._done, end, about)
            return
        self._loop_is_busy = False
        if not self._batch:
            self._form_batch_in_time()
        self._resume()

    def _done(self, end: Callable[[Any], None], about: Any) -> None:
        if not self.is_lost:
            end(about)
            self._next()

    def _read(self, visit: Visit) -> "_Job":
        if not self._admission.admits_head(visit.work.head, visit.came_s):
            return self._times.refuse_s, self._refuse
        visit.permit = Permit.of_head(self._admission, visit.work.head)
        visit.permit.enter(visit.came_s)
        return self._times.read_s, self._queue_up

    def _refuse(self, visit: Visit) -> None:
        self._end(visit, "refused")

    def _queue_up(self, visit: Visit) -> None:
        permit = visit.permit
        assert permit is not None  # noqa: S101 - it was read
        try:
            permit.grow(visit.work.most)
        except QueueFull:
            permit.void()
            self._end(visit, "refused")
            return
        permit.settle(visit.work.tokens)
        if not policy.admits(self._waiting_tokens, visit.size.cost, self._limits):
            permit.void()
            self._end(visit, "refused")
            return
        self._queue.append(visit)
        self._waiting_tokens += visit.size.cost
        if not self._batch and self._waiting_tokens >= self._limits.batch_tokens:
            self._form_batch()

    def _hear(self, batch: Sequence[Visit]) -> "_Job":
        """Make the answers of all; they are written at the end of the turn, one after the other."""
        return len(batch) * self._times.answer_s, self._let_write

    def _let_write(self, batch: Sequence[Visit]) -> None:
        self._batch = []
        self._spacing.ended(self._agenda.now_s - self._began_s)
        self._jobs.extendleft((self._write, visit) for visit in reversed(batch))

    def _write(self, _: Visit) -> "_Job":
        return self._times.write_s, self._answered

    def _answered(self, visit: Visit) -> None:
        self._end(visit, "answered")

    def _end(self, visit: Visit, end: End) -> None:
        if visit.permit is not None:
            visit.permit.leave(is_answered=end != "failed")
        del self._inside[visit]
        visit.ended(end)

    # The inference thread.

    def _form_batch_in_time(self) -> None:
        """Now, if the batch is worth a run, or when runs are far enough apart."""
        self._timer += 1
        left_s = self._spacing.left_s(len(self._queue), self._waiting_tokens)
        if left_s and self._queue:
            self._agenda.after(left_s, self._is_in_time, self._timer)
        else:
            self._form_batch()

    def _is_in_time(self, timer: int) -> None:
        if timer == self._timer and not (self._loop_is_busy or self._batch or self.is_lost):
            self._form_batch()
            self._resume()

    def _form_batch(self) -> None:
        if not self._queue:
            return
        chosen = policy.take([visit.size for visit in self._queue[: policy.LOOKAHEAD]], 1, self._limits)
        self._batch = [self._queue[position] for position in chosen]
        for position in reversed(chosen):
            del self._queue[position]
        tokens = sum(visit.size.cost for visit in self._batch)
        self._waiting_tokens -= tokens
        self._began_s = self._agenda.now_s
        self._spacing.begins(len(self._queue) + len(self._batch))
        factors = self._times.run_factors
        factor = factors[0] if len(factors) == 1 else self._random.choice(factors)
        self._left_s = factor * self._times.of_run(len(self._batch), tokens)
        self._resumed_s = self._agenda.now_s

    def _pause(self) -> None:
        """The loop takes the core."""
        if self._batch:
            self._run += 1
            self._left_s -= (self._agenda.now_s - self._resumed_s) / self.slower

    def _resume(self) -> None:
        """The loop leaves the core to the run, if there is one."""
        if self._batch:
            self._run += 1
            self._resumed_s = self._agenda.now_s
            self._agenda.after(self.slower * max(0.0, self._left_s), self._run_ended, self._run)

    def _run_ended(self, run: int) -> None:
        if run == self._run and not self.is_lost:
            self._left_s = 0.0
            self._resumed_s = self._agenda.now_s
            self._do(self._hear, self._batch)


_Job = tuple[float, Callable[[Any], None]]
"""Seconds of the loop, and what is done at their end."""
_Begin = Callable[[Any], _Job]
