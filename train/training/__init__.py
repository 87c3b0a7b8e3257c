"""A whole run: tables, classifier, networks, epochs."""
