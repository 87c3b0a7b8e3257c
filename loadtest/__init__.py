"""Load tests of a running service, over HTTP and nothing else: scenarios, an SLO that judges them, a report."""
