"""Why a version is not loaded, beside what is wrong with its bundle (polyparse/errors.py, BundleError)."""
# ruff: noqa: N818 - a leaf is named after its cause, as in polyparse/errors.py.

from polyparse.errors import PolyparseError


class LoadError(PolyparseError):
    """A version was not loaded."""


class MemoryShort(LoadError):
    """The version does not fit in memory beside what is loaded."""

    code = "memory_short"


class Evicted(MemoryShort):
    """The candidate was loaded, and its memory was needed."""

    def __init__(self) -> None:
        super().__init__(
            "found too little memory beside this candidate, expected enough for what is worth more"
        )


class LoadTimeout(LoadError):
    """The load took longer than allowed."""

    code = "load_timeout"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"found no end of the load within {seconds:g} s, expected one: it hangs, or --load-timeout-s is too short"
        )


class LoadCancelled(LoadError):
    """The version was not wished any more, or the service ends."""

    code = "load_cancelled"


class RehearsalFailed(LoadError):
    """The version did not pass in a process of its own."""

    code = "rehearsal_failed"


class LoadFailed(LoadError):
    """Something was raised that nobody foresaw."""

    code = "load_failed"

    def __init__(self, cause: BaseException) -> None:
        super().__init__(f"found {type(cause).__name__} ({cause}), expected a version that loads")


def bare(error: PolyparseError) -> PolyparseError:
    """The error without tracebacks, its own and its cause's, whose frames would keep a half-loaded version in memory."""
    for cause in (error.__cause__, error.__context__):
        if cause is not None:
            cause.__traceback__ = None
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
