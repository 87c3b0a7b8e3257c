"""What Prometheus reads of the service: definitions.py says what there is; the rest records it."""
