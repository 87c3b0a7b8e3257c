"""Measurements side by side, each with its targets: `python -m benchmarks.NAME --json FILE`. Nothing imports this."""
