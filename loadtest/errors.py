"""What a load test refuses to begin or to go on with. The message says what was found, what was expected, and where.

LoadtestError
├── FileInvalid     a scenario, an SLO, a file of texts or an option that cannot be used
└── ServiceAbsent   nobody answers at the address, or the service did not start
"""
# ruff: noqa: N818 - a leaf is named after its cause, as in polyparse/errors.py.


class LoadtestError(Exception):
    """The command ends with status 2."""


class FileInvalid(LoadtestError):
    """Something that the caller wrote cannot be used."""


class ServiceAbsent(LoadtestError):
    """There is nobody to send a load to."""
