"""Why a service of several workers does not start, beside what refuses a single process."""
# ruff: noqa: N818 - a leaf is named after its cause, as in polyparse/errors.py.

from polyparse.errors import PolyparseError


class WorkerRefused(PolyparseError):
    """A worker did not start; the message is its own."""

    code = "worker_refused"
