"""What a benchmark cannot go on from."""
# ruff: noqa: N818 - named after its cause, as in polyparse/errors.py.

from polyparse.errors import PolyparseError


class MeasurementFailed(PolyparseError):
    """Something that is measured did not run as it must; the message says what was found."""

    code = "measurement_failed"
