"""Bounds of a config's numbers: one out of range is refused, with its name, before anything runs."""

from __future__ import annotations

from polyparse.errors import ConfigError

MOST = 2.0**32  # far above any use, and still a size and a seed that every library takes
POSITIVE = (1.0, MOST)  # of a size or a count
NOT_NEGATIVE = (0.0, MOST)  # of a weight or a seed
SHARE = (0.0, 1.0)  # from 0 to below 1


def check_bounds(config: object, **bounds: tuple[float, float]) -> None:
    """Raise a ConfigError that names the first attribute that is not in its `[low, high)`."""
    for name, (low, high) in bounds.items():
        value = getattr(config, name)
        if not low <= value < high:
            expected = f"at least {low:g} and less than {high:.10g}"
            raise ConfigError(f"{name}: found {value}, expected {expected}")
