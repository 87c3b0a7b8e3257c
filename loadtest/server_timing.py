"""The header `Server-Timing`: what the service says of its own time, by stage. Pure."""

import re
from collections.abc import Mapping

METRIC = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:;[^,]*?\bdur\s*=\s*\"?([0-9.]+)\"?[^,]*)?")


def stages_ms(header: str) -> Mapping[str, float]:
    """Milliseconds by stage, in the header's order; a metric without a duration is left out."""
    found = (METRIC.fullmatch(metric) for metric in header.split(","))
    return {match[1]: float(match[2]) for match in found if match and match[2]}
