"""Threads that run jobs, each one at a time. They are daemons, so that a run that never ends cannot hold the process."""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

Job = Callable[[], None]


class InferenceThreads:
    """A fixed number of threads over one queue of jobs. A job handles its own errors."""

    def __init__(self, count: int) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = [Thread(target=self._work, name=f"inference-{i}", daemon=True) for i in range(count)]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> None:
        """Run the job in the first thread that is free."""
        self._jobs.put(job)

    def close(self) -> None:
        """Let each thread end after its current job. Does not wait."""
        for _ in self._threads:
            self._jobs.put(None)

    def _work(self) -> None:
        while self._run_next():
            pass  # No job is held while the next one is waited for: it would keep its model in memory.

    def _run_next(self) -> bool:
        """Run the next job; False at the end."""
        job = self._jobs.get()
        if job is not None:
            job()
        return job is not None
