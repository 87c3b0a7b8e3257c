"""Breaks the running service in ten ways, and looks whether each is seen: by a metric, an alert and a runbook."""
