"""Requests that nobody would think of, against a real server: what they may not do, they must not be able to do."""
