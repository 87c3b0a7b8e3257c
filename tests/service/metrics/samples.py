"""What is read of the samples that Prometheus would read."""


def requests(samples: dict[str, float]) -> dict[str, float]:
    """Requests counted, by their labels."""
    return {
        name.removeprefix("polyparse_requests_total"): count
        for name, count in samples.items()
        if name.startswith("polyparse_requests_total{")
    }
