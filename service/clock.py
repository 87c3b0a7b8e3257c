"""The service's clock: a function that returns seconds since some fixed moment; tests pass their own."""

from collections.abc import Callable
from time import monotonic

Clock = Callable[[], float]

system: Clock = monotonic
