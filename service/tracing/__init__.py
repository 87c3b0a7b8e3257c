"""Traces of requests. Only export.py and spans.py import OpenTelemetry, and only where tracing is on they are imported."""
