"""A whole training run: tables, domain classifier, networks, epochs."""
