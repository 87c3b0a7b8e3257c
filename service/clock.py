"""Time as the service sees it: seconds since some fixed moment, asked for by calling; a test holds its own."""

from collections.abc import Callable
from time import monotonic

Clock = Callable[[], float]

system: Clock = monotonic
