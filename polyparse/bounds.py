"""Bounds of a config's numbers: one out of range is refused, with its name, before anything runs."""

from __future__ import annotations

from math import isinf

from polyparse.errors import ConfigError

POSITIVE = (1.0, float("inf"))  # of a size or a count
NOT_NEGATIVE = (0.0, float("inf"))  # of a weight
SHARE = (0.0, 1.0)  # from 0 to below 1


def check_bounds(config: object, **bounds: tuple[float, float]) -> None:
    """Raise a ConfigError that names the first attribute that is not in its `[low, high)`."""
    for name, (low, high) in bounds.items():
        value = getattr(config, name)
        if not low <= value < high:
            expected = f"at least {low:g}" if isinf(high) else f"at least {low:g} and less than {high:g}"
            raise ConfigError(f"{name}: found {value}, expected {expected}")
