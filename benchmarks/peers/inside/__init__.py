"""What runs inside a peer's environment, on Python 3.10 or later: it imports that peer and the standard library alone."""
